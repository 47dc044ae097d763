package engineio

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlowBodySenderIsCut(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		start := time.Now()
		body, rest := io.Pipe()
		defer rest.Close()
		got := make(chan answer, 1)
		go func() { got <- p.do(t.Context(), http.MethodPost, body) }()
		for time.Since(start) < 29*time.Second {
			io.WriteString(rest, "4")
			time.Sleep(time.Second)
		}
		p.gets(<-got, http.StatusRequestTimeout, "")
		expectAfter(t, "the answer", start, 30*time.Second)
		h.expectEnd(t, TransportError)
		p.forgotten()
	})
}

// Net/http reads what is left of a body before it answers, for as long as that takes.
func TestSlowBodyOfARefusedRequestIsCut(t *testing.T) {
	onFakeTime(t, Options{}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		posts := func() string { return "POST /engine.io/" + p.query }
		for name, request := range map[string]string{
			"no session":      "POST " + "/engine.io/?EIO=4&transport=polling HTTP/1.1\r\n",
			"unknown session": posts() + "x HTTP/1.1\r\n",
			"another method":  "PUT" + posts()[4:] + " HTTP/1.1\r\n",
			"octet-stream":    posts() + " HTTP/1.1\r\nContent-Type: application/octet-stream\r\n",
		} {
			conn := network.connect()
			start := time.Now()
			fmt.Fprintf(conn, "%sHost: x\r\nContent-Length: 1000\r\n\r\n4", request)
			got, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || got.StatusCode != 400 {
				t.Fatalf("%s: %v, %v", name, got, err)
			}
			io.ReadAll(conn)
			if took := time.Since(start); took > 31*time.Second {
				t.Errorf("%s: cut after %v", name, took)
			}
			conn.Close()
		}
	})
}

func TestClientThatDoesNotTakeItsAnswerIsCut(t *testing.T) {
	onFakeTime(t, Options{PingInterval: time.Hour}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller().open()
		s := <-h.opened
		conn := network.connect()
		defer conn.Close()
		fmt.Fprintf(conn, "GET /engine.io/%s HTTP/1.1\r\nHost: x\r\n\r\n", p.query)
		start := time.Now()
		s.Send(numbered(0, 5000))
		synctest.Wait()
		if n := s.cost(); n < 5000 {
			t.Errorf("%d bytes count as queued while the client has not taken them", n)
		}
		if reason := <-h.closed; reason != TransportError {
			t.Errorf("reason %q, want %q", reason, TransportError)
		}
		expectAfter(t, "the end", start, 30*time.Second)
		h.expectNoEnd(t)
	})
}

// The limits are of one request: others may use the connection after it.
func TestConnectionsOutliveTheTimeOfOneRequest(t *testing.T) {
	onFakeTime(t, Options{PingInterval: time.Hour}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		p := network.poller()
		p.open()
		for range 4 {
			p.says("4a")
			p.expect("4a")
			time.Sleep(2 * requestTimeout)
		}
		if n := p.dials.Load(); n != 1 {
			t.Errorf("%d connections were needed, want one", n)
		}
		h.expectNoEnd(t)
	})
}

// The receiver's work is not the client's slowness.
func TestReceiverMayTakeLongerThanAClientMay(t *testing.T) {
	onFakeTime(t, Options{PingInterval: time.Hour}, func(t *testing.T, h *recorder, _ *Server, network *memory) {
		h.heard = func([]byte) { time.Sleep(2 * requestTimeout) }
		p := network.poller().open()
		p.says("4a\x1e4b")
		p.expect("4a\x1e4b")
		if n := p.dials.Load(); n != 1 {
			t.Errorf("%d connections were needed, want one", n)
		}
		h.expectNoEnd(t)
	})
}
