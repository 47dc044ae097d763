package socketio

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// asker serves a namespace and connects one client to it.
func asker(t *testing.T) (c *client, s *Socket) {
	t.Helper()
	sockets := make(chan *Socket, 1)
	m := serve(t, Options{}, func(server *Server) {
		server.Of("/").OnConnect(func(s *Socket) { sockets <- s })
	})
	c = m.connect("/")
	return c, within(t, sockets, "the socket")
}

type outcome struct {
	answer string
	err    error
}

func ask(ctx context.Context, s *Socket) <-chan outcome {
	result := make(chan outcome, 1)
	go func() {
		answer, err := s.EmitWithAck(ctx, "question", 1)
		result <- outcome{fmt.Sprintf("%s", answer), err}
	}()
	return result
}

func TestClientAcksTheServersEvents(t *testing.T) {
	t.Parallel()
	c, s := asker(t)
	for id := range 3 {
		answer := ask(t.Context(), s)
		c.expect(fmt.Sprintf(`2%d["question",1]`, id))
		c.say(fmt.Sprintf(`3%d["yes",{"a":[]}]`, id))
		c.say(fmt.Sprintf(`3%d["again"]`, id)) // nobody waits for it any more
		if got := within(t, answer, "the ack"); got.err != nil || got.answer != `["yes" {"a":[]}]` {
			t.Errorf("got %+v", got)
		}
	}
	answer := ask(t.Context(), s)
	c.expect(`23["question",1]`)
	c.say(`33`)
	if got := within(t, answer, "the ack"); got.err != nil || got.answer != `[]` {
		t.Errorf("got %+v", got)
	}
}

func TestWaitingForAnAckEndsWithItsContextAndWithTheClient(t *testing.T) {
	t.Parallel()
	c, s := asker(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if got := within(t, ask(ctx, s), "the timeout"); !errors.Is(got.err, context.DeadlineExceeded) {
		t.Errorf("got %+v", got)
	}
	c.expect(`20["question",1]`)
	c.say(`30["too late"]`)
	answer := ask(t.Context(), s)
	c.expect(`21["question",1]`)
	c.conn.Close()
	if got := within(t, answer, "the end"); !errors.Is(got.err, ErrDisconnected) {
		t.Errorf("got %+v", got)
	}
	if got := within(t, ask(t.Context(), s), "the refusal"); !errors.Is(got.err, ErrDisconnected) {
		t.Errorf("asked a client that is gone: %+v", got)
	}
}
