package check

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// saidOf tells what check says of an app whose variables have these faults, down to the last line.
func saidOf(t *testing.T, faults config.Faults, files map[string]string) string {
	t.Helper()
	app := appOf(t, files)
	var out strings.Builder
	s := start{report: &report{out: &out}, config: config.Default(), faulty: faults}
	s.variables()
	s.events(app)
	s.habits(app)
	if err := s.verdict(false); err != nil {
		out.WriteString(err.Error())
	}
	return out.String()
}

const (
	matches = `const { Server } = require("socket.io");
const io = new Server(server);
const seats = new Map();
io.on("connection", (socket) => {
  socket.on("sit", ({ name }) => { seats.set(name, { at: socket.id }); io.emit("seated", [...seats.keys()]); });
  socket.on("look", () => { socket.data.looked = true; socket.emit("table", seats.size); });
  socket.on("rename", (name) => { socket.nick = name; });
});
io.engine.on("connection_error", complain);
io.of("/").adapter.on("join-room", count);`
	table = `import { io } from "socket.io-client";
const socket = io(url, { path: "/live/socket/", transports: ["websocket"] });
socket.on("seated", show); socket.on("table", show); socket.emit("sit", { name }); socket.emit("look"); socket.emit("rename", n);`
)

func TestAnAppWhoseHandlersOnlyItselfHasIsToldThatAttachingNeedsNothingElse(t *testing.T) {
	t.Parallel()
	said := saidOf(t, config.Faults{"JWT_SECRET is not set"}, map[string]string{"server.js": matches, "table.js": table})
	for _, want := range []string{"→ HANDLERS=app # all events", "→ ATTACH_ADDR=127.0.0.1:4001", "→ ATTACH_KEY=", "check again; or attach the app's own server by HANDLERS=app, which needs no login, key or database here"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	for _, no := range []string{"connection_error", "join-room", "JOIN_EVENTS"} {
		if strings.Contains(said, no) {
			t.Errorf("%s is what the server says to itself:\n%s", no, said)
		}
	}
	if said := saidOf(t, nil, map[string]string{"server.js": matches, "table.js": table}); strings.Contains(said, "HANDLERS=app") || !strings.Contains(said, "→ ATTACH_ADDR=127.0.0.1:4001") {
		t.Errorf("with a login and a database, beside the gateway's own handlers:\n%s", said)
	}
}

func TestWhatHandlersRememberOfAClientThatTellsThemOnceIsNamed(t *testing.T) {
	t.Parallel()
	files := map[string]string{"server.js": matches, "table.js": table}
	said := saidOf(t, nil, files)
	for _, want := range []string{"→ sit (server.js:5)", "→ rename (server.js:7)"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
	if strings.Contains(said, "→ look (") {
		t.Errorf("what is in socket.data is kept:\n%s", said)
	}
	files["attach.js"] = "require('@socketgate/attach').attach(io, { url, keep: false });"
	if said := saidOf(t, nil, files); strings.Contains(said, "memory") {
		t.Errorf("where clients begin anew:\n%s", said)
	}
}

func TestThePathOfTheClientsIsProposed(t *testing.T) {
	t.Parallel()
	if said := saidOf(t, nil, map[string]string{"server.js": matches, "table.js": table}); !strings.Contains(said, "→ SOCKET_PATH=/live/socket # likely: table.js") {
		t.Error(said)
	}
	usual := strings.Replace(table, "/live/socket/", "/socket.io/", 1)
	if said := saidOf(t, nil, map[string]string{"server.js": matches, "table.js": usual}); strings.Contains(said, "SOCKET_PATH") {
		t.Error(said)
	}
}

func TestAServerWhoseEventsHaveNoNamesInTheCodeIsNotTakenForNone(t *testing.T) {
	t.Parallel()
	said := saidOf(t, nil, map[string]string{
		"pages/api/socket/io.ts":       `import { Server } from "socket.io"; res.socket.server.io = new Server(res.socket.server, { path, addTrailingSlash: false });`,
		"pages/api/socket/messages.ts": `res?.socket?.server?.io?.emit(channelKey, message)`,
	})
	if !strings.Contains(said, "pages/api/socket/io.ts has a server of Socket.IO") || !strings.Contains(said, "→ ATTACH_ADDR=") {
		t.Error(said)
	}
}

func TestEventsOfANestGatewayAreRead(t *testing.T) {
	t.Parallel()
	said := saidOf(t, nil, map[string]string{"orders.gateway.ts": `import { WebSocketGateway, SubscribeMessage } from '@nestjs/websockets';
@WebSocketGateway({ cors: true, namespace: 'orders' })
export class Orders {
  @SubscribeMessage('order:place')
  place(client: Socket, order: Order) { this.server.emit('order:placed', order); }
}`, "page.tsx": `socket.on('order:placed', show)`})
	for _, want := range []string{"order:place (orders.gateway.ts:4)", "on order:placed (", "→ NAMESPACE=/orders"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
}

func TestWithHandlersOfTheAppAServerThatIsNotAttachedYetIsNamed(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Handlers = "app"
	said := func(files map[string]string) string {
		var out strings.Builder
		start{report: &report{out: &out}, config: c}.attached(appOf(t, files))
		return out.String()
	}
	files := map[string]string{"server.js": matches, "table.js": table}
	if got := said(files); !strings.Contains(got, "server.js has a server that is not attached yet") || !strings.Contains(got, "→ SOCKET_PATH=/live/socket") {
		t.Error(got)
	}
	files["server.js"] += "\nrequire('@socketgate/attach').attach(io);"
	if got := said(files); strings.Contains(got, "not attached yet") {
		t.Error(got)
	}
}
