package socketio_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// A chat in a few lines: a middleware that knows the user, rooms, and acks.
func Example() {
	server := socketio.NewServer(socketio.Options{})
	chat := server.Of("/")

	chat.Use(func(s *socketio.Socket, h *socketio.Handshake) error {
		user := h.Header.Get("X-User")
		if user == "" {
			return &socketio.ConnectError{Message: "who are you?"}
		}
		s.Data = user
		return nil
	})
	chat.On("join", func(s *socketio.Socket, e *socketio.Event) {
		var room string
		if err := e.Decode(&room); err != nil {
			e.Ack("a room is a string")
			return
		}
		s.Join(room)
		e.Ack("ok")
	})
	chat.On("say", func(s *socketio.Socket, e *socketio.Event) {
		var said struct{ Room, Text string }
		if e.Decode(&said) == nil && s.In(said.Room) {
			chat.To(said.Room).Emit("said", s.Data, said.Text)
		}
	})
	chat.OnDisconnecting(func(s *socketio.Socket, reason engineio.Reason) {
		for _, room := range s.Rooms() {
			chat.To(room).Except(s.ID()).Emit("left", s.Data)
		}
	})

	http.Handle("/socket.io/", server)
}

// Bytes may stand anywhere in the arguments.
func ExampleBinary() {
	server := socketio.NewServer(socketio.Options{})
	server.Of("/").On("upload", func(s *socketio.Socket, e *socketio.Event) {
		var file struct {
			Name string
			Data socketio.Binary
		}
		if e.Decode(&file) == nil {
			e.Ack(map[string]any{"name": file.Name, "size": len(file.Data), "preview": file.Data[:min(10, len(file.Data))]})
		}
	})
}

// Namespaces whose names are not known beforehand.
func ExampleServer_Dynamic() {
	server := socketio.NewServer(socketio.Options{})
	server.Dynamic(
		func(name string) bool { return len(name) > len("/tenant-") && name[:8] == "/tenant-" },
		func(ns *socketio.Namespace) {
			ns.On("hello", func(s *socketio.Socket, e *socketio.Event) { ns.Emit("somebody said hello") })
		})
}

// A client whose token expires is closed, and comes back by itself with a fresh one.
func ExampleSocket_CloseAt() {
	server := socketio.NewServer(socketio.Options{})
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		s.CloseAt(time.Now().Add(time.Hour), "token expired")
	})
	fmt.Println(server.Connections())
	server.Shutdown(context.Background())
	// Output: 0
}
