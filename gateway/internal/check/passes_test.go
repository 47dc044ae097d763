package check

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// serverWith is an app's own server with these handlers.
func serverWith(handlers string) map[string]string {
	return map[string]string{"server.ts": "import { Server } from 'socket.io'\nio.on('connection', (socket: Socket) => {\n" + handlers + "\n})"}
}

func TestWhatAServerPassesOnIsProposedWithItsTarget(t *testing.T) {
	t.Parallel()
	for handler, want := range map[string]string{
		"socket.on('call-user', ({ to, offer }) => { io.to(users.get(to)).emit('incoming-call', { from: socket.data.userId, offer }) })":                                     "call-user=incoming-call@user",
		"socket.on('call-user', (data) => { const sid = onlineUsers[data.to]; if (sid) { io.to(sid).emit('call-user', { ...data, from: userId }) } })":                       "call-user@user",
		"socket.on('end-call', (userId: string) => { const receiverSocketId = getReceiverSocketId(userId)\nif (receiverSocketId) io.to(receiverSocketId).emit('ended') })":   "end-call=ended@user",
		"socket.on('ring', ({ friend, sdp }) => io.to(`user:${friend}`).emit('ring', { sdp, from: socket.userId }))":                                                         "ring@user:friend",
		"socket.on('ring', (d) => { const callee = users.find((u) => u.userId === d.calleeId); io.to(callee?.socketId).emit('ringing', d) })":                                "ring=ringing@user",
		"socket.on('signal', ({ to, signal }) => { socket.to(to).emit('signal', { from: socket.id, signal }) })":                                                             "signal@socket",
		"socket.on('ice', (payload) => { io.to(payload.target).volatile.emit('ice', payload) })":                                                                             "ice@socket",
		"socket.on('returning', (p) => { io.to(p.callerID).emit('returned', { signal: p.signal, from: socket.id }) })":                                                       "returning=returned@socket:callerID",
		"socket.on('ring', async ({ to, sdp }: { to: string; sdp: unknown }, ack: (ok: boolean) => void) => { io.to(online.get(to)!).emit('ringing', { sdp }); ack(true) })": "ring=ringing@user",
		"socket.on('stop', async peer => { io.to(peer).emit('stop') })":                                                                                                      "stop@socket",
		"socket.on('point', (roomId, userId, ack) => { socket.to(roomId).emit('pointed', userId); ack() })":                                                                  "point=pointed",
		"socket.on('draw', (data) => { socket.to(data.roomId).emit('draw', data) })":                                                                                         "draw",
		"socket.on('typing', ({ receiverId }) => { const s = getReceiverSocketId(receiverId); io.to(s).emit('typing', { senderId: socket.userId, receiverId }) })":           "typing@user",
	} {
		got := eventsOf(t, config.Default(), serverWith(handler))
		if !strings.Contains(got, "→ RELAY_EVENTS="+want+" # likely: server.ts\n") || strings.Contains(got, "nobody would serve") || strings.Contains(got, "attach") {
			t.Errorf("%s\nwant %s\n%s", handler, want, got)
		}
	}
}

func TestWhatOnlyOwnHandlersCanServeIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	for handler, want := range map[string]string{
		"socket.on('message_read', async ({ id }) => { await prisma.message.update({ where: { id } }); io.to(r).emit('message_read', { id }) })": "message_read (server.ts:3) changes rows",
		"socket.on('edit_message', async (m) => {\n  const done = await Message.findByIdAndUpdate(m.id, m) })":                                   "edit_message (server.ts:3) changes rows",
		"socket.on('react', async (m) => { await toggleReaction(m) })":                                                                           "react (server.ts:3) changes rows",
		"socket.on('remove', async (id) => { await pool.query('DELETE FROM messages WHERE id = $1', [id]) })":                                    "remove (server.ts:3) changes rows",
		"socket.on('callUser', (d) => { io.to(d.userToCall).emit('callUser', { signal: d.signalData, from: d.from, name: d.name }) })":           "callUser (server.ts:3) tells callUser in another shape than it came",
		"socket.on('answerCall', (d) => { io.to(d.to).emit('callAccepted', d.signal) })":                                                         "answerCall (server.ts:3) tells callAccepted in another shape than it came",
		"socket.on('offer', (id, message) => { socket.to(id).emit('offer', socket.id, message) })":                                               "offer (server.ts:3) tells offer in another shape than it came",
		"socket.on('draw', (roomId: string, strokes: ArrayBuffer) => { socket.volatile.broadcast\n.to(roomId)\n.emit('drawn', strokes) })":       "draw (server.ts:3) tells arguments behind the first",
		"socket.on('wave', (data) => { if (data.inner.room) { io.to(data.inner.room).emit(\n'waved',\n data.inner\n) } })":                       "wave (server.ts:3) takes what it tells out of data.inner",
		"socket.on('send-message', (data) => { io.to(data.inner.room).emit('receive-message', data.inner) })":                                    "send-message (server.ts:3) takes what it tells out of data.inner",
		"socket.on('hang-up', () => { socket.broadcast.emit('callEnded') })":                                                                     "hang-up (server.ts:3) tells everybody",
	} {
		got := eventsOf(t, config.Default(), serverWith(handler))
		if strings.Count(got, "→ "+want) != 1 || !strings.Contains(got, "only your own handlers can serve 1 event") || strings.Contains(got, "RELAY_EVENTS") || strings.Contains(got, "nobody would serve "+strings.Fields(want)[0]) {
			t.Errorf("%s\nwant %s\n%s", handler, want, got)
		}
	}
}

