package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// eventsOf tells what is said of an app whose folder has these files, by a gateway of this configuration.
func eventsOf(t *testing.T, c config.Config, files map[string]string) string {
	t.Helper()
	app := appOf(t, files)
	var out strings.Builder
	start{report: &report{out: &out}, config: c}.events(app)
	return out.String()
}

// appOf reads the code of an app whose folder has these files.
func appOf(t *testing.T, files map[string]string) appEvents {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return readAppCode(dir)
}

const (
	useRoom = `'use client'
import { socket } from '@/lib/socket'
export function useRoom(id: string) {
  useEffect(() => {
    socket.emit('chat:join', id)
    socket
      .on('message:new', add)
      .on('user_typing', show)
    // socket.emit('commented_out')
    return () => { socket.off('message:new', add); socket.emit("chat:leave", id) }
  }, [id])
  const send = (text) => socket.timeout(5000).emitWithAck('message:send', { roomId: id, text })
  const type = () => socket?.volatile.emit('typing', id)
  process.on('SIGTERM', stop); emitter.emit('ready')
}`
	serverTS = `import { Server, Socket } from 'socket.io'
const io = new Server(server)
io.on('connection', (socket: Socket) => {
  socket.on('chat:join', (id) => socket.join(id))
  socket.on("message:send", async (m, ack) => { io.to(m.roomId).emit('message:new', await save(m)) })
  socket.on('typing', (id) => socket.to(id).emit('user_typing', { id }))
  socket.on('reaction:add', react)
})`
)

func TestTheAppsEventsAreProposedAsLinesToPaste(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), map[string]string{"src/use-room.tsx": useRoom, "server.ts": serverTS})
	for _, want := range []string{
		"fault      events", "→ JOIN_EVENTS=chat:join", "→ LEAVE_EVENTS=chat:leave", "→ SEND_EVENTS=message:send", "→ MESSAGE_EVENT=message:new",
		"→ RELAY_EVENTS=typing=user_typing", "warning    events      nobody would serve reaction:add (server.ts:",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("want once: %s\n%s", want, got)
		}
	}
	for _, never := range []string{"commented_out", "SIGTERM", "ready", "connection"} {
		if strings.Contains(got, never) {
			t.Errorf("%s is none of the app's events:\n%s", never, got)
		}
	}
}

func TestEventsThatTheVariablesNameAreServed(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.JoinEvents, c.LeaveEvents, c.SendEvents, c.MessageEvent = []string{"chat:join"}, []string{"chat:leave"}, []string{"message:send"}, "message:new"
	c.RelayEvents = config.Relays{{Event: "typing", As: "user_typing"}}
	got := eventsOf(t, c, map[string]string{"src/use-room.tsx": useRoom})
	if !strings.HasPrefix(got, "ok         events") || strings.Contains(got, "warning") {
		t.Errorf("got %s", got)
	}
}

func TestSpellingsOfAnEventAreOneEvent(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), map[string]string{"a.js": "socket.emit('joinRoom', 1); socket.emit(`send-message`, m); socket.on('receiveMessage', f)"})
	if !strings.HasPrefix(got, "ok ") {
		t.Errorf("got %s", got)
	}
}

func TestWhatStandsElsewhereIsNotTheAppsCode(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), map[string]string{
		"node_modules/x/a.js": useRoom, ".next/b.js": useRoom, "src/chat.test.ts": useRoom, "dist/c.js": useRoom, "README.md": useRoom,
		"big.js": useRoom + strings.Repeat(" ", mostCodeBytes),
	})
	if !strings.HasPrefix(got, "not tried  events") {
		t.Errorf("got %s", got)
	}
}

func TestOneServedEventOfAKindIsNoFaultForAnother(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), map[string]string{"a.ts": `socket.emit("join_room", r); socket.emit("join_group", g); socket.on("receive_message", f)`})
	if !strings.HasPrefix(got, "warning") || !strings.Contains(got, "→ JOIN_EVENTS=join_group,join_room") {
		t.Errorf("got %s", got)
	}
}

