// Command resuming is a Socket.IO server of this module with Options.Recovery, as a Go program would write it: clients join
// rooms and speak in them. It prints its address. recovery-wire.test.js beside it has official clients lose their connections.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/socketgate/socketgate/pkg/socketio"
)

func main() {
	server := socketio.NewServer(socketio.Options{Recovery: &socketio.Recovery{}})
	chat := server.Of("/")
	chat.Use(func(s *socketio.Socket, h *socketio.Handshake) error {
		h.User = "nobody"
		if strings.Contains(string(h.Auth), `"user":"ann"`) {
			h.User = "ann"
		}
		return nil
	})
	chat.On("join", func(s *socketio.Socket, e *socketio.Event) {
		var room string
		e.Decode(&room)
		e.Ack(s.Join(room))
	})
	chat.On("leave", func(s *socketio.Socket, e *socketio.Event) {
		var room string
		e.Decode(&room)
		e.Ack(s.Leave(room))
	})
	// say is kept for the room's members, if the speaker is one.
	chat.On("say", func(s *socketio.Socket, e *socketio.Event) {
		var room string
		if e.Decode(&room); s.In(room) {
			chat.To(room).Kept(0).Emit("said", anyOf(e)...)
		}
		e.Ack(s.In(room))
	})
	// hint is not kept.
	chat.On("hint", func(s *socketio.Socket, e *socketio.Event) {
		chat.Emit("hint", anyOf(e)...)
		chat.Volatile().Emit("hint", anyOf(e)...)
		e.Ack()
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "resuming:", err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	http.Handle("/socket.io/", server)
	http.Serve(listener, nil)
}

// anyOf is what was said behind the room.
func anyOf(e *socketio.Event) (args []any) {
	for _, arg := range e.Args[1:] {
		args = append(args, arg)
	}
	return args
}
