package saved

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

func TestOfGatewaysThatClaimAndReclaimAtOnceOneWins(t *testing.T) {
	t.Parallel()
	at := inRedis(t, redistest.Start(t))
	owner := start(t, at.url, Options{})
	var others []*gateway
	for range 4 {
		others = append(others, start(t, at.url, Options{}))
	}
	for round := range 50 {
		sid := fmt.Sprint("sid-", round)
		owner.save(connect(sid, "u1", "a"))
		var work sync.WaitGroup
		var asked []*claim // before any was granted
		for range others {
			asked = append(asked, newClaim("/", sid))
		}
		winners := make(chan string, 5)
		work.Go(func() {
			if ours, err := owner.Reclaim(t.Context(), "/", sid); err != nil {
				t.Error(err)
			} else if ours {
				winners <- "the owner"
			}
		})
		for i, c := range asked {
			work.Go(func() {
				must(t, others[i].claims.add(c))
				if a := <-c.answer; a.err != nil {
					t.Error(a.err)
				} else if a.row != nil {
					winners <- fmt.Sprint("gateway ", i)
				}
			})
		}
		work.Wait()
		close(winners)
		if len(winners) != 1 {
			t.Errorf("%d winners", len(winners))
		}
	}
}

func TestAClaimThatIsLongOnItsWayDoesNotOvertakeOneThatWasMadeMeanwhile(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	owner, near := start(t, at.url, Options{}), start(t, at.url, Options{})
	far := start(t, longWay(t, server.Addr()), Options{})
	ann := connect("ann", "u1", "a")
	owner.save(ann)
	late := newClaim("/", "ann") // its client has come to another gateway as well, and is served there first
	wants(t, near.claim("ann"), ann)
	must(t, far.claims.add(late))
	if a := <-late.answer; a.err != nil || a.row != nil {
		t.Errorf("the claim that came late was answered %v, %v", a.row, a.err)
	}
}

// longWay is the URL of a Redis that hears everything 50 ms late.
func longWay(t *testing.T, addr string) (url string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				near.Close()
				continue
			}
			go func() { io.Copy(near, far); near.Close() }()
			go func() { io.Copy(lateWriter{far}, near); far.Close() }()
		}
	}()
	return "redis://" + listener.Addr().String()
}

type lateWriter struct{ io.Writer }

func (l lateWriter) Write(p []byte) (int, error) {
	<-time.After(50 * time.Millisecond)
	return l.Writer.Write(p)
}

// Its connection may be half open, so it is told within two signs of life, and what it still writes is refused.
func TestAnOwnerWhoseSessionIsClaimedEndsItsSocketAndForgets(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	first, second := start(t, at.url, Options{}), start(t, at.url, Options{})
	ann, bob := connect("ann", "u1", "a"), connect("bob", "u2", "a")
	keeper, beats := first.keeper.(*redis), int64(0)
	ann.ends = func() { beats = keeper.beats } // the writer calls it
	first.save(ann, bob)
	claimed := time.Now()
	wants(t, second.claim("ann"), ann)
	wants(t, second.claim("ann"), nil)
	before, err := server.Do("GET", keeper.alive(keeper.gateway)).AsInt64()
	must(t, err)
	if !first.takenUp(t.Context(), ann) || first.takenUp(t.Context(), bob) || first.takenUp(t.Context(), connect("never saved", "u1")) {
		t.Error("who is taken up is not told")
	}
	eventually(t, "ended", func() bool { return ann.superseded.Load() == 1 })
	if took := time.Since(claimed); took < untilSuperseded || beats > before+3 { // heard of with the first, and surely here with the third
		t.Errorf("ended after %s, with the sign of life %d; it was claimed by %d", took, beats, before)
	}
	if bob.superseded.Load() != 0 || fmt.Sprint(first.crowd.lost) != "[ann]" {
		t.Errorf("bob %d times; forgotten %q", bob.superseded.Load(), first.crowd.lost)
	}
	if ours, err := first.Reclaim(t.Context(), "/", "ann"); ours || err != nil {
		t.Errorf("the first takes it back from memory: %v, %v", ours, err)
	}
}

// A gateway that has just stood still would store once more what a client has sent again elsewhere.
func TestWhoIsTakenUpIsNotDeniedWhileRedisCanNotSay(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	s, ann := start(t, at.url, Options{}), connect("ann", "u1", "a")
	s.save(ann)
	if s.takenUp(t.Context(), ann) {
		t.Error("a session of this gateway is another's")
	}
	server.Kill()
	if !s.takenUp(t.Context(), ann) {
		t.Error("it is denied")
	}
}

