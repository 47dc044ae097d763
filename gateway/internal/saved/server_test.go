package saved

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// server is a Socket.IO server whose sessions are kept, for clients that say their name.
type server struct {
	*socketio.Server
	*gateway
	web *httptest.Server
}

// silence is the Log of a server whose rooms nothing is said in.
type silence struct{}

func (silence) Missed(context.Context, *socketio.Namespace, []socketio.Gap, socketio.Offset, int) ([]*socketio.Kept, error) {
	return nil, nil
}

func serve(t *testing.T, url string) *server {
	s := &server{gateway: start(t, url, Options{})}
	s.Server = socketio.NewServer(socketio.Options{Recovery: &socketio.Recovery{Secret: []byte("secret"), Sessions: s.Sessions, Reclaim: s.Reclaim, Log: silence{}}})
	root := s.Of("/")
	root.Use(func(_ *socketio.Socket, h *socketio.Handshake) error {
		var auth struct{ Name string }
		err := json.Unmarshal(h.Auth, &auth)
		h.User = auth.Name
		return err
	})
	root.On("join", func(socket *socketio.Socket, e *socketio.Event) {
		socket.Join("lobby")
		e.Ack()
	})
	root.On("rooms", func(socket *socketio.Socket, e *socketio.Event) { e.Ack(strings.Join(socket.Rooms(), " ")) })
	s.Follow(root)
	s.web = httptest.NewServer(s.Server)
	t.Cleanup(s.kill)
	return s
}

// kill ends what would otherwise go on in this process.
func (s *server) kill() {
	s.die()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.Shutdown(ctx)
	s.web.Close()
}

// shutDown ends a server in order.
func (s *server) shutDown() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(s.t, s.Shutdown(ctx))
	must(s.t, s.Sessions.Close(ctx))
}

// enter connects a client with what it says in CONNECT, and returns its sid and pid.
func (s *server) enter(auth string) (client *engineclient.Conn, sid, pid string) {
	s.t.Helper()
	client, err := engineclient.Dialer{}.Dial(s.t.Context(), strings.Replace(s.web.URL, "http", "ws", 1)+"/socket.io/?EIO=4&transport=websocket")
	must(s.t, err)
	client.Step = patience
	s.t.Cleanup(func() { client.Close() })
	_, err = client.Await("0")
	must(s.t, err)
	must(s.t, client.Say("40"+auth))
	packet, err := client.Await("40")
	must(s.t, err)
	var reply struct{ SID, PID string }
	must(s.t, json.Unmarshal([]byte(packet[2:]), &reply))
	return client, reply.SID, reply.PID
}

func TestSocketsAreTakenUpByTheNextServer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first := serve(t, at.url)
		client, sid, pid := first.enter(`{"name":"ann"}`)
		must(t, client.Say(`420["join"]`))
		_, err := client.Await("430")
		must(t, err)
		leaver, leaversID, leaversPID := first.enter(`{"name":"bob"}`)
		must(t, leaver.Say(`420["join"]`))
		_, err = leaver.Await("430")
		must(t, err)
		eventually(t, "both written", func() bool { return at.sessions() == 2 })
		must(t, leaver.Say("41"))
		eventually(t, "the one who has left deleted", func() bool { return at.sessions() == 1 })
		first.kill()
		second := serve(t, at.url)
		for _, c := range []struct {
			who, pid, name string
			comesBack      bool
		}{{"another user", pid, "eve", false}, {"who has left", leaversPID, "bob", false}, {"who was cut off", pid, "ann", true}} {
			client, back, _ := second.enter(fmt.Sprintf(`{"name":%q,"pid":%q}`, c.name, c.pid))
			if got := slices.Contains([]string{sid, leaversID}, back); got != c.comesBack {
				t.Errorf("%s comes back: %v", c.who, got)
				continue
			}
			must(t, client.Say(`421["rooms"]`))
			if ack, err := client.Await("431"); err != nil || strings.Contains(ack, "lobby") != c.comesBack {
				t.Errorf("%s is in %s, %v", c.who, ack, err)
			}
		}
	})
}

// What changed last is written after the sockets are gone.
func TestSocketsAreTakenUpAfterAServerWasShutDown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, at place) {
		first := serve(t, at.url)
		pids := map[string]string{} // by sid
		for range 20 {
			client, sid, pid := first.enter(`{"name":"ann"}`)
			must(t, client.Say(`420["join"]`))
			_, err := client.Await("430")
			must(t, err)
			pids[sid] = pid
		}
		first.shutDown()
		second := serve(t, at.url)
		for sid, pid := range pids {
			client, back, _ := second.enter(fmt.Sprintf(`{"name":"ann","pid":%q}`, pid))
			must(t, client.Say(`421["rooms"]`))
			if ack, err := client.Await("431"); back != sid || err != nil || !strings.Contains(ack, "lobby") {
				t.Errorf("%s comes back as %s, in %s, %v", sid, back, ack, err)
			}
		}
	})
}
