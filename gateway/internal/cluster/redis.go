package cluster

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/redisadapter"
)

// keys are the names of what is kept in Redis, below a prefix. All that is a node's has one hash tag, and each room its own, so that
// every command stays in one slot of Redis Cluster.
type keys struct{ prefix string }

func (k keys) known() string             { return k.prefix + ":{nodes}:known" }
func (k keys) over() string              { return k.prefix + ":{nodes}:over" }
func (k keys) lease(epoch string) string { return k.prefix + ":{nodes}:lease:" + epoch }
func (k keys) rooms(epoch string) string { return k.prefix + ":{nodes}:rooms:" + epoch }
func (k keys) lock(epoch string) string  { return k.prefix + ":{nodes}:cleans:" + epoch }
func (k keys) room(name string) string   { return k.prefix + ":members:{" + name + "}" }
func (k keys) channel() string           { return k.prefix + ":nodes" }
func (k keys) own(node string) string    { return k.prefix + ":nodes:" + node }

// What is sealed, so that nothing passes for something else.
const (
	sealsValue = "socketgate value "
	sealsTold  = "socketgate told "
)

// valueAt has a value be that of one field of one room, and writtenBy a batch that of one gateway's one write.
func valueAt(room, field string) string {
	return string(append(appendText([]byte(sealsValue), room), field...))
}

func writtenBy(epoch, seq string) string {
	return sealsTold + string(saysWritten) + " " + epoch + " " + seq
}

// server is the medium that Redis is.
type server struct {
	client  rueidis.Client
	keys    keys
	node    string               // the name of its own channel
	seal    *redisadapter.Sealer // nil where nothing is sealed
	says    string               // what the lease holds: Options.Secrets
	divided bool                 // Redis Cluster: a script has keys of one slot
	history string               // master_replid; empty until it is known
}

//go:embed write.lua
var writeText string

//go:embed room.lua
var roomText string

//go:embed renew.lua
var renewText string

//go:embed fence.lua
var fenceText string

var (
	writeScript = rueidis.NewLuaScript(roomText + writeText)
	roomScript  = rueidis.NewLuaScript(roomText + "apply(KEYS[1], 1)\nreturn 1\n")
	renewScript = rueidis.NewLuaScript(renewText)
	fenceScript = rueidis.NewLuaScript(fenceText)
)

func newServer(client rueidis.Client, o Options, node string, seal *redisadapter.Sealer) *server {
	return &server{client: client, keys: keys{o.Prefix}, node: node, seal: seal, says: cmp.Or(o.Secrets, untold), divided: client.Mode() == rueidis.ClientModeCluster}
}

func (s *server) close() { s.client.Close() }

func (s *server) register(ctx context.Context, epoch string, lease time.Duration) error {
	b := s.client.B()
	s.history = "" // whichever it is, nothing of this epoch is in it
	for _, answer := range s.client.DoMulti(ctx,
		b.Set().Key(s.keys.lease(epoch)).Value(s.says).Px(lease).Build(),
		b.Hset().Key(s.keys.known()).FieldValue().FieldValue(epoch, "0").Build()) {
		if err := answer.Error(); err != nil {
			return fmt.Errorf("register this gateway: %w", err)
		}
	}
	return nil
}

func (s *server) renew(ctx context.Context, epoch string, wrote uint64, lease time.Duration) (r reading, err error) {
	answer, err := renewScript.Exec(ctx, s.client, []string{s.keys.known(), s.keys.lease(epoch), s.keys.over()},
		[]string{epoch, number(wrote), strconv.FormatInt(lease.Milliseconds(), 10), s.keys.lease(""), s.says}).ToArray()
	if err != nil {
		return r, fmt.Errorf("renew the lease: %w", err)
	}
	if len(answer) != 4 {
		return r, errLost
	}
	alive, err := answer[1].AsStrSlice()
	if err == nil {
		r.expired, err = answer[2].AsStrSlice()
	}
	if err == nil {
		r.over, err = answer[3].AsStrSlice()
	}
	if err != nil {
		return r, fmt.Errorf("read the leases: %w", err)
	}
	r.alive = make(map[string]sign)
	for i := 0; i+2 < len(alive); i += 3 {
		if len(alive[i]) == epochLen {
			seq, _ := strconv.ParseUint(alive[i+1], 10, 64)
			left, _ := strconv.ParseInt(alive[i+2], 10, 64)
			r.alive[alive[i]] = sign{seq, time.Duration(left) * time.Millisecond}
		}
	}
	return r, s.sameHistory(ctx)
}