func TestWhoIsBackBeforeTheNewsOfItsLeavingStays(t *testing.T) {
	t.Parallel()
	at := inRedis(t, redistest.Start(t))
	first, w := unstarted(t, at.url, Options{})
	second := start(t, at.url, Options{})
	ann := connect("ann", "u1", "a")
	first.crowd.all = []session{ann}
	first.changed(ann)
	w.pass(first.life)
	wants(t, second.claim("ann"), ann)
	at.ageClaims()
	rows, err := first.keeper.claim(t.Context(), []asked{{keyOf("/", "ann"), "ann", time.Now()}})
	if err != nil || len(rows) != 1 {
		t.Fatalf("claimed back %v, %v", rows, err)
	}
	must(t, w.write(t.Context(), nil, nil))
	w.supersede(time.Now().Add(time.Hour))
	if ann.superseded.Load() != 0 || len(first.crowd.lost) != 0 {
		t.Error("it was ended")
	}
}

// A failover may lose a claim, and the sign of life that came behind it.
func TestAFailoverThatLosesAClaimGivesTheSessionToNobodyElse(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	first, second := start(t, at.url, Options{}), start(t, at.url, Options{})
	ann := connect("ann", "u1", "a")
	first.save(ann)
	name := (&redis{prefix: prefix}).session(keyOf("/", "ann"))
	before, err := server.Do("GET", name).ToString()
	must(t, err)
	wants(t, second.claim("ann"), ann)
	ann.moveTo("b")
	second.save(ann)
	must(t, server.Do("SET", name, before).Error())
	must(t, server.Do("SET", second.keeper.(*redis).alive(second.keeper.(*redis).gateway), "0").Error())
	eventually(t, "written anew", func() bool {
		now, err := server.Do("GET", name).ToString()
		return err == nil && strings.HasPrefix(now, second.keeper.(*redis).gateway+" 1 ") && strings.Contains(now, `"b"`)
	})
	if second.counted("taken") != 0 || !strings.Contains(second.said(), "were lost") {
		t.Errorf("%d taken, and the log says\n%s", second.counted("taken"), second.said())
	}
}

func TestAnEmptiedRedisHasAllSessionsAgainOfThoseWhoAreConnected(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(s *redistest.Server){
		"flushed":   func(s *redistest.Server) { s.Do("FLUSHALL") },
		"restarted": func(s *redistest.Server) { s.Kill(); s.Restart() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			at := inRedis(t, server)
			first, second, ann, gone := start(t, at.url, Options{}), start(t, at.url, Options{}), connect("ann", "u1", "a"), connect("gone", "u2", "a")
			first.save(ann)
			second.save(gone)
			second.die()
			empty(server)
			third := start(t, at.url, Options{})
			wants(t, third.claim("gone"), nil)
			eventually(t, "written anew", func() bool { return first.counted("written") >= 2 })
			wants(t, third.claim("ann"), ann)
		})
	}
}

// Keys that nobody deletes end by themselves, and sessions are written anew long before.
func TestEveryKeyInRedisEnds(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	first, w := unstarted(t, at.url, Options{})
	ann := connect("ann", "u1", "a")
	first.crowd.all = []session{ann}
	first.changed(ann)
	w.pass(first.life)
	second := start(t, at.url, Options{})
	wants(t, second.claim("ann"), ann)
	names, err := server.Do("KEYS", "*").AsStrSlice()
	must(t, err)
	kinds := map[string]bool{}
	for _, name := range names {
		left, err := server.Do("PTTL", name).AsInt64()
		must(t, err)
		if left <= 0 || left > (lastingWindows*time.Minute).Milliseconds() {
			t.Errorf("%s ends in %d ms", name, left)
		}
		kinds[strings.Split(name, ":")[1]] = true
	}
	if len(kinds) != 3 {
		t.Errorf("keys %q", names)
	}
	if w.mustRenew() {
		t.Error("all are written anew at once")
	}
	if w.renewed = w.renewed.Add(-lastingWindows / 2 * time.Minute); !w.mustRenew() || w.mustRenew() {
		t.Error("not written anew once in time")
	}
}

// A gateway that stood still knows nothing of what came to pass, and goes on where it was.
func TestWhatAStoppedGatewayWritesLateIsRefused(t *testing.T) {
	t.Parallel()
	at := inRedis(t, redistest.Start(t))
	child := startChild(t, at.url)
	child.signal(syscall.SIGSTOP)
	second := start(t, at.url, Options{})
	for i := range childSessions {
		wants(t, second.claim(fmt.Sprint("sid-", i)), childSession(i))
	}
	moved := childSession(0)
	moved.moveTo("new")
	second.save(moved)
	child.signal(syscall.SIGCONT)
	for i := range childSessions {
		if line := child.line(); !strings.HasPrefix(line, "superseded sid-") {
			t.Fatalf("after %d the child said %q", i, line)
		}
	}
	at.ageClaims()
	wants(t, start(t, at.url, Options{}).claim("sid-0"), moved)
}

