package check

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// habitsOf tells what is proposed for an app whose folder has these files.
func habitsOf(t *testing.T, c config.Config, files map[string]string) string {
	t.Helper()
	app := appOf(t, files)
	var out strings.Builder
	start{report: &report{out: &out}, config: c}.habits(app)
	return out.String()
}

const (
	serverOfHabits = `import { Server } from 'socket.io'
const io = new Server(server)
io.use((socket, next) => { verify(socket.handshake.auth.accessToken); next() })
io.on('connection', async (socket) => {
  const mine = await prisma.participant.findMany({ where: { userId: socket.data.userId } })
  mine.forEach((p) => socket.join(p.conversationId))
  socket.join(` + "`user:${socket.data.userId}`" + `)
  socket.join('general')
  socket.on('send_message', async (text: string, roomId: string, callback) => {
    const message = await save(text, roomId)
    socket.to(roomId).emit('new_message', { message })
    callback({ success: true, data: message })
  })
  socket.on('edit_message', async (m) => { await prisma.message.update({ where: { id: m.id } }) })
})`
	clientOfHabits = `socket.on('online_users', setOnline); socket.on('user_online', add); socket.on('user_offline', remove)`
	schemaOfHabits = `
model User { 
  id String @id 
  rooms Participant[] 
}
model Conversation {
  id String @id
}
model Message {
  id String @id
  content String
  userId String
  conversationId String
  user User @relation(fields: [userId], references: [id])
  conversation Conversation @relation(fields: [conversationId], references: [id])
}
model Participant {
  userId         String @map("user_id")
  conversationId String
  user           User @relation(fields: [userId], references: [id])
  conversation   Conversation @relation(fields: [conversationId], references: [id], onDelete: Cascade)
  @@id([userId, conversationId])
  @@map("participants")
}`
)

func TestWhatTheAppsServerDoesIsProposedAsLinesToPaste(t *testing.T) {
	t.Parallel()
	files := map[string]string{"server.ts": serverOfHabits, "src/chat.tsx": clientOfHabits, "prisma/schema.prisma": schemaOfHabits}
	got := habitsOf(t, config.Default(), files)
	for _, want := range []string{
		`→ PERSONAL_ROOM=user:\$user # sure: server.ts`,
		`→ DEFAULT_ROOM=general # likely: server.ts`,
		`→ ECHO=false # likely: server.ts`,
		`→ MESSAGE_SHAPE={"message": \$row} # likely: server.ts`,
		`→ ACK_SHAPE={"success": true, "data": \$row} # likely: server.ts`,
		`→ SEND_ARGS=text,roomId # sure: server.ts`,
		`→ TOKEN_SOURCES=auth.accessToken # likely: server.ts`,
		`→ USER_ROOMS_QUERY=SELECT "conversationId" FROM "participants" WHERE "user_id" = \$1 # likely: prisma/schema.prisma, server.ts`,
		`→ ROOM_ACCESS_QUERY=SELECT count(*) FROM "participants" WHERE "conversationId" = \$1 AND "user_id" = \$2 # likely: prisma/schema.prisma`,
		`→ ONLINE_EVENT=online_users # likely: src/chat.tsx`,
		`→ USER_ONLINE_EVENT=user_online`, `→ USER_OFFLINE_EVENT=user_offline`,
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("want once: %s\n%s", want, got)
		}
	}
}

func TestAServerThatTellsWhatWasSaidBeforeHasAHistory(t *testing.T) {
	t.Parallel()
	const server = `io.on('connection', (socket) => {
  socket.on('joinRoom', async ({ roomId }) => {
    socket.join(roomId)
    const rows = await prisma.message.findMany({ where: { roomId }, orderBy: { createdAt: 'desc' }, take: 30 })
    socket.emit('previousMessages', { messages: rows.reverse() })
  })
})`
	const route = "import { io } from '@/lib/socket'; await prisma.$transaction(async (tx) => { const order = await tx.order.create({ data }); io.to(order.shopId).emit('order:new', order) })"
	got := habitsOf(t, config.Default(), map[string]string{"server.ts": server, "route.ts": route, "users.ts": `const all = await db.user.findMany(); socket.emit('users', all)`})
	for _, want := range []string{`→ HISTORY_EVENT=previousMessages # likely: server.ts`, `→ HISTORY_SIZE=30 # likely: server.ts`, `→ HISTORY_SHAPE={"messages": \$rows} # likely: server.ts`,
		`→ SQL_EMIT=true # a guess: route.ts`} {
		if strings.Count(got, want) != 1 {
			t.Errorf("want once: %s\n%s", want, got)
		}
	}
	sure := habitsOf(t, config.Default(), map[string]string{"route.ts": "await tx.$executeRaw`SELECT socketgate.emit(${room}, 'order:new', ${JSON.stringify(order)})`"})
	if !strings.Contains(sure, `→ SQL_EMIT=true # sure: route.ts`) {
		t.Error(sure)
	}
	set := config.Default()
	set.HistoryEvent, set.HistoryShape, set.SQLEmit = "previousMessages", `{"messages": $rows}`, true
	if again := habitsOf(t, set, map[string]string{"server.ts": server, "route.ts": route}); again != "" {
		t.Errorf("proposed again: %s", again)
	}
}

