package engineio

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// entrance is a server behind a Door, or without one, that counts what comes to it.
type entrance struct {
	*Server
	t       testing.TB
	web     *httptest.Server
	log     lockedLog
	present atomic.Int32 // connections that have arrived and not departed
	causes  *causes
}

type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func openEntrance(t testing.TB, byDoor bool, o Options, d DoorOptions) *entrance {
	t.Helper()
	e := &entrance{t: t, causes: newCauses()}
	o.Observer = e.causes
	e.Server = New(newRecorder(), o)
	e.web = httptest.NewUnstartedServer(e.Server)
	e.web.Config.ReadHeaderTimeout, e.web.Config.MaxHeaderBytes = patience, 32<<10
	e.web.Config.ErrorLog = log.New(&e.log, "", 0)
	if byDoor {
		d.Takes = func(r *http.Request) bool { return r.URL.Path == "/engine.io/" }
		d.Arrive = func(net.Conn) (any, bool) { e.present.Add(1); return e, true }
		d.Depart = func(mark any) { mark.(*entrance).present.Add(-1) }
		d.ErrorLog = e.web.Config.ErrorLog
		e.web.Config.ConnState = func(conn net.Conn, state http.ConnState) {
			if state == http.StateHijacked || state == http.StateClosed {
				d.Depart(conn.(*Passed).Mark())
			}
		}
		e.web.Listener = e.Door(e.web.Listener, d)
	}
	e.web.Start()
	t.Cleanup(e.close)
	return e
}

// close checks that nothing is left.
func (e *entrance) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		e.t.Errorf("shutdown: %v", err)
	}
	e.web.Close()
	if n := e.present.Load(); n != 0 {
		e.t.Errorf("%d connections have not departed", n)
	}
	if n := e.options.Admission.Places(); n != 0 {
		e.t.Errorf("%d places are taken", n)
	}
}

func (e *entrance) dial() *net.TCPConn {
	e.t.Helper()
	conn, err := net.Dial("tcp", e.web.Listener.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

var (
	secretID = regexp.MustCompile(`"sid":"[^"]*"`)
	dates    = regexp.MustCompile(`Date: [^\n]*`)
)

// answers returns everything that the server says until it closes the connection or, if it is a WebSocket, its first count
// frames.
func answers(conn net.Conn, count int) (all []string, err error) {
	reader := bufio.NewReader(conn)
	for {
		got, err := http.ReadResponse(reader, nil)
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				return all, nil
			}
			return all, err
		}
		var text strings.Builder
		if got.StatusCode != http.StatusSwitchingProtocols {
			body, _ := io.ReadAll(got.Body)
			got.Body = io.NopCloser(bytes.NewReader(body))
			got.Write(&text)
			all = append(all, secretID.ReplaceAllString(dates.ReplaceAllString(text.String(), "Date: today"), "sid"))
			conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond)) // a connection that is kept has said all by then
			continue
		}
		got.Write(&text)
		all = append(all, text.String())
		for range count {
			frame := make([]byte, 2)
			io.ReadFull(reader, frame)
			frame = append(frame, make([]byte, frame[1])...)
			if _, err := io.ReadFull(reader, frame[2:]); err != nil {
				return all, err
			}
			all = append(all, secretID.ReplaceAllString(string(frame), "sid"))
		}
		return all, nil
	}
}

// outcome sends bytes to a new server in these pieces, and tells what comes back and what is counted.
func outcome(t *testing.T, byDoor bool, said string, frames, piece int) string {
	e := openEntrance(t, byDoor, Options{
		CloseGrace: time.Second, Allow: func(r *http.Request) bool { return r.Header.Get("Origin") != "evil" },
	}, DoorOptions{})
	conn := e.dial()
	go func() { // the server may not take it all
		for rest := said; rest != ""; rest = rest[min(piece, len(rest)):] {
			if _, err := io.WriteString(conn, rest[:min(piece, len(rest))]); err != nil {
				return
			}
		}
		if headEnd([]byte(said)) == 0 {
			conn.CloseWrite()
		}
	}()
	all, err := answers(conn, frames)
	end := "closed"
	if isNet := net.Error(nil); errors.As(err, &isNet) && isNet.Timeout() {
		end = "kept"
	}
	conn.Close()
	e.close()
	var counted []string
	for len(e.causes.refused) > 0 {
		if cause := <-e.causes.refused; cause != CauseProtocol { // which a door alone sees
			counted = append(counted, cause)
		}
	}
	slices.Sort(counted)
	return cmp.Or(strings.Join(all, "\n\n"), "no word") + "\n" + end + "\ncounted: " + strings.Join(counted, ", ")
}

func TestTheDoorAnswersLikeNetHTTP(t *testing.T) {
	t.Parallel()
	turns := make(chan struct{}, 20) // most of the time they wait
	var all sync.WaitGroup
	for name, k := range knocks() {
		for _, piece := range []int{1 << 20, 1} {
			if piece == 1 && (len(k.bytes) > 2_000 || k.rude) {
				continue
			}
			all.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				want := outcome(t, false, k.bytes, k.frames, 1<<20)
				if got := outcome(t, true, k.bytes, k.frames, piece); got != want {
					t.Errorf("%s, in pieces of %d:\n%s\nwithout the door:\n%s", name, piece, got, want)
				}
			})
		}
	}
	all.Wait()
}

func (e *entrance) says(conn *net.TCPConn, bytes string) {
	e.t.Helper()
	if _, err := io.WriteString(conn, bytes); err != nil {
		e.t.Fatal(err)
	}
}

