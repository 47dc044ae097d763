package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// unset are the faults of one who has set nothing yet.
var unset = config.Faults{"JWT_SECRET is not set", "DATABASE_URL is not set"}

func TestWhatCheckSaysOfAppsInShapesThatPeopleHave(t *testing.T) {
	t.Parallel()
	const server, client = "import { Server } from 'socket.io'\nconst io = new Server(s)\nio.on('connection', (socket) => {\n", "import { io } from 'socket.io-client'\nconst socket = io()\n"
	for name, app := range map[string]struct {
		files map[string]string
		want  []string
		no    []string
	}{
		"events by the names of constants": {map[string]string{
			"lib/events.ts": `export const EVENTS = { CHAT: { SEND: "post-message" }, ENTER: "enter-room" } as const; export const TYPING_NOW = "typing-now"`,
			"server.ts":     server + "socket.on(EVENTS.ENTER, (id) => socket.join(id))\nsocket.on(EVENTS.CHAT.SEND, async (m) => { await save(m) })\nsocket.on(TYPING_NOW, (r) => socket.to(r).emit('x', r)) })",
			"chat.tsx":      client + "socket.emit(EVENTS['ENTER'], id)",
		}, []string{"JOIN_EVENTS=enter-room", "SEND_EVENTS=post-message", "typing-now"}, []string{"no event's name"}},
		"a server and sockets by other names": {map[string]string{
			"server.ts": "import { Server as IO } from 'socket.io'\nconst wss: IO = new IO(s)\nwss.on('connection', async (ws) => {\n ws.join(`to-${ws.data.session._id}`)\n list.forEach((x) => ws.join(`from-${x.userId}`))\n ws.on('pinMessage', async (d) => { await Message.updateOne(d) }) })",
		}, []string{"pinMessage (server.ts:6) changes rows", `PERSONAL_ROOM=to-\$user`}, []string{"from-"}},
		"events in capitals": {map[string]string{
			"server.ts": server + "socket.on('NEW:MESSAGE:ADD', async (d) => { await save(d) }) })",
			"chat.tsx":  client + "socket.emit('NEW:MESSAGE:ADD', m); socket.on('RECEIVE:MESSAGE', add)",
		}, []string{"SEND_EVENTS=NEW:MESSAGE:ADD", "MESSAGE_EVENT=RECEIVE:MESSAGE"}, nil},
		"a server that only passes on what routes have saved": {map[string]string{
			"server.ts": server + "socket.on('new-message', (m) => { socket.to(m.chatId).emit('receive-message', m) }) })",
		}, []string{"GATEWAY_DATABASE_URL=none # likely: server.ts:4 passes new-message on"}, nil},
		"a server that saves": {map[string]string{
			"server.ts": server + "socket.on('new-message', async (m) => { const row = await db.create(m); io.to(m.chatId).emit('receive-message', row) }) })",
		}, nil, []string{"GATEWAY_DATABASE_URL"}},
		"MongoDB": {map[string]string{
			"package.json": `{"dependencies": {"mongoose": "8"}}`,
			"server.ts":    server + "socket.on('send_message', async (m) => { await Message.create(m) }) })",
		}, []string{"package.json has MongoDB, where the gateway stores nothing", "HANDLERS=app"}, nil},
		"a chat that begins, and one who writes": {map[string]string{
			"chat.tsx": client + "socket.emit('new-chat', c); socket.emit('chat:conversation:new', c); socket.emit('chat:writing', c); socket.emit('send-message', m)",
		}, []string{"nobody would serve chat:conversation:new (chat.tsx:3), new-chat (chat.tsx:3)", "RELAY_EVENTS=chat:writing"}, []string{"SEND_EVENTS="}},
		"a text that is parsed, and names that are made": {map[string]string{
			"server.ts": server + "socket.on('private-message', (d) => { io.emit('private-message', JSON.parse(d)) })\nsocket.on('typing', (t) => { socket.broadcast.emit(`${t.id}/typing`, t) }) })",
		}, []string{"private-message (server.ts:4) takes JSON as a text", "typing (server.ts:5) tells an event whose name it makes"}, []string{"SEND_EVENTS", "RELAY_EVENTS", "ok         events"}},
		"one room for all": {map[string]string{
			"server.js": server + "socket.on('chat message', (m) => { io.emit('chat message', m) }) })",
		}, []string{"DEFAULT_ROOM=everybody # likely: server.js:4"}, nil},
		"a secret by another name": {map[string]string{
			"server.ts": server + "})", "auth.ts": "jwt.sign(user, process.env.REFRESH_SECRET); jwt.verify(token, process.env.ACCESS_SECRET!)",
		}, []string{"JWT_SECRET=${ACCESS_SECRET} # likely: auth.ts"}, []string{"REFRESH"}},
		"Better Auth": {map[string]string{
			"server.ts": server + "})", "package.json": `{"dependencies": {"better-auth": "1"}}`,
		}, []string{"BETTER_AUTH_SECRET=", `s.token = \$1`}, nil},
		"messages that only routes tell": {map[string]string{
			"socket.ts": server + "socket.on('disconnect', bye) })", "controllers/messages.ts": "io.to(socketId).emit('newMessage', message) // of sockets",
			"page.tsx": client + "socket.on('newMessage', add)",
		}, []string{"API_ADDR=127.0.0.1:4001 # likely: controllers/messages.ts", "HANDLERS=app"}, nil},
		"a join that is a login": {map[string]string{
			"server.ts": server + "socket.on('join', (name) => { users[socket.id] = name; io.emit('users', Object.values(users)) })\nsocket.on('message', (m) => { io.emit('message', m) }) })",
			"chat.tsx":  client + "socket.emit('join', me); socket.on('users', show); socket.emit('message', m); socket.on('message', add)",
		}, []string{"nobody would serve join (", "DEFAULT_ROOM=everybody", "→ join (server.ts:4)\n", "memory"}, []string{"JOIN_EVENTS"}},
		"a join that others do": {map[string]string{
			"server.ts": server + "socket.on('join', (id) => enter(socket, id))\nsocket.on('enter', rooms.enter)\nsocket.on('subscribe', (id) => { console.log(id); socket.join(id) }) })",
		}, []string{"JOIN_EVENTS=enter,join,subscribe"}, nil},
		"rooms that are told one after the other": {map[string]string{
			"server.ts": server + "socket.on('typing', (m) => { for (const room of socket.rooms) { socket.to(room).emit('typing', m) } })\n" +
				"socket.on('wave', ({ rooms }) => rooms.forEach((roomId) => socket.to(roomId).emit('waved', { roomId })))\nsocket.on('knock', (m) => { for (let i = 0; i < n; i++) socket.to(chats[i]).emit('knock', m) }) })",
			"chat.tsx": client + "socket.emit('typing', m); socket.on('typing', show)",
		}, []string{"typing (server.ts:4) tells several rooms", "wave (server.ts:5) tells several rooms", "knock (server.ts:6) tells several rooms"}, []string{"RELAY_EVENTS"}},
		"who types, by an id": {map[string]string{
			"server.ts": server + "socket.on('typing', (id) => socket.to(id).emit('typing', id)) })",
		}, []string{"RELAY_EVENTS=typing # likely"}, nil},
		"what looks like a comment in a text": {map[string]string{
			"server.ts": "import { Server } from 'socket.io'\napp.get('/*', pages) // the site's\nio.on('connection', (socket) => {\nsocket.on('enter', (id) => socket.join(id)) })\n/* the end */",
		}, []string{"JOIN_EVENTS=enter"}, nil},
		"code in comments": {map[string]string{
			"events.ts": "// export const EVENTS = { IN: 'old-join' }\n/* socket.emit('join-x') */ export const EVENTS = { IN: 'new-join' }",
			"server.ts": server + "/* socket.on('join-y', f) */ socket.on(EVENTS.IN, (id) => socket.join(id)) }) // socket.on('join-z', f)",
		}, []string{"JOIN_EVENTS=new-join\n"}, []string{"old-join", "join-x", "join-y", "join-z"}},
		"an import of everything": {map[string]string{
			"a.ts": "import * as socketio from 'socket.io'\nconst wss = new socketio.Server(s)\nwss.on('connection', (c) => { c.on('enter', (id) => c.join(id)) })",
			"b.js": "const sio = require('socket.io')\nconst server = sio(http)\nserver.on('connection', (c) => { c.on('exit', (id) => c.leave(id)) })",
			"c.ts": "import socketIO from 'socket.io'\nconst server = socketIO(http)\nserver.on('connection', (c) => { c.on('subscribe', (id) => c.join(id)) })",
		}, []string{"JOIN_EVENTS=enter,subscribe", "LEAVE_EVENTS=exit"}, nil},
		"a class with a typed client, and a file's own constant": {map[string]string{
			"handler.ts": "import type { Socket } from 'socket.io'\nconst enter = 'room:enter'\nexport class Handler {\nconstructor(private readonly client: Socket) { this.client.on(enter, (id) => this.client.join(id)) } }",
		}, []string{"JOIN_EVENTS=room:enter"}, nil},
		"no Socket.IO": {map[string]string{
			"prisma/schema.prisma": schemaOfHabits,
		}, []string{"no code below this folder that uses Socket.IO"}, []string{"ROOM_ACCESS_QUERY"}},
	} {
		said := saidOf(t, unset, app.files)
		for _, want := range app.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, said)
			}
		}
		for _, no := range app.no {
			if strings.Contains(said, no) {
				t.Errorf("%s: has %q\n%s", name, no, said)
			}
		}
	}
}

