package redisadapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// questions are those of this server that wait for answers.
type questions struct {
	mu      lockorder.Mutex[questions]
	byID    map[string]*queue[message]
	servers map[string]map[string]bool // by namespace: the uids that answered when last all did
}

// maxAnswers is how many answers may wait for whoever asked, and maxAnswerBytes how much of them.
const (
	maxAnswers     = 10_000
	maxAnswerBytes = 64 << 20
)

// MissingError says that some servers have not answered in time. What the others have answered is returned with it.
type MissingError struct {
	Expected, Answered int
	// Missing are the uids of those of the missing that are known: official servers on the wire Classic don't say theirs.
	Missing []string
	err     error
}

func (e *MissingError) Error() string {
	text := fmt.Sprintf("redisadapter: %d of %d other servers have not answered", e.Expected-e.Answered, e.Expected)
	if len(e.Missing) > 0 {
		text += " (" + strings.Join(e.Missing, ", ") + ")"
	}
	return text + ": " + e.err.Error()
}

// Unwrap returns the error of the context that ended.
func (e *MissingError) Unwrap() error { return e.err }

var errAway = errors.New("redisadapter: the connection to Redis is lost: nobody can be asked")

// ask sends a question and takes the answers until every other server has answered, or ctx ends. Take reports whether an answer was
// a server's last; unfinished, which may be nil, whether there is more to come of those who have answered.
func (a *Adapter) ask(ctx context.Context, ns *socketio.Namespace, m *message, take func(message) (last bool), unfinished func() bool) error {
	ctx, cancel := a.within(ctx)
	defer cancel()
	if !a.up.Load() {
		return errAway
	}
	others, err := a.others(ctx, ns.Name())
	if err != nil || others <= 0 {
		return err
	}
	m.request = a.wire.newRequest()
	answers := a.questions.open(m.request)
	defer a.questions.close(m.request)
	a.send(ns, *m)
	answered, uids := 0, make(map[string]bool)
	for answered < others || unfinished != nil && unfinished() {
		select {
		case <-answers.more:
			for _, answer := range answers.take(nil) {
				if take(answer) {
					answered++
					uids[answer.uid] = true
				}
			}
		case <-ctx.Done():
			return &MissingError{others, answered, a.questions.missing(ns.Name(), uids, others-answered), ctx.Err()}
		}
	}
	a.questions.all(ns.Name(), uids)
	return nil
}

func (q *questions) open(id string) *queue[message] {
	q.mu.Lock()
	defer q.mu.Unlock()
	answers := newQueue[message](maxAnswers, maxAnswerBytes)
	q.byID[id] = answers
	return answers
}

func (q *questions) close(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.byID, id)
}

// any tells whether an answer may be for us: servers of the classic adapter hear those of everybody.
func (q *questions) any() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.byID) > 0
}

// answer reports whether it was wanted.
func (q *questions) answer(m message) (room bool) {
	q.mu.Lock()
	answers := q.byID[m.request]
	q.mu.Unlock()
	return answers == nil || answers.add(m, m.size())
}

func (q *questions) all(ns string, uids map[string]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(uids, "")
	q.servers[ns] = uids
}

func (q *questions) missing(ns string, answered map[string]bool, most int) (uids []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, uid := range slices.Sorted(maps.Keys(q.servers[ns])) {
		if !answered[uid] && len(uids) < most {
			uids = append(uids, uid)
		}
	}
	return uids
}

// others returns how many other servers have a namespace, by counting those who subscribe its channel.
func (a *Adapter) others(ctx context.Context, ns string) (n int, err error) {
	nodes := map[string]rueidis.Client{"": a.client}
	if a.client.Mode() == rueidis.ClientModeCluster {
		nodes = a.client.Nodes()
	}
	for _, node := range nodes {
		channel := a.wire.counted(ns)
		counts, err := a.subscribers(ctx, node, channel)
		if err != nil {
			return 0, fmt.Errorf("redisadapter: count the other servers: %w", err)
		}
		n += int(counts[channel])
	}
	return n - 1, nil // one is this server
}

// subscribers counts those of channels.
func (a *Adapter) subscribers(ctx context.Context, node rueidis.Client, channels ...string) (map[string]int64, error) {
	return node.Do(ctx, a.counting(node, channels)).AsIntMap()
}

func (a *Adapter) counting(node rueidis.Client, channels []string) rueidis.Completed {
	command := "NUMSUB"
	if a.subscriber.shards {
		command = "SHARDNUMSUB"
	}
	return node.B().Arbitrary("PUBSUB", command).Args(channels...).Build()
}

// Sockets is for socketio. Its error is a *MissingError when some servers have not answered by the end of ctx, which without a
// deadline ends after Options.RequestTimeout.
func (a *Adapter) Sockets(ctx context.Context, ns *socketio.Namespace, to socketio.Target) (sockets []socketio.SocketInfo, err error) {
	err = a.ask(ctx, ns, &message{kind: askSockets, to: to}, func(m message) bool {
		sockets = append(sockets, m.sockets...)
		return m.kind == someSockets
	}, nil)
	return sockets, err
}

// AllRooms returns the rooms that sockets of any server are in, each once; the ids of sockets are rooms too. With an error, which is
// as for Sockets, it returns those that are known.
func (a *Adapter) AllRooms(ctx context.Context, ns *socketio.Namespace) (rooms []string, err error) {
	all := make(map[string]bool)
	add := func(names []string) {
		for _, name := range names {
			all[name] = true
		}
	}
	add(ns.Rooms())
	if a.options.Wire == Classic {
		err = a.ask(ctx, ns, &message{kind: askRooms}, func(m message) bool {
			add(m.rooms)
			return m.kind == someRooms
		}, nil)
	} else { // the sharded adapter has no such question
		var sockets []socketio.SocketInfo
		sockets, err = a.Sockets(ctx, ns, socketio.Target{})
		for _, s := range sockets {
			add(s.Rooms)
		}
	}
	return slices.Collect(maps.Keys(all)), err
}

// Ask is for socketio.
func (a *Adapter) Ask(ctx context.Context, ns *socketio.Namespace, to socketio.Target, event string, args []json.RawMessage) (acks []json.RawMessage, err error) {
	ctx, cancel := a.within(ctx)
	defer cancel()
	clients := 0
	question := message{kind: broadcast, to: to, event: event, args: args, within: remaining(ctx)}
	err = a.ask(ctx, ns, &question, func(m message) bool {
		if m.kind == clientAck {
			acks = append(acks, m.ack)
		}
		clients += m.clients
		return m.kind == clientCount
	}, func() bool { return len(acks) < clients })
	return acks, err
}

// remaining is how long a context with a deadline lasts.
func remaining(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline()
	return max(time.Millisecond, time.Until(deadline))
}

// ServerSideEmitWithAck is ServerSideEmit with an answer of each other server. With an error, which is as for Sockets, those that
// came are returned.
func (a *Adapter) ServerSideEmitWithAck(ctx context.Context, ns *socketio.Namespace, event string, args ...json.RawMessage) (answers []json.RawMessage, err error) {
	if reservedForServers[event] {
		return nil, errReserved
	}
	err = a.ask(ctx, ns, &message{kind: serverEvent, event: event, args: args}, func(m message) bool {
		answers = append(answers, m.ack)
		return m.kind == serverAck
	}, nil)
	return answers, err
}