// io.to(`room:${id}`) is how most servers name a room: what is told there was never seen.
func TestWhatIsToldToARoomOfATemplateIsSeen(t *testing.T) {
	t.Parallel()
	server := "import { Server } from 'socket.io'\nio.on('connection', (socket) => {\n" +
		"socket.on('join_room', (id) => { socket.join(`room:${id}`) })\n" +
		"socket.on('send_message', async ({ id, text }) => {\nconst rows = await save(id, text); io.to(`room:${id}`).emit('chat:new', { message: rows[0] }) })\n" +
		"socket.on('react', async ({ id }) => { io.to(`room:${id}`).emit('chat:reacted', { id }) })\n})"
	files := map[string]string{"server.ts": server}
	if said := eventsOf(t, config.Default(), files); !strings.Contains(said, "→ MESSAGE_EVENT=chat:new\n") {
		t.Errorf("of the server alone was said:\n%s", said)
	}
	if said := habitsOf(t, config.Default(), files); !strings.Contains(said, `MESSAGE_SHAPE={"message": \$row} # likely: server.ts`) {
		t.Errorf("of what it tells was said:\n%s", said)
	}
}

// As socket.io's documentation lays out an app: the file imports nothing of it, and was taken for a page's.
func TestHandlersInAFileOfTheirOwnAreTheServers(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"index.js": "import { Server } from 'socket.io'\nio.on('connection', (socket) => { registerRooms(io, socket) })",
		"roomHandler.js": "export default (io, socket) => {\nconst join = (id) => { socket.join(id) }\nsocket.on('room:join', join)\n" +
			"socket.on('message:send', (m) => { io.to(m.room).emit('message:new', m) })\n}",
	}
	if got := eventsOf(t, config.Default(), files); !strings.Contains(got, "→ MESSAGE_EVENT=message:new\n") || strings.Contains(got, "MESSAGE_EVENT=message:send") {
		t.Errorf("of the server alone was said:\n%s", got)
	}
	files["page.jsx"] = "import { io } from 'socket.io-client'\nsocket.emit('room:join', id); socket.emit('message:send', m); socket.on('message:new', add)"
	if got := eventsOf(t, config.Default(), files); !strings.Contains(got, "→ JOIN_EVENTS=room:join\n") || !strings.Contains(got, "→ MESSAGE_EVENT=message:new\n") {
		t.Errorf("got %s", got)
	}
}

func FuzzAppCode(f *testing.F) {
	f.Add(useRoom)
	f.Add(serverTS)
	f.Add("socket.emit(`${x}`) // ; socket.on('")
	f.Add(serverOfHabits)
	f.Add(schemaOfHabits)
	f.Add("io.on('x', ({ to }) => { const s = users.get(to); io.to(s).emit('y', { to, from: socket.id }) })")
	f.Add("io.on('x', (d) => { io.to(d.a?.b).emit('y', d) })")
	f.Fuzz(func(t *testing.T, text string) {
		e := noCode()
		e.read("a.ts", text+" socket")
		e.readSchema("a.prisma", text)
		propose(e, servedBy(config.Default()))
		e.anyone()
		for _, event := range append(namesOf(e.in), namesOf(e.out)...) {
			if event == "" || len(event) > 240 || !strings.Contains(text, event) {
				t.Errorf("an event out of nowhere: %q", event)
			}
		}
	})
}

func TestMessagesThatOnlyOwnHandlersHaveAreNotTheGatewaysToTell(t *testing.T) {
	t.Parallel()
	files := serverWith("socket.on('private-message', (text) => { io.emit('private-message', JSON.parse(text)) })")
	files["page.tsx"] = "socket.emit('private-message', JSON.stringify(m)); socket.on('private-message', add)"
	if got := eventsOf(t, config.Default(), files); strings.Contains(got, "MESSAGE_EVENT") || !strings.Contains(got, "takes JSON as a text") {
		t.Error(got)
	}
}

func TestWhereNoClientIsInTheFolderTheServerSaysWhatMessagesAreCalled(t *testing.T) {
	t.Parallel()
	server := serverWith("socket.on('chatMessage', (m) => { io.to(roomOf(socket)).emit('message', format(m)) })")
	if got := eventsOf(t, config.Default(), server); !strings.Contains(got, "→ SEND_EVENTS=chatMessage\n") || !strings.Contains(got, "→ MESSAGE_EVENT=message\n") {
		t.Error(got)
	}
	server["page.tsx"] = "socket.on('new_message', add)"
	if got := eventsOf(t, config.Default(), server); !strings.Contains(got, "→ MESSAGE_EVENT=new_message\n") {
		t.Error(got)
	}
}
