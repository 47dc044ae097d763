package sessions

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

// slow is a database that takes a second for each session, on fake time. "good" is one.
type slow struct {
	*Turns
	asked   atomic.Int32
	refused atomic.Int32
}

func newSlow(timeout time.Duration) *slow {
	s := &slow{}
	s.Turns = NewTurns(func(ctx context.Context, session string) (token.Claims, error) {
		s.asked.Add(1)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return token.Claims{}, token.ErrUnavailable
		}
		if session != "good" {
			return token.Claims{}, token.ErrNoSession
		}
		return token.Claims{UserID: "ann"}, nil
	}, timeout, func(string) { s.refused.Add(1) })
	return s
}

func from(t *testing.T, addr string) context.Context {
	return token.WithClient(t.Context(), netip.MustParseAddr(addr))
}

func TestALoginDoesNotWaitBehind600ConnectionsWithoutASession(t *testing.T) {
	t.Parallel()
	for name, attacker := range map[string]func(i int) string{
		"one address": func(int) string { return "192.0.2.1" },
		"one /64":     func(i int) string { return netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i), 14: byte(i >> 8)}).String() },
		"mapped":      func(i int) string { return []string{"192.0.2.1", "::ffff:192.0.2.1"}[i%2] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSlow(4 * time.Second)
				var others sync.WaitGroup
				for i := range 600 {
					others.Go(func() { s.Claims(from(t, attacker(i)), "made up") })
				}
				synctest.Wait()
				began, before := time.Now(), s.asked.Load()
				claims, err := s.Claims(from(t, "198.51.100.7"), "good")
				if err != nil || claims.UserID != "ann" {
					t.Errorf("%v, %v", claims, err)
				}
				if waited := time.Since(began); before > sessionConnections || waited > time.Second {
					t.Errorf("%d look-ups ran before, and it took %s of fake time, want its own second", before, waited)
				}
				others.Wait()
				if s.refused.Load() == 0 {
					t.Error("none of the 600 was refused")
				}
			})
		})
	}
}

func TestASessionWhoseTurnDoesNotComeIsUnavailableAndNotUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(500 * time.Millisecond)
		var others sync.WaitGroup
		for range 10 {
			others.Go(func() { s.Claims(from(t, "192.0.2.1"), "good") })
		}
		synctest.Wait()
		if _, err := s.Claims(from(t, "192.0.2.1"), "good"); !errors.Is(err, token.ErrUnavailable) || errors.Is(err, token.ErrNoSession) {
			t.Errorf("error %v", err)
		}
		others.Wait()
	})
}