// A server that is attached already is told of once more, and what its handlers remember as well, whether only they can serve an event or nobody else does.
func TestAnAttachedAppIsNotToldToAttach(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.AttachAddr = "127.0.0.1:4001"
	files := serverWith("socket.on('edit', async (m) => { await prisma.message.update(m); editors.set(m.id, socket) })")
	files["attach.ts"] = "import { attach } from '@socketgate/attach'; attach(io) // of socket.io"
	got := eventsOf(t, c, files)
	for _, want := range []string{"ok         events      the app's own server has edit (server.ts:3) changes rows", "warning    memory", "→ edit (server.ts:3)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "ATTACH_ADDR") || strings.Contains(got, "only your own handlers") {
		t.Error(got)
	}
}

func TestCodeIsReadOfFilesAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page"), []byte("socket.emit('join-linked', id)"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"loop": dir, "endless.ts": "/dev/zero", "gone.ts": "/nowhere", "page.ts": "page"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	app := readAppCode(dir)
	app.cut = true // as of more than mostCodeFiles
	var out strings.Builder
	start{report: &report{out: &out}, config: config.Default()}.events(app)
	if got := out.String(); !strings.Contains(got, "JOIN_EVENTS=join-linked") || !strings.Contains(got, "more files of code below this folder than the first 5000") {
		t.Error(got)
	}
}
