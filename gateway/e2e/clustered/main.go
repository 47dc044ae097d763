// Command clustered is a Socket.IO server of this module in a cluster on Redis, as a Go program would write it: at REDIS_URL, in the
// wire REDIS_ADAPTER. With DATABASE_URL it hears the Postgres emitter too. It prints its address. adapter.test.js beside it runs official servers in the same cluster, and has a client
// tell this one what to do by the event "do".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/postgresemitter"
	"github.com/socketgate/socketgate/pkg/redisadapter"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// order is what a client has the server do.
type order struct {
	Op, Event     string
	Rooms, Except []string
	To            []string // rooms to join or leave
	Volatile      bool
	Args          []json.RawMessage
	Within        int // milliseconds
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "clustered:", err)
		os.Exit(1)
	}
}

func run() error {
	option, err := rueidis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	option.DisableCache, option.DisableRetry, option.PipelineMultiplex = true, true, -1
	client, err := rueidis.NewClient(option)
	if err != nil {
		return err
	}
	adapter, err := redisadapter.New(client, redisadapter.Options{
		Wire: redisadapter.Wire(os.Getenv("REDIS_ADAPTER")), Stream: os.Getenv("STREAM"),
		ServerEvent: func(ns *socketio.Namespace, event string, args []json.RawMessage, ack func(json.RawMessage)) {
			ns.To().Local().Emit("server event", event, args)
			if ack != nil {
				ack(json.RawMessage(`"go heard"`))
			}
		},
	})
	if err != nil {
		return err
	}
	io := socketio.NewServer(socketio.Options{Cluster: adapter})
	for _, name := range []string{"/", "/chat"} {
		serve(adapter, io.Of(name))
	}
	io.Dynamic(func(name string) bool { return strings.HasPrefix(name, "/dyn-") }, func(ns *socketio.Namespace) { serve(adapter, ns) })
	if err := adapter.Subscribed(context.Background()); err != nil {
		return err
	}
	if url := os.Getenv("DATABASE_URL"); url != "" {
		if err := hearPostgres(url, io.Of("/"), io.Of("/chat")); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	http.Handle("/socket.io/", io)
	return http.Serve(listener, nil)
}

// hearPostgres returns when the emitter is heard.
func hearPostgres(url string, namespaces ...*socketio.Namespace) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	listening := make(chan struct{}, 1)
	go postgresemitter.Listen(context.Background(), config, postgresemitter.Options{
		Namespaces: namespaces,
		ServerEvent: func(ns *socketio.Namespace, event string, args []json.RawMessage) {
			ns.To().Local().Emit("server event", event, args)
		},
		Listening: func() {
			select {
			case listening <- struct{}{}:
			default: // again
				namespaces[0].To().Local().Emit("listening again")
			}
		},
		Unreadable: func(err error) { namespaces[0].To().Local().Emit("unreadable") },
	})
	<-listening
	listening <- struct{}{}
	return nil
}

func serve(adapter *redisadapter.Adapter, ns *socketio.Namespace) {
	ns.OnConnect(func(s *socketio.Socket) { s.Data = map[string]string{"from": "go"} })
	ns.On("do", func(s *socketio.Socket, e *socketio.Event) {
		var o order
		if err := e.Decode(&o); err != nil {
			e.Ack(map[string]string{"error": err.Error()})
			return
		}
		if len(e.Args) > 1 { // arguments with attachments come on their own
			o.Args = e.Args[1:]
		}
		go func() {
			answer, err := do(adapter, ns, s, o)
			if err != nil {
				e.Ack(map[string]any{"error": err.Error(), "answer": answer})
				return
			}
			e.Ack(map[string]any{"answer": answer})
		}()
	})
}

func do(adapter *redisadapter.Adapter, ns *socketio.Namespace, s *socketio.Socket, o order) (answer any, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), max(time.Second, time.Duration(o.Within)*time.Millisecond))
	defer cancel()
	to := ns.To(o.Rooms...).Except(o.Except...)
	if o.Volatile {
		to = to.Volatile()
	}
	args := make([]any, len(o.Args))
	for i, arg := range o.Args {
		args[i] = arg
	}
	switch o.Op {
	case "id":
		return s.ID(), nil
	case "enter":
		for _, room := range o.To {
			err = s.Join(room)
		}
	case "emit":
		err = to.Emit(o.Event, args...)
	case "ask":
		return to.EmitWithAck(ctx, o.Event, args...)
	case "join":
		to.Join(o.To...)
	case "leave":
		to.Leave(o.To...)
	case "disconnect":
		to.Disconnect(false)
	case "sockets":
		return to.Sockets(ctx)
	case "rooms":
		return adapter.AllRooms(ctx, ns)
	case "server":
		err = adapter.ServerSideEmit(ns, o.Event, o.Args...)
	case "ask servers":
		return adapter.ServerSideEmitWithAck(ctx, ns, o.Event, o.Args...)
	case "subscribed":
		err = adapter.Subscribed(ctx)
	}
	return nil, err
}