// sameHistory is errLost where Redis has gone on from another copy of its data: after a failover or a restart, of which it can't be said
// what is missing. A Redis that does not tell is believed.
func (s *server) sameHistory(ctx context.Context) error {
	if s.divided {
		return nil // the shards have histories of their own: the digests tell
	}
	info, err := s.client.Do(ctx, s.client.B().Info().Section("replication").Build()).ToString()
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(info, "master_replid:")
	id, _, _ := strings.Cut(rest, "\r")
	before := s.history
	if s.history = id; before != "" && id != before {
		return errLost
	}
	return nil
}

func (s *server) write(ctx context.Context, b *batch) error {
	keys := []string{s.keys.known(), s.keys.rooms(b.epoch)}
	args := []string{b.epoch, number(b.wrote), number(b.seq), s.keys.channel(),
		string(s.seal.Seal(writtenBy(b.epoch, number(b.seq)), appendSections(nil, b.sections))), strconv.Itoa(len(b.sections))}
	for _, section := range b.sections {
		args = append(args, section.room, b.mark(section))
	}
	for _, section := range b.sections {
		roomKey, roomArgs := s.keys.room(section.room), s.section(b, section)
		if !s.divided {
			keys, args = append(keys, roomKey), append(args, roomArgs...)
		} else if err := roomScript.Exec(ctx, s.client, []string{roomKey}, roomArgs).Error(); err != nil {
			return fmt.Errorf("write the members of a room: %w", err)
		}
	}
	switch done, err := writeScript.Exec(ctx, s.client, keys, args).AsInt64(); {
	case err != nil:
		return fmt.Errorf("write members: %w", err)
	case done == 0:
		return errLost
	}
	return nil
}

// section is a section as apply in room.lua reads it.
func (s *server) section(b *batch, of section) []string {
	var set, gone []string
	for _, f := range of.fields {
		if name := b.epoch + f.user; f.gone {
			gone = append(gone, name)
		} else {
			set = append(set, name, string(s.seal.Seal(valueAt(of.room, name), []byte(f.value))))
		}
	}
	args := append([]string{b.epoch, b.mark(of), strconv.Itoa(len(set))}, set...)
	return append(append(args, strconv.Itoa(len(gone))), gone...)
}

// mark is what stands for a section's digest; empty where nobody is left.
func (b *batch) mark(s section) string {
	if s.empty {
		return ""
	}
	return mark{b.seq, s.digest}.String()
}

func (s *server) load(ctx context.Context, rooms []string) ([]map[string]*share, error) {
	asked := make([]rueidis.Completed, len(rooms))
	for i, name := range rooms {
		asked[i] = s.client.B().Hgetall().Key(s.keys.room(name)).Build()
	}
	found := make([]map[string]*share, len(rooms))
	for i, answer := range s.client.DoMulti(ctx, asked...) {
		fields, err := answer.AsStrMap()
		if err != nil && !isNoHash(err) {
			return nil, fmt.Errorf("read the members of a room: %w", err)
		}
		found[i] = s.shares(rooms[i], fields)
	}
	return found, nil
}

// shares reads a room's hash.
func (s *server) shares(room string, fields map[string]string) map[string]*share {
	shares := make(map[string]*share)
	of := func(epoch string) *share {
		if shares[epoch] == nil {
			shares[epoch] = &share{users: make(map[string]string)}
		}
		return shares[epoch]
	}
	for name, value := range fields {
		switch {
		case len(name) < epochLen || len(name) > maxText || len(value) > maxText:
		case len(name) == epochLen:
			m, _ := readMark(value)
			of(name).seq, of(name).digest = m.seq, m.digest
		default:
			if plain, err := s.seal.Open(valueAt(room, name), []byte(value)); err == nil && len(plain) > 0 {
				of(name[:epochLen]).users[name[epochLen:]] = string(plain)
			}
		}
	}
	return shares
}

