// Command conformance serves what the official protocol test suites expect of a server: an Engine.IO
// echo on /engine.io/, and Socket.IO with the namespaces / and /custom on /socket.io/.
//
//	go run ./scripts/conformance
//
// scripts/conformance/run checks a suite against it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// The times and limits that the suites are written for.
var options = engineio.Options{
	PingInterval: 300 * time.Millisecond,
	PingTimeout:  200 * time.Millisecond,
	MaxPayload:   1e6,
	CORS:         &engineio.CORS{},
}

const connectTimeout = time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:3000", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, addr string) error {
	engine := engineio.New(echo{}, options)
	sockets := socketio.NewServer(socketio.Options{Engine: options, ConnectTimeout: connectTimeout})
	for _, name := range []string{"/", "/custom"} {
		answer(sockets.Of(name))
	}
	mux := http.NewServeMux()
	mux.Handle("/engine.io/", engine)
	mux.Handle("/socket.io/", sockets)
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		engine.Shutdown(limit)
		sockets.Shutdown(limit)
		server.Shutdown(limit)
	})
	fmt.Println("listening on", addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// echo sends every message back.
type echo struct{}

func (echo) Open(s *engineio.Session, _ *http.Request) engineio.Receiver { return echoing{s} }

type echoing struct{ session *engineio.Session }

func (e echoing) Message(data []byte, binary bool) {
	if binary {
		e.session.Send(engineio.BinaryMessage(data))
		return
	}
	e.session.Send(engineio.Message(data))
}

func (echoing) Closed(engineio.Reason) {}

// answer sets up a namespace: `auth` on connection, `message` back as `message-back`, and
// `message-with-ack` in the ack.
func answer(ns *socketio.Namespace) {
	ns.Use(func(s *socketio.Socket, h *socketio.Handshake) error {
		s.Data = json.RawMessage("{}")
		if h.Auth != nil {
			s.Data = h.Auth
		}
		return nil
	})
	ns.OnConnect(func(s *socketio.Socket) { s.Emit("auth", s.Data) })
	ns.On("message", func(s *socketio.Socket, e *socketio.Event) { s.Emit("message-back", values(e)...) })
	ns.On("message-with-ack", func(s *socketio.Socket, e *socketio.Event) { e.Ack(values(e)...) })
}

func values(e *socketio.Event) []any {
	all := make([]any, len(e.Args))
	for i, arg := range e.Args {
		all[i] = arg
	}
	return all
}
