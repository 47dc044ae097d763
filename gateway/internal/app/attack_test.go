package app

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/token"
)

// wirePeer speaks to the gateway by hand, well or badly.
type wirePeer struct{ conn *engineclient.Conn }

func dialGateway(addr string) (*wirePeer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := engineclient.Dialer{}.Dial(ctx, "ws://"+addr+"/socket.io/?"+engineclient.Query)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	return &wirePeer{conn}, nil
}

func (p *wirePeer) say(packet string) error { return p.conn.Say(packet) }

// await reads until a packet starts with prefix.
func (p *wirePeer) await(prefix string) error {
	_, err := p.conn.Await(prefix)
	return err
}

// enter connects with a valid token and joins a room.
func enter(t *testing.T, addr, user, room string) *wirePeer {
	t.Helper()
	tok, err := token.Mint([]byte(testSecret), user, user, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p, err := dialGateway(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.conn.Close() })
	for _, step := range [][2]string{
		{`40{"token":"` + tok + `"}`, "40"}, {`420["join_room","` + room + `"]`, "430"},
	} {
		if err := p.say(step[0]); err != nil {
			t.Fatal(err)
		}
		if err := p.await(step[1]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// roundTrip is the median time that an honest client waits for an answer, when it asks a hundred
// times a second.
func roundTrip(t *testing.T, p *wirePeer, rounds int) time.Duration {
	t.Helper()
	times := make([]time.Duration, rounds)
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for i := range times {
		<-pace.C
		began := time.Now()
		if err := p.say(fmt.Sprintf(`42%d["leave_room","nowhere"]`, i)); err != nil {
			t.Fatal(err)
		}
		if err := p.await(fmt.Sprintf("43%d[", i)); err != nil {
			t.Fatalf("the honest client was cut off: %v", err)
		}
		times[i] = time.Since(began)
	}
	slices.Sort(times)
	return times[rounds/2]
}

// attacks are what hostile clients do over and over, each on a connection of its own.
var attacks = map[string]func(p *wirePeer, tok string){
	"no token": func(p *wirePeer, _ string) { p.say("40"); p.await("nothing") },
	"token of dots": func(p *wirePeer, _ string) {
		p.say(`40{"token":"` + strings.Repeat(".", 100_000) + `"}`)
		p.await("nothing")
	},
	"garbage":   func(p *wirePeer, _ string) { p.say("garbage"); p.await("nothing") },
	"raw bytes": func(p *wirePeer, _ string) { p.conn.Write([]byte{0xff, 0xff, 0xff}); p.await("nothing") },
	"deep JSON": func(p *wirePeer, _ string) {
		p.say(`42["a",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `]`)
		p.await("nothing")
	},
	"length overflow": func(p *wirePeer, _ string) {
		p.conn.Write([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
		p.await("nothing")
	},
	"event flood": func(p *wirePeer, tok string) {
		p.say(`40{"token":"` + tok + `"}`)
		for range 3000 {
			if p.say(`42["join_room","x"]`) != nil {
				return
			}
		}
		p.await("nothing")
	},
	"never reads": func(p *wirePeer, tok string) {
		p.say(`40{"token":"` + tok + `"}`)
		for i := range 500 {
			if p.say(fmt.Sprintf(`42%d["nothing"]`, i)) != nil {
				return
			}
		}
	},
}

func TestAttacksHarmNobodyElseAndLeaveNothingBehind(t *testing.T) {
	c := testConfig(t)
	c.AdminAddr = "127.0.0.1:0"
	a, _ := start(t, c)
	addr := a.Addr().String()
	honest := enter(t, addr, "ann", "lobby")
	quiet := roundTrip(t, honest, 100)
	before := runtime.NumGoroutine()

	tok, err := token.Mint([]byte(testSecret), "eve", "eve", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var attackers sync.WaitGroup
	for _, attack := range attacks {
		attackers.Go(func() {
			pace := time.NewTicker(100 * time.Millisecond)
			defer pace.Stop()
			for range pace.C {
				select {
				case <-stop:
					return
				default:
				}
				if p, err := dialGateway(addr); err == nil {
					p.conn.SetDeadline(time.Now().Add(time.Second))
					attack(p, tok)
					p.conn.Close()
				}
			}
		})
	}
	busy := roundTrip(t, honest, 200)
	close(stop)
	attackers.Wait()

	t.Logf("median round trip: %v alone, %v beside %d attackers on the same %d cores", quiet, busy, len(attacks), runtime.NumCPU())
	// Attackers and gateway share the cores, so this is no measurement of the machine. What must not happen is that the
	// honest client waits for an attacker: a worker or a lock that one holds would cost up to a second.
	if busy > 100*quiet {
		t.Errorf("the honest client waits %v instead of %v", busy, quiet)
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); a.sockets.Connections() > 1 || runtime.NumGoroutine() > before+20; <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections and %d goroutines are left, %d before", a.sockets.Connections(), runtime.NumGoroutine(), before)
		}
	}
	_, metrics := get(t, a.servers[1].listener.Addr().String(), "/metrics")
	for _, reason := range []string{"connect refused", "parse error", "transport error", "flooding"} {
		if strings.Contains(metrics, fmt.Sprintf("socketgate_connections_closed_total{reason=%q} 0\n", reason)) {
			t.Errorf("nothing was counted as %q", reason)
		}
	}
}
