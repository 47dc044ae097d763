package chat

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// After SIGSTOP a gateway reads what its clients have sent again elsewhere: each message with a client's id is looked for there.
func TestAGatewayThatStoodStillLooksElsewhereForWhatItReads(t *testing.T) {
	t.Parallel()
	began := time.Now()
	for name, first := range map[string]func(s *stillness, now time.Time){
		"a message runs first": func(s *stillness, now time.Time) {
			if !s.stood(now) {
				t.Error("what was read first was not looked for")
			}
		},
		"the beat runs first": func(s *stillness, now time.Time) {
			s.stood(now)
			s.beat.Store(int64(now.Sub(s.began)))
		},
	} {
		s := &stillness{began: began}
		at := func(d time.Duration) time.Time { return began.Add(d) }
		s.beat.Store(int64(10 * time.Second))
		if s.stood(at(10*time.Second + longestBeat)) {
			t.Errorf("%s: it ran all the time", name)
		}
		first(s, at(15*time.Second))
		s.beat.Store(int64(16 * time.Second))
		if !s.stood(at(16 * time.Second)) {
			t.Errorf("%s: what was read a second later was not looked for", name)
		}
		s.beat.Store(int64(15*time.Second + resendWindow))
		if s.stood(at(15*time.Second + resendWindow)) {
			t.Errorf("%s: nobody sends again after that", name)
		}
	}
}

func TestAProcessThatRunsHasNotStoodStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s, over := &stillness{began: time.Now()}, make(chan struct{})
		go func() { s.run(ctx); close(over) }()
		for range 100 {
			time.Sleep(beatEvery / 2)
			if s.stood(time.Now()) {
				t.Fatal("it has")
			}
		}
		cancel()
		<-over
	})
}