func TestASessionThatRedisHasNoPlaceForDoesNotComeBackAsItWas(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	g, w := unstarted(t, at.url, Options{})
	ann := connect("ann", "u1", "left")
	g.changed(ann)
	w.pass(g.life)
	must(t, server.Do("CONFIG", "SET", "maxmemory", "1").Error())
	ann.moveTo("b")
	g.changed(ann)
	if !w.pass(g.life) || at.sessions() != 0 {
		t.Errorf("%d sessions are left", at.sessions())
	}
	must(t, server.Do("CONFIG", "SET", "maxmemory", "0").Error())
	w.pass(g.life)
	wants(t, start(t, at.url, Options{}).claim("ann"), ann)
}

func TestARedisUserWithoutRightsIsToldWhatToGrant(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	must(t, server.Do("ACL", "SETUSER", "gate", "on", ">secret", "+ping", "+client", "+hello").Error())
	g := start(t, "redis://gate:secret@"+server.Addr(), Options{afterGrant: 50 * time.Millisecond})
	ann := connect("ann", "u1", "a")
	g.crowd.all = []session{ann}
	wants(t, g.claim("ann"), nil)
	_, grant, found := strings.Cut(g.said(), "ACL SETUSER NAME ")
	if !found {
		t.Fatalf("the log says\n%s", g.said())
	}
	grant, _, _ = strings.Cut(grant, `"`)
	must(t, server.Do(append([]string{"ACL", "SETUSER", "gate"}, strings.Fields(grant)...)...).Error())
	eventually(t, "saved", func() bool { return g.counted("written") > 0 })
	wants(t, start(t, server.URL(), Options{}).claim("ann"), ann)
}

func TestWhileRedisIsAwayChangesWaitAndMemoryIsBelieved(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := inRedis(t, server)
	g := start(t, at.url, Options{})
	ann, bob := connect("ann", "u1", "a"), connect("bob", "u2", "a")
	g.save(ann)
	server.Pause()
	g.crowd.mu.Lock()
	g.crowd.all = append(g.crowd.all, bob)
	g.crowd.mu.Unlock()
	g.changed(bob)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if found, err := g.Claim(ctx, "/", "carl"); found != nil || err == nil {
		t.Errorf("claimed %v, %v", found, err)
	}
	if ours, err := g.Reclaim(ctx, "/", "ann"); ours || err == nil {
		t.Errorf("reclaimed %v, %v", ours, err)
	}
	eventually(t, "an outage", func() bool { return strings.Contains(g.said(), "can't be saved") })
	server.Resume()
	eventually(t, "the end of the outage", func() bool { return strings.Contains(g.said(), "saved from now on") })
	wants(t, start(t, at.url, Options{}).claim("bob"), bob)
}

// Nobody may tell of a session's end, and then no memory of it must stay.
func TestWhatAGatewayRemembersOfClaimsEndsWithTheSessions(t *testing.T) {
	t.Parallel()
	at := inRedis(t, redistest.Start(t))
	first := start(t, at.url, Options{})
	second, w := unstarted(t, at.url, Options{})
	for i := range 3 {
		first.save(connect(strconv.Itoa(i), "u1", "a"))
		rows, err := second.keeper.claim(t.Context(), []asked{{key: keyOf("/", strconv.Itoa(i)), since: time.Now()}})
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
	}
	second.Ended("/", "0")
	w.pass(second.life)
	began := time.Now()
	second.crowd.all = []session{connect("2", "u1", "a")}
	for _, step := range []struct{ after, left int }{{0, 2}, {59, 2}, {60, 1}} {
		must(t, w.deleteAbsent(t.Context(), began.Add(time.Duration(step.after)*time.Second)))
		if n := len(second.keeper.(*redis).generations); n != step.left || at.sessions() != step.left {
			t.Errorf("after %d s: %d generations, %d sessions", step.after, n, at.sessions())
		}
	}
}

// Whoever can write to Redis can't give a client the rooms of another, nor rooms that it likes.
func TestASessionThatNoGatewayHasSealedForItIsNotTakenUp(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	key := []byte(strings.Repeat("k", 32))
	first, second := start(t, server.URL(), Options{Key: key}), start(t, server.URL(), Options{Key: key})
	ann, ben, cid := connect("ann", "u1", "board"), connect("ben", "u2", "b"), connect("cid", "u3", "c")
	first.save(ann, ben, cid)
	at := func(sid string) string { return first.keeper.(*redis).session(keyOf("/", sid)) }
	text, err := server.Do("GET", at("ann")).ToString()
	must(t, err)
	if strings.Contains(text, "board") || strings.Contains(text, "u1") {
		t.Errorf("a session lies open: %q", text)
	}
	head := strings.Join(strings.SplitN(text, " ", 4)[:3], " ")
	must(t, server.Do("SET", at("ben"), text).Error())
	must(t, server.Do("SET", at("cid"), head+" u3\x00"+`{"rooms":["board"]}`).Error())
	wants(t, second.claim("ben"), nil)
	wants(t, second.claim("cid"), nil)
	wants(t, second.claim("ann"), ann)
}