// ends reads to the end of a connection that the server closes, and returns what it said before.
func (e *entrance) ends(conn *net.TCPConn) string {
	e.t.Helper()
	said, err := io.ReadAll(conn)
	if err != nil {
		e.t.Errorf("the connection is not closed: %v", err)
	}
	return string(said)
}

// settles waits until so many connections are counted at the door.
func (e *entrance) settles(want int32) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); e.present.Load() != want; runtime.Gosched() {
		if time.Now().After(deadline) {
			e.t.Fatalf("%d are at the door, want %d", e.present.Load(), want)
		}
	}
}

func TestWhoIsSlowAtTheDoorIsCountedAndCut(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{}, DoorOptions{HeaderTimeout: 200 * time.Millisecond})
	good := upgradeRequest(handshakeQuery)
	var slow []*net.TCPConn
	for _, said := range []string{"", "G", "GET /engine.io/?EIO=4", good[:len(good)-1]} {
		conn := e.dial()
		e.says(conn, said)
		slow = append(slow, conn)
	}
	e.settles(int32(len(slow)))
	for _, conn := range slow {
		if said := e.ends(conn); said != "" {
			t.Errorf("it was told %q", said)
		}
	}
	e.settles(0)
	conn := e.dial() // the timer rests, and begins anew
	e.settles(1)
	e.ends(conn)
}

// Who has the wrong setting would wait for HeaderTimeout, and the operator would see nothing.
func TestWhatIsNoHTTPIsAnsweredAtOnceAndCounted(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{}, DoorOptions{HeaderTimeout: time.Hour})
	for _, said := range []string{
		"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + upgradeRequest(handshakeQuery), "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c",
	} {
		conn := e.dial()
		e.says(conn, said)
		if told := e.ends(conn); !strings.HasPrefix(told, "HTTP/1.1 400 ") {
			t.Errorf("%.20q was told %q", said, told)
		}
		if cause := within(t, e.causes.refused, "the count"); cause != CauseProtocol {
			t.Errorf("%.20q: %s", said, cause)
		}
	}
	e.settles(0)
}

func TestAClientDropByDropIsNotCutBeforeItsTime(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{}, DoorOptions{})
	conn := e.dial()
	for _, drop := range []byte(upgradeRequest(handshakeQuery) + string(frame(finText, "4a"))) {
		e.says(conn, string([]byte{drop}))
	}
	if got, err := answers(conn, 2); err != nil || len(got) != 3 || !strings.HasSuffix(got[2], "4a") {
		t.Errorf("answered %q, %v", got, err)
	}
	e.settles(0)
}

func TestWhoIsAtTheDoorAtTheEndIsAnsweredByNetHTTP(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{}, DoorOptions{})
	good := upgradeRequest(handshakeQuery)
	early, silent := e.dial(), e.dial()
	e.says(early, good[:20])
	e.settles(2)
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	late := e.dial()
	e.says(late, good)
	e.says(early, good[20:])
	e.says(silent, good)
	for _, conn := range []*net.TCPConn{early, silent, late} {
		if said := e.ends(conn); !strings.HasPrefix(said, "HTTP/1.1 503 ") {
			t.Errorf("answered %q", said)
		}
	}
	e.settles(0)
}

func TestAClosedDoorLetsGoOfWhoWaits(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{}, DoorOptions{})
	silent, half := e.dial(), e.dial()
	e.says(half, "GET /")
	e.settles(2)
	e.web.Listener.Close()
	e.ends(silent)
	half.CloseWrite()
	io.Copy(io.Discard, half) // closed with an unread byte or without
	e.settles(0)
}

func TestAFullServerRefusesAtTheDoor(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{MaxConnections: 1}, DoorOptions{})
	first := e.dial()
	e.says(first, upgradeRequest(handshakeQuery))
	within(t, e.causes.opened, "the session")
	second := e.dial()
	e.says(second, upgradeRequest(handshakeQuery))
	if said := e.ends(second); !strings.HasPrefix(said, "HTTP/1.1 503 Service Unavailable\r\n") || !strings.Contains(said, "\r\nRetry-After: 5\r\n") {
		t.Errorf("answered %q", said)
	}
	if cause := within(t, e.causes.refused, "the count"); cause != CauseMaximum {
		t.Errorf("counted as %q", cause)
	}
	e.settles(0)
}

func TestAPanicAtTheDoorCostsOneConnection(t *testing.T) {
	t.Parallel()
	e := openEntrance(t, true, Options{Identify: func(r *http.Request) Identity {
		if r.Header.Get("Cookie") == "poison" {
			panic("what an attacker has found")
		}
		return Identity{}
	}}, DoorOptions{})
	bystander, attacker := e.dial(), e.dial()
	e.says(bystander, upgradeRequest(handshakeQuery))
	e.says(attacker, strings.Replace(upgradeRequest(handshakeQuery), "Host: x", "Host: x\r\nCookie: poison", 1))
	if said := e.ends(attacker); said != "" {
		t.Errorf("answered %q", said)
	}
	if !strings.Contains(e.log.String(), "what an attacker has found") {
		t.Errorf("the log has %q", e.log.String())
	}
	e.says(bystander, string(frame(finText, "4still here")))
	if got, err := answers(bystander, 2); err != nil || len(got) != 3 || !strings.HasSuffix(got[2], "4still here") {
		t.Errorf("the bystander got %q, %v", got, err)
	}
	e.settles(0)
}