func TestWhatIsSetIsNotProposed(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.PersonalRoom, c.DefaultRoom, c.Echo, c.MessageShape, c.AckShape = "user:$user", "general", false, `{"message": $row}`, "$row"
	c.SendArgs, c.TokenSources, c.UserRoomsQuery, c.RoomAccessQuery = []string{"text", "roomId"}, []string{"auth.accessToken"}, "SELECT $1", "SELECT $1"
	c.OnlineEvent, c.UserOnlineEvent, c.UserOfflineEvent = "online_users", "user_online", "user_offline"
	got := habitsOf(t, c, map[string]string{"server.ts": serverOfHabits, "src/chat.tsx": clientOfHabits, "prisma/schema.prisma": schemaOfHabits})
	if got != "" {
		t.Errorf("got %s", got)
	}
}

func TestAnAppThatJoinsAndSendsOnlyHasNothingProposed(t *testing.T) {
	t.Parallel()
	got := habitsOf(t, config.Default(), map[string]string{
		"src/use-room.tsx": useRoom,
		"server.ts":        serverTS, // socket.join(id): of a room that a client names
		"a.ts":             "io.on('connection', (socket) => { socket.on('send_message', async (data, ack) => io.to(data.roomId).emit('receive_message', await save(data)))\nsocket.join(`room:${data.roomId}`); socket.handshake.auth.token })",
	})
	if got != "" {
		t.Errorf("got %s", got)
	}
}

func TestAPageThatJoinsAllItsRoomsHasThemKept(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"chats.forEach((chat) => socket.emit('join_room', chat.id));",
		"for (const { id } of chats) {\n  socket.emit('join_room', { roomId: id })\n}",
		"rooms.map((room) => { socketRef.current?.emit(`join-chat`, room.id) })",
	} {
		if got := habitsOf(t, config.Default(), map[string]string{"page.tsx": code}); !strings.Contains(got, "JOIN_MODE=multi # likely: page.tsx") {
			t.Errorf("%s\n%q", code, got)
		}
	}
	for _, code := range []string{
		"useEffect(() => { rooms.forEach(show); socket.emit('join_room', id) })",
		"rooms.forEach(show)\nsocket.emit('join_room', id)",
		"users.forEach((user) => socket.emit('notify', user.id))",
	} {
		if got := habitsOf(t, config.Default(), map[string]string{"page.tsx": code}); got != "" {
			t.Errorf("%s\n%q", code, got)
		}
	}
}

func TestListsOfPrismaAreParticipantsToo(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]participants{
		"model User {\n  id String @id\n  rooms Room[]\n}\nmodel Room {\n  id String @id\n  users User[]\n}":                                               {"_RoomToUser", "A", "B"},
		"model Users {\n  chats UserChat[]\n}\nmodel UserChat {\n  id String\n  of Users[]\n}":                                                             {"_UserChatToUsers", "A", "B"},
		"model Account {\n  id String\n  rooms Room[] @relation(\"members\")\n}\nmodel Room {\n  id String\n  members Account[] @relation(\"members\")\n}": {"_members", "B", "A"},
	} {
		if got, ok := participantsIn(schema); !ok || got != want {
			t.Errorf("%s\n%+v", schema, got)
		}
	}
	if got, ok := participantsIn("model User {\n  id String\n}\nmodel Room {\n  id String\n  owner User @relation(fields: [ownerId], references: [id])\n}"); ok {
		t.Errorf("no participants: %+v", got)
	}
}

