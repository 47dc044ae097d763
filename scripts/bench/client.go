//go:build linux

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// user is whom a client logs in as.
type user struct{ id, name, token string }

// stage is how far a client has come.
type stage int32

const (
	away stage = iota
	dialing
	upgrading // the HTTP request is sent
	opening   // a WebSocket, waiting for the Engine.IO handshake
	connecting
	connected
	joined
)

func (s stage) String() string {
	return [...]string{"away", "dialing", "upgrading", "opening", "connecting", "connected", "joined"}[s]
}

// client is one browser tab: Engine.IO 4 over a WebSocket. It shares no more than the handshake's request with engineclient,
// whose clients need a goroutine and a buffer each.
type client struct {
	crowd *crowd
	index int
	user  user

	fd     int
	life   int32 // rises with every hang-up
	stage  stage
	frames frames
	reply  []byte // to the HTTP request, as far as it has come

	ticket ticket

	room    int
	sender  int // its place among the room's senders, or -1
	hearing hearing
	holds   bool // the final list of members
}

// sources is how many loopback addresses the clients come from, so that ports never run out.
const sources = 16

// soReusePorts is IP_BIND_ADDRESS_NO_PORT: the port is chosen with the peer in mind.
const soReusePorts = 24

// dial begins to connect.
func (cl *client) dial() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	cl.fd, cl.stage = fd, dialing
	source := syscall.SockaddrInet4{Addr: [4]byte{127, 0, 1, byte(1 + cl.index%sources)}}
	err = errors.Join(
		syscall.SetsockoptInt(fd, syscall.SOL_IP, soReusePorts, 1),
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
		syscall.Bind(fd, &source),
	)
	if err != nil {
		return fmt.Errorf("prepare socket: %w", err)
	}
	if err := syscall.Connect(fd, &cl.server().SockaddrInet4); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return fmt.Errorf("connect: %w", err)
	}
	return cl.watch()
}

// watch has the crowd react to what comes.
func (cl *client) watch() error {
	const edge = 1 << 31 // EPOLLET: told once, then reads until nothing is left
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | edge, Fd: int32(cl.index), Pad: cl.life}
	if err := syscall.EpollCtl(cl.crowd.epoll, syscall.EPOLL_CTL_ADD, cl.fd, &event); err != nil {
		return fmt.Errorf("watch socket: %w", err)
	}
	return nil
}

func (cl *client) server() *endpoint { return &cl.crowd.servers[cl.crowd.serverOf(cl)] }

// comeBack begins to connect anew, unless that has been done.
func (cl *client) comeBack() error {
	if cl.stage == joined {
		cl.crowd.finished++
		return nil
	}
	cl.hangUp()
	return cl.dial()
}

// hangUp closes the connection, if there is one.
func (cl *client) hangUp() {
	if cl.fd < 0 {
		return
	}
	_ = syscall.Close(cl.fd)
	cl.fd, cl.stage, cl.frames, cl.reply = -1, away, frames{}, nil
	cl.life++
}

// ready is called when the connection can be read or, at first, written.
func (cl *client) ready(events uint32) error {
	if cl.stage == dialing && events&(syscall.EPOLLOUT|syscall.EPOLLERR) != 0 {
		if code, err := syscall.GetsockoptInt(cl.fd, syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || code != 0 {
			return fmt.Errorf("connect: %w", errors.Join(err, syscall.Errno(code)))
		}
		if err := cl.greet(); err != nil {
			return err
		}
	}
	if events&(syscall.EPOLLIN|syscall.EPOLLRDHUP|syscall.EPOLLHUP) == 0 {
		return nil
	}
	scratch := cl.crowd.scratch
	for {
		n, err := syscall.Read(cl.fd, scratch)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return errors.New("the server hung up")
		}
		if cl.crowd.latencies != nil {
			cl.crowd.readAt = now()
		}
		cl.crowd.bytes += n
		if err := cl.received(scratch[:n]); err != nil {
			return err
		}
		if n < len(scratch) && events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP) == 0 {
			return nil // there was no more; what comes is a new event
		}
	}
}

// greet says the first thing, once the connection stands.
func (cl *client) greet() error {
	if cl.crowd.bare {
		cl.stage = connected
		cl.crowd.finished++
		return cl.write(fmt.Appendf(cl.crowd.out[:0], "%04x", cl.room))
	}
	cl.stage = upgrading
	address := cl.server().address
	return cl.write(engineclient.AppendRequest(cl.crowd.out[:0], address, "/socket.io/?"+engineclient.Query,
		"Origin: http://"+address, "Cookie: token="+cl.user.token))
}

// received takes the next bytes of the connection.
func (cl *client) received(b []byte) error {
	if cl.stage == upgrading {
		cl.reply = append(cl.reply, b...)
		end := bytes.Index(cl.reply, []byte("\r\n\r\n"))
		if end < 0 {
			return nil
		}
		if !bytes.HasPrefix(cl.reply, []byte("HTTP/1.1 101 ")) {
			line, _, _ := bytes.Cut(cl.reply, []byte("\r\n"))
			return fmt.Errorf("the server answered %q", line)
		}
		cl.stage, b, cl.reply = opening, cl.reply[end+4:], nil
	}
	return cl.frames.feed(b, cl.frame)
}

