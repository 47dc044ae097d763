package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// exchange is what a client said and what others heard of it. Packets are "t" or "b", for text or bytes, and base64.
type exchange struct {
	Name string   `json:"name"`
	In   []frame  `json:"in"`
	Out  []heard  `json:"out"`
	End  []string `json:"end"` // why the client was closed
}

// heard is one packet that went out, and its attachments.
type heard struct {
	How    string  `json:"how"` // what became of the client's arguments
	Frames []frame `json:"frames"`
}

type frame struct {
	Binary bool   `json:"binary,omitempty"`
	Data   []byte `json:"data"`
}

// service is a server with a room in which one listens.
type service struct {
	server   *socketio.Server
	root     *socketio.Namespace
	listener *session
	asked    *socketio.Socket // the last one that connected
}

func newService() *service {
	s := &service{server: socketio.NewServer(socketio.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})}
	s.root = s.server.Of("/")
	s.root.OnConnect(func(socket *socketio.Socket) { s.asked = socket })
	s.root.OnOther(func(_ *socketio.Socket, e *socketio.Event) { s.tell(e.Name, e.Args, e.Ack) })
	s.listener = &session{}
	s.adopt(s.listener)
	s.asked.Join("room")
	s.listener.sent = nil
	return s
}

func (s *service) adopt(c *session) engineio.Receiver {
	return s.server.Adopt(c, &socketio.Handshake{Issued: time.Now()})
}

// tell passes arguments on in each way that the gateway, or another program, may.
func (s *service) tell(name string, args []json.RawMessage, ack func(...any) error) {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg
	}
	s.listener.how = "broadcast"
	s.root.To("room").Emit(name, values...)
	s.listener.how = "beside bytes"
	s.root.To("room").Emit(name, append(values, socketio.Binary("own"))...)
	if len(args) > 0 {
		if fields, ok := contract.ParseObject(args[0]); ok {
			s.listener.how = "as an object of the contract"
			s.root.To("room").Emit(name, fields.Encode())
		}
	}
	if ack != nil {
		ack(values...)
	}
}

// exchange has a new client say a packet.
func (s *service) exchange(name string, p said) exchange {
	c := &session{how: "ack"}
	receiver := s.adopt(c)
	c.sent, s.listener.sent = nil, nil
	x := exchange{Name: name}
	var acked chan []json.RawMessage
	if p.isAck() {
		acked = s.ask(c)
		p.id = strconv.Itoa(0) // every client is new
		c.sent = nil
	}
	x.In = append(x.In, frame{Data: []byte(p.text())})
	receiver.Message([]byte(p.text()), false)
	for _, b := range p.attachments {
		if len(c.ends) > 0 {
			break
		}
		x.In = append(x.In, frame{Binary: true, Data: b})
		receiver.Message(b, true)
	}
	receiver.Closed(engineio.TransportClose) // ends the wait for an ack that has not come
	if acked != nil {
		if args, ok := <-acked; ok {
			s.tell("acked", args, nil)
		}
	}
	x.Out, x.End = append(s.listener.sent, c.sent...), c.ends
	return x
}

// ask emits an event whose ack is waited for, and returns when it is sent. What comes of it is the ack, or nothing
// when it was not one.
func (s *service) ask(c *session) chan []json.RawMessage {
	socket, acked := s.asked, make(chan []json.RawMessage, 1)
	sent := make(chan struct{})
	c.onSend = func() { close(sent) }
	go func() {
		defer close(acked)
		if args, err := socket.EmitWithAck(context.Background(), "ask"); err == nil {
			acked <- args
		}
	}()
	<-sent
	c.onSend = nil
	return acked
}

// session is a client without a network.
type session struct {
	how    string
	sent   []heard
	ends   []string
	onSend func()
}

func (c *session) Send(packets ...*engineio.Packet) error {
	h := heard{How: c.how}
	for _, p := range packets {
		binary, data := p.Payload()
		if !binary {
			data = data[1:] // the 4 of Engine.IO
		}
		h.Frames = append(h.Frames, frame{binary, data})
	}
	c.sent = append(c.sent, h)
	if c.onSend != nil {
		c.onSend()
	}
	return nil
}

func (c *session) Close(r socketio.Reason)          { c.ends = append(c.ends, string(r)) }
func (*session) ID() string                         { return engineio.NewID() }
func (*session) Addr() netip.Addr                   { return netip.IPv4Unspecified() }
func (*session) Settle(string) (cause string)       { return "" }
func (*session) Writable() bool                     { return true }
func (*session) CloseAt(time.Time, socketio.Reason) {}
