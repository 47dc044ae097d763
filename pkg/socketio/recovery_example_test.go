package socketio_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// A client that loses its connection misses nothing of its rooms. Official clients do by themselves what is done by hand here.
func ExampleRecovery() {
	server := socketio.NewServer(socketio.Options{Recovery: &socketio.Recovery{Window: time.Minute}})
	defer server.Shutdown(context.Background())
	chat := server.Of("/")
	chat.OnConnect(func(s *socketio.Socket) {
		if !s.Recovered() { // or else it is in its rooms already
			s.Join("lobby")
		}
		s.Emit("rooms", s.Rooms())
	})
	web := httptest.NewServer(server)
	defer web.Close()

	client := connect(web.URL, `0{}`)
	reply := hear(client)
	pid := reply[len(reply)-44 : len(reply)-2] // 40{"sid":"…","pid":"…"}
	fmt.Println(hear(client))
	client.Close()

	chat.To("lobby").Kept(1).Emit("said", "while you were away")

	client = connect(web.URL, `0{"pid":"`+pid+`"}`)
	defer client.Close()
	fmt.Println(hear(client) == reply)
	fmt.Println(hear(client))
	fmt.Println(hear(client))
	// Output:
	// 42["rooms",["lobby"]]
	// true
	// 42["said","while you were away","1"]
	// 42["rooms",["lobby"]]
}

func connect(url, packet string) *engineclient.Conn {
	conn, err := engineclient.Dialer{Step: time.Minute}.Dial(context.Background(), "ws"+url[len("http"):]+"/socket.io/?"+engineclient.Query)
	if err != nil {
		panic(err)
	}
	hear(conn) // the engine's open packet
	conn.Say("4" + packet)
	return conn
}

func hear(conn *engineclient.Conn) string {
	packet, err := conn.Next()
	if err != nil {
		panic(err)
	}
	return packet
}
