// Package redisadapter makes Socket.IO servers one over Redis: servers of this module, official Node servers with
// @socket.io/redis-adapter, and the publishers that go with them. It speaks their wires, byte for byte; beside these there is one of its own,
// for kept events among servers that understand it, while no other is there.
//
//	client, err := rueidis.NewClient(rueidis.ClientOption{
//		InitAddress:       []string{"127.0.0.1:6379"},
//		PipelineMultiplex: -1, // one connection keeps the order
//		ConnWriteTimeout:  2 * time.Second,
//	})
//	...
//	adapter, err := redisadapter.New(client, redisadapter.Options{})
//	...
//	io := socketio.NewServer(socketio.Options{Cluster: adapter})
//	io.Of("/").To("news").Emit("hello") // reaches the members on every server
//
// When the program ends: Shutdown of the server, then of the adapter, then Close of the client.
//
// # What is promised
//
// Redis Pub/Sub delivers at most once. What one goroutine broadcasts arrives in its order; while Redis is away, or a server is cut off
// from it, messages are missed, and Options.Observer hears of it. A connection that is dead, a server that stands still, and a failover
// are noticed within 3 s, and everything is subscribed again by itself. Nothing is sent twice.
//
// Nobody who calls waits for Redis, but for those who ask: Broadcast.Sockets, Broadcast.EmitWithAck, AllRooms and
// ServerSideEmitWithAck. What the servers that did answer have said is returned with a [MissingError] about the others.
//
// Whoever can write to Redis can speak as any server: send events, move sockets into rooms, and end connections. With Options.Key only
// who has the key can. Messages that nobody can understand are dropped and counted, and none is deeper than 100 levels.
package redisadapter
