package chat

import (
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/presence"
)

// twin is the other gateway of two, as far as logins are concerned; nobody is in a room there.
type twin struct {
	serve func([]presence.Change)
	other **host
}

func (w *twin) Serve(serve func([]presence.Change)) { w.serve = serve }
func (w *twin) Open(room string) uint64 {
	go w.serve([]presence.Change{{Room: room, Opening: 1, Known: true}})
	return 1
}
func (w *twin) Forget(string)                    {}
func (w *twin) Entered(string, *contract.Person) {}
func (w *twin) Left(string, string, bool) bool   { return false }
func (w *twin) Connected(string)                 {}
func (w *twin) Disconnected(string)              {}
func (w *twin) LoginEnded(user, login string) {
	(*w.other).chat.EndLogins(map[string][]string{user: {login}})
}
func (w *twin) UserEnded(user string) { (*w.other).chat.EndLogins(map[string][]string{user: nil}) }

// twins are two gateways, of which one alone asks by itself whether logins have ended.
func twins(t *testing.T, logins *ledger, within time.Duration) (asks, hears *host) {
	hears = serve(t, &memory{}, func(o *Options) {
		o.Logins, o.Recheck, o.Gateways = logins, time.Hour, &twin{other: &asks}
	})
	asks = serve(t, &memory{}, func(o *Options) {
		o.Logins, o.Recheck, o.Gateways = logins, within, &twin{other: &hears}
	})
	return asks, hears
}

func TestWhatOneGatewayHasFoundEndedTheOthersEndWithinASecond(t *testing.T) {
	t.Parallel()
	logins := &ledger{}
	asks, hears := twins(t, logins, soon)
	here := asks.visit("ann", time.Hour)
	there, later, bob := hears.visit("ann", time.Hour), hears.visit("ann", 2*time.Hour), hears.visit("bob", time.Hour)
	logins.set([]string{"ann"}, nil)
	began := time.Now()
	for _, v := range []*visitor{here, there, later} { // the last by another login, of which the app is asked
		if _, err := v.Await("never"); err == nil {
			t.Error("a connection of the login is left")
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	if got := bob.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("somebody else: %v", got)
	}
}

func TestLoginThatIsNotTheEndedOneStays(t *testing.T) {
	t.Parallel()
	_, hears := twins(t, &ledger{}, soon)
	ann := hears.visit("ann", time.Hour)
	hears.chat.EndLogins(map[string][]string{"ann": {"the digest of another login"}})
	if got := ann.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("%v", got)
	}
}

func TestDisconnectedUserIsGoneFromEveryGateway(t *testing.T) {
	t.Parallel()
	asks, hears := twins(t, &ledger{}, soon)
	here, there, bob := asks.visit("ann", time.Hour), hears.visit("ann", time.Hour), hears.visit("bob", time.Hour)
	asks.chat.disconnectUsers("ann")
	here.await("41")
	there.await("41")
	if got := bob.ask("join_room", `"r"`); got["ok"] != true {
		t.Errorf("somebody else: %v", got)
	}
}
