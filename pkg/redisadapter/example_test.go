package redisadapter_test

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/redisadapter"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// A server that is one of several, beside official servers with @socket.io/redis-adapter.
func Example() {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{"127.0.0.1:6379"},
		PipelineMultiplex: -1, // one connection keeps the order
		ConnWriteTimeout:  2 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	adapter, err := redisadapter.New(client, redisadapter.Options{})
	if err != nil {
		log.Fatal(err)
	}
	io := socketio.NewServer(socketio.Options{Cluster: adapter})
	io.Of("/").On("say", func(s *socketio.Socket, e *socketio.Event) {
		var room, text string
		if e.Decode(&room, &text) == nil && s.In(room) {
			io.Of("/").To(room).Emit("said", s.ID(), text) // to its members on every server
		}
	})
	go http.ListenAndServe(":8080", io)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := adapter.Subscribed(ctx); err != nil {
		log.Print(err) // the server works alone until it has Redis
	}
	// When the program ends: first the server, then the adapter, then the client.
	io.Shutdown(ctx)
	adapter.Shutdown(ctx)
}