// frame takes one WebSocket frame.
func (cl *client) frame(opcode byte, payload []byte, length int) error {
	if opcode != opText || length == 0 {
		return fmt.Errorf("a frame of opcode %d", opcode)
	}
	switch payload[0] {
	case '0': // open
		cl.stage = connecting
		return cl.packet(cl.ticket.connectPacket())
	case '2': // ping
		return cl.packet("3")
	case '4':
		if length >= 2 {
			return cl.message(payload, length)
		}
	}
	return fmt.Errorf("packet %q was not expected", payload[:min(len(payload), 80)])
}

var (
	eventMessage = []byte(`42["receive_message",`)
	eventMembers = []byte(`42["room_members",`)
	positiveAck  = []byte(`"ok":true`)
)

// message takes one Socket.IO packet.
func (cl *client) message(payload []byte, length int) error {
	c := cl.crowd
	switch payload[1] {
	case '0':
		cl.stage = connected
		cl.ticket.connected(payload)
		if cl.ticket.recovered {
			cl.stage = joined
		} else if c.joinAtOnce {
			return cl.join(roomName(cl.room))
		}
		c.finished++
		return nil
	case '2':
		if length == len(payload) {
			cl.ticket.told(payload)
		}
		if bytes.HasPrefix(payload, eventMessage) {
			return cl.delivery(payload)
		}
		if bytes.HasPrefix(payload, eventMembers) {
			cl.members(payload, length)
			return nil
		}
		c.errors++ // an `error` event
		return nil
	case '3':
		if !bytes.Contains(payload, positiveAck) {
			c.errors++
			return nil
		}
		if payload[2] == ackJoin {
			cl.stage = joined
			c.finished++
			return nil
		}
		c.acks++
		if c.acked != nil {
			return c.acked(cl)
		}
		return nil
	}
	return fmt.Errorf("packet %q was not expected", payload[:min(len(payload), 80)])
}

// delivery takes a message to the room.
func (cl *client) delivery(payload []byte) error {
	c := cl.crowd
	m, ok := findMark(payload)
	if !ok || int(m.room) != cl.room {
		c.tally.deliveries++
		c.tally.elsewhere++
		return nil
	}
	if c.bare {
		room := c.rooms[cl.room]
		room.sent[0] = max(room.sent[0], m.number)
	}
	cl.hearing.hear(c.rooms[cl.room], m, &c.tally)
	if c.latencies != nil {
		c.latencies = append(c.latencies, c.readAt-m.sent)
	}
	if c.heardByAll != nil && m.sender < maxSenders {
		return c.heardByOne(cl.room, m.sender)
	}
	if int(m.sender) == cl.sender && c.heardSelf != nil {
		return c.heardSelf(cl)
	}
	return nil
}

// The ids of acks: one digit, for nobody waits for two of a kind.
const (
	ackJoin = '1'
	ackSend = '2'
)

// join asks to be let into a room; its ack finishes the step.
func (cl *client) join(room string) error {
	return cl.packet("42" + string(ackJoin) + `["join_room","` + room + `"]`)
}

// joinQuietly asks the same without an ack, as most apps do.
func (cl *client) joinQuietly(room string) error {
	return cl.packet(`42["join_room","` + room + `"]`)
}

// send says the next thing in the client's room, which was due at a Unix time in nanoseconds.
func (cl *client) send(due int64, wantAck bool) error {
	room := cl.crowd.rooms[cl.room]
	room.sent[cl.sender]++
	b := []byte("42")
	if wantAck {
		b = append(b, ackSend)
	}
	b = append(b, `["`...)
	b = append(b, cmp.Or(cl.crowd.event, "send_message")...)
	b = append(b, `",{"roomId":"`...)
	b = append(b, roomName(cl.room)...)
	b = append(b, `","text":"`...)
	b = mark{room: uint16(cl.room), sender: uint8(cl.sender), number: room.sent[cl.sender], sent: due}.appendText(b)
	return cl.packet(string(append(b, `"}]`...)))
}

// packet sends a packet.
func (cl *client) packet(p string) error {
	mask := [4]byte{0x37, 0xfa, 0x21, byte(cl.index)}
	cl.crowd.out = appendMasked(cl.crowd.out[:0], mask, []byte(p))
	return cl.write(cl.crowd.out)
}

// write writes all of b. No client ever has so much under way that a socket could not take it.
func (cl *client) write(b []byte) error {
	n, err := syscall.Write(cl.fd, b)
	if err == nil && n < len(b) {
		err = errors.New("the server does not read")
	}
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func roomName(i int) string { return "room-" + strconv.Itoa(i) }