func TestARelayIsPairedWithWhatTheServerTells(t *testing.T) {
	t.Parallel()
	files := serverWith("socket.on('read-all', ({ chatId, users }) => { users.forEach((user) => io.to(user).emit('user-read-chat-message', { chatId })) })")
	files["page.tsx"] = "socket.emit('read-all', { chatId, users }); socket.on('user-read-chat-message', mark)"
	if got := eventsOf(t, config.Default(), files); !strings.Contains(got, "→ RELAY_EVENTS=read-all=user-read-chat-message\n") || strings.Contains(got, "nobody would serve") {
		t.Error(got)
	}
}

func TestWhatClientsDoWhenTheyHearSomethingIsNoHandling(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), map[string]string{
		"client.tsx": "socket.on('cursor', async (id) => { peers.delete(id); await removePeer(id) }); socket.emit('cursor', { x })",
		"server.ts":  "import { Server } from 'socket.io'\nsocket.on('disconnect', () => { online.delete(id); prisma.user.update({}) })\nsocket.on('cursor', (d) => { online.delete(d) })",
	})
	if strings.Contains(got, "warning    attach") || strings.Contains(got, "RELAY_EVENTS") {
		t.Errorf("got %s", got)
	}
}

func TestWhoIsOnlineNeedsNoHandlersOfOnesOwn(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), serverWith("socket.on('addUser', (userId) => { users.set(userId, socket.id); io.emit('getOnlineUsers', [...users.keys()]) })"))
	if strings.Contains(got, "warning    attach") {
		t.Errorf("got %s", got)
	}
}

// Nobody knows what becomes of a message or a join, whatever its handler does besides: that is what the gateway does.
func TestMessagesAndJoinsAreServedThoughTheyChangeRows(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), serverWith("socket.on('send_message', async (m) => { await prisma.message.create({}) })\nsocket.on('join_room', async (r) => { await prisma.seen.upsert({}); socket.join(r) })"))
	if !strings.HasPrefix(got, "ok ") || strings.Contains(got, "attach") {
		t.Errorf("got %s", got)
	}
}

func TestWhatTheSenderHearsTooIsNoRelay(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), serverWith("socket.on('draw', (d) => { io.to(d.roomId).emit('draw', d) })"))
	if strings.Contains(got, "RELAY_EVENTS") || !strings.Contains(got, "nobody would serve draw") {
		t.Errorf("got %s", got)
	}
}

func TestALineIsCountedBelowComments(t *testing.T) {
	t.Parallel()
	got := eventsOf(t, config.Default(), serverWith("/* one\n two */ // three\n// four\nsocket.on('edit', async (m) => { await prisma.message.update(m) })"))
	if !strings.Contains(got, "→ edit (server.ts:6)") {
		t.Errorf("got %s", got)
	}
}

func TestARelayThatIsSetIsNotHeldAgainstItsHandler(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.RelayEvents = config.Relays{{Event: "message_read"}, {Event: "ring", As: "ringing", To: "user"}}
	got := eventsOf(t, c, serverWith("socket.on('message_read', async (m) => { await prisma.message.update(m) })\nsocket.on('ring', ({ to }) => io.to(users.get(to)).emit('ringing', { to }))"))
	if !strings.HasPrefix(got, "ok ") || strings.Contains(got, "attach") {
		t.Errorf("got %s", got)
	}
}

func TestCallsToWhoeverIsConnectedAreAGuess(t *testing.T) {
	t.Parallel()
	rings := serverWith("socket.on('ring', ({ to }) => io.to(users.get(to)).emit('ringing', { to }))")
	const line = `→ RELAY_ANYONE=true # a guess: server.ts`
	if got := habitsOf(t, config.Default(), rings); strings.Count(got, line) != 1 {
		t.Errorf("got %s", got)
	}
	c := config.Default()
	c.RelayAnyone = true
	if got := habitsOf(t, c, rings); strings.Contains(got, "RELAY_ANYONE") {
		t.Errorf("it is set: %s", got)
	}
}

func TestRoutesThatEmitAreToldOfTheAPI(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"app/api/rooms/route.ts":   "export async function POST() { global.io.to(id).emit('room_created', room) }",
		"pages/api/messages.ts":    "export default (req, res) => { res?.socket?.server?.io?.to(`chat:${id}`).emit('new', message) }",
		"src/lib/actions.ts":       "'use server'\nexport async function add() { (globalThis as any).io.emit('added') }",
		"src/features/rooms.ts":    "\"use server\";\nimport { getIO } from '@/lib/io'\nexport async function add() { getIO().in('r').emit('added') }",
		"server/routes/api/all.js": "router.post('/x', (req, res) => { io.emit('x') })",
	} {
		if got := habitsOf(t, config.Default(), map[string]string{name: text}); !strings.Contains(got, "→ API_ADDR=127.0.0.1:4001 # likely: "+name) {
			t.Errorf("%s: %s", name, got)
		}
	}
	c := config.Default()
	c.APIAddr = "127.0.0.1:4001"
	if got := habitsOf(t, c, map[string]string{"app/api/rooms/route.ts": "export const POST = () => global.io.emit('x')"}); got != "" {
		t.Errorf("it is set: %s", got)
	}
	for name, text := range map[string]string{
		"app/api/rooms/route.ts": "export async function POST() { return save() }",
		"pages/api/socket.ts":    "import { Server } from 'socket.io'\nexport default (req, res) => { const io = new Server(res.socket.server); res.socket.server.io = io; io.emit('x') }",
		"src/lib/io.ts":          "global.io.emit('x')",
		"src/actions.ts":         "const audio = radio.to('x')",
	} {
		if got := habitsOf(t, config.Default(), map[string]string{name: text}); strings.Contains(got, "API_ADDR") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