func (s *server) sequences(ctx context.Context) (map[string]uint64, error) {
	known, err := s.client.Do(ctx, s.client.B().Hgetall().Key(s.keys.known()).Build()).AsStrMap()
	if err != nil {
		return nil, fmt.Errorf("read who is there: %w", err)
	}
	all := make(map[string]uint64)
	for epoch, seq := range known {
		all[epoch], _ = strconv.ParseUint(seq, 10, 64)
	}
	return all, nil
}

func (s *server) marks(ctx context.Context, epoch string, rooms []string) ([]mark, error) {
	values, err := s.client.Do(ctx, s.client.B().Hmget().Key(s.keys.rooms(epoch)).Field(rooms...).Build()).ToArray()
	if err != nil {
		return nil, fmt.Errorf("read what another gateway says of its rooms: %w", err)
	}
	marks := make([]mark, len(rooms))
	for i := range min(len(values), len(rooms)) {
		if text, err := values[i].ToString(); err == nil {
			marks[i], _ = readMark(text)
		}
	}
	return marks, nil
}

func (s *server) present(ctx context.Context, epoch, room string) (users []string, err error) {
	names, err := s.fieldsOf(ctx, epoch, room)
	if err != nil && !isNoHash(err) {
		return nil, err
	}
	for _, name := range names {
		if len(name) > epochLen {
			users = append(users, name[epochLen:])
		}
	}
	return users, nil
}

func (s *server) tell(ctx context.Context, message []byte) (heard int, err error) {
	channel := s.keys.channel()
	if message[0] == saysProbe {
		channel = s.keys.own(s.node)
	}
	sealed := append(message[:1:1], s.seal.Seal(sealsTold+string(message[0]), message[1:])...)
	n, err := s.client.Do(ctx, s.client.B().Publish().Channel(channel).Message(rueidis.BinaryString(sealed)).Build()).AsInt64()
	switch {
	case err != nil:
		return 0, fmt.Errorf("tell the other gateways: %w", err)
	case s.divided: // it counts those of one server
		return -1, nil
	}
	return int(n), nil
}

func (s *server) listen(ctx context.Context, ready func(), heard func([]byte)) error {
	ctx = rueidis.WithOnSubscriptionHook(ctx, func(sub rueidis.PubSubSubscription) {
		if sub.Kind == "subscribe" && sub.Channel == s.keys.own(s.node) { // the last of both
			ready()
		}
	})
	return s.client.Receive(ctx, s.client.B().Subscribe().Channel(s.keys.channel(), s.keys.own(s.node)).Build(), func(m rueidis.PubSubMessage) {
		heard(s.unseal([]byte(m.Message)))
	})
}

// unseal opens what was told; nil is what can't be opened, or was heard before. Of a batch the head is plain: the script that writes it makes it.
func (s *server) unseal(message []byte) []byte {
	if len(message) == 0 {
		return nil
	}
	head, way := 1, sealsTold+string(message[0])
	purpose := way
	if message[0] == saysWritten {
		parts := bytes.SplitN(message[1:], []byte{' '}, 4)
		if len(parts) != 4 {
			return nil
		}
		head, purpose = len(message)-len(parts[3]), writtenBy(string(parts[0]), string(parts[2]))
	}
	plain, err := s.seal.Hear(way, purpose, message[head:])
	if err != nil {
		return nil
	}
	return append(message[:head:head], plain...)
}

// isNoHash tells of an error that somebody else has put something where a room's members belong: its next write takes that away.
func isNoHash(err error) bool { return strings.Contains(err.Error(), "WRONGTYPE") }

func number(n uint64) string { return strconv.FormatUint(n, 10) }