func TestTheNamespaceAndTheRoomOfTheHandshakeAreProposed(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		`const socket = io("/chat")`: "NAMESPACE=/chat", `const socket = io("http://localhost:4000/chat", { auth })`: "NAMESPACE=/chat",
		`const socket = io(process.env.NEXT_PUBLIC_URL + "/chat")`: "NAMESPACE=/chat", "const socket = io(`${URL}/chat`, {})": "NAMESPACE=/chat",
		`import { Server } from "socket.io"; io.of("/chat").on("connection", f)`: "NAMESPACE=/chat",
		`const socket = io("http://localhost:4000")`:                             "", `const socket = io({ path: "/api/socket" })`: "", `const socket = io("https://example.com/")`: "",
		`io.on("connection", (socket) => { socket.join(socket.handshake.query.room) })`:                            `DEFAULT_ROOM=\$query.room`,
		`io.on("connection", (socket) => { const { roomId, name } = socket.handshake.auth; socket.join(roomId) })`: `DEFAULT_ROOM=\$auth.roomId`,
		`io.on("connection", (socket) => { const { roomId } = socket.handshake.auth; socket.join(other) })`:        "",
	} {
		got := habitsOf(t, config.Default(), map[string]string{"socket.js": code})
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: want %s, got %s", code, want, got)
		}
	}
	got := habitsOf(t, config.Default(), map[string]string{"server.js": `import { Server } from "socket.io"; io.of("/chat").on("connection", f); io.of("/news").on("connection", g)`})
	if !strings.Contains(got, "no variable does several namespaces (io.of)") {
		t.Errorf("got %s", got)
	}
}

func TestALoginThatClientsSayThemselvesIsNamed(t *testing.T) {
	t.Parallel()
	got := habitsOf(t, config.Default(), map[string]string{"server.js": "const { Server } = require('socket.io'); io.use((socket, next) => { socket.userId = socket.handshake.query.userId; next() })"})
	if !strings.Contains(got, "a login by an id that clients say themselves") {
		t.Errorf("got %s", got)
	}
}

func TestWhoSpeaksHearsItselfWhereTheServerTellsTheRoom(t *testing.T) {
	t.Parallel()
	joins := "socket.on('join', (r) => { socket.join(r); socket.broadcast.to(r).emit('message', welcome) })\n"
	for handler, want := range map[string]bool{
		"socket.on('sendMessage', (m) => { io.to(m.room).emit('message', m) })":                                false,
		"socket.on('sendMessage', (m) => { socket.broadcast\n  .to(m.room)\n  .emit('message', m) })":          true,
		"socket.on('sendMessage', async (m, done) => { io.in(await roomOf(m))\n.emit('message', m); done() })": false,
	} {
		if got := habitsOf(t, config.Default(), serverWith(joins+handler)); strings.Contains(got, "ECHO=false") != want {
			t.Errorf("%s\n%s", handler, got)
		}
	}
}

func TestAnEmitInACommentOfARouteIsNone(t *testing.T) {
	t.Parallel()
	files := map[string]string{"controllers/chat.ts": "export const send = (socket) => { /* io.to(room).emit('x') */ socket.to(room).emit('x')\n// io.emit('message', text)\n}"}
	if got := habitsOf(t, config.Default(), files); strings.Contains(got, "API_ADDR") {
		t.Error(got)
	}
}

// A cookie of another name lets nobody in, and nothing else on the way here tells of it.
func TestTheCookieThatAServerReadsIsProposed(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"const { access_token } = cookie.parse(socket.handshake.headers.cookie ?? '')":                                     "access_token",
		"const { access_token: raw } = parse(socket.request.headers.cookie || '')":                                         "access_token",
		"const raw = cookie.parse(socket.handshake.headers.cookie || '').jwt":                                              "jwt",
		"const raw = parse(socket.handshake.headers?.cookie ?? '')?.['chat-session']":                                      "chat-session",
		"const cookies = parseCookies(socket.handshake.headers.cookie)\n  if (!cookies) return\n  verify(cookies.session)": "session",
		"const raw = socket.handshake.headers.cookie?.match(/(?:^|; )auth=([^;]+)/)?.[1]":                                  "auth",
		"const { token } = cookie.parse(socket.handshake.headers.cookie)":                                                  "",
		"const raw = parse(socket.handshake.headers.cookie)['__Secure-next-auth.session-token']":                           "",
		"const { theme } = cookie.parse(document.cookie)":                                                                  "",
	} {
		server := "import { Server } from 'socket.io'\nconst io = new Server(server)\nio.use((socket, next) => { " + code + "; next() })"
		said := habitsOf(t, config.Default(), map[string]string{"server.ts": server})
		if want == "" && strings.Contains(said, "TOKEN_COOKIE") || want != "" && !strings.Contains(said, "TOKEN_COOKIE="+want+" # likely: server.ts") {
			t.Errorf("of %s was said %q, and not %q", code, said, want)
		}
	}
}
