package saved

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/redisadapter"
)

// redis keeps each session under a key of its own, as "gateway generation claimed user\0session", sealed from the user on if there is a key for it. Generation counts the claims, and
// claimed is when the last one was granted, in milliseconds of the server's clock: - if none was, 0 if nobody has got it.
//
// A gateway's sign of life is a key that the server forgets after the window. What it holds counts the writes, so that a gateway notices
// when a failover has lost some. Sessions outlast it by far and are written anew before they end, since renewing each of them all the
// time would cost by sessions and not by gateways. So nothing is to be swept.
type redis struct {
	gateway string
	prefix  string
	window  time.Duration
	client  rueidis.Client       // its owner closes it
	seal    *redisadapter.Sealer // nil where nothing is sealed
	beats   int64                // writes that were tried
	beaten  int64                // the last one of them that was acknowledged
	others  *witnesses           // nil unless it is a Redis Cluster
	copy    *copyKeeper          // has what it loses; may be nil
	voids   *voids               // what it has that counts for nothing; nil where copy is

	mu          lockorder.Mutex[redis]
	generations map[key]int64 // of sessions that this gateway has claimed
}

// lastingWindows is for how many windows a session lasts that is not written anew.
const lastingWindows = 10

// claimedAtOnce bounds what a gateway reads at a time of the sessions that others have claimed.
const claimedAtOnce = 10_000

func openRedis(o Options) (*redis, error) {
	r := &redis{gateway: newGateway(), prefix: o.Prefix, window: o.Window, client: o.Redis, generations: make(map[key]int64)}
	if r.client.Mode() == rueidis.ClientModeCluster {
		r.others = newWitnesses(r.client, r.prefix+":witness:"+r.gateway)
	}
	var err error
	r.seal, err = redisadapter.NewSealer(o.Key, r.gateway)
	return r, err
}

func (r *redis) close() {}

func (r *redis) lasts() time.Duration { return lastingWindows * r.window }

// Braces tell Redis Cluster what of a key says which server has it.
func (r *redis) session(k key) string {
	return r.prefix + ":session:{" + textOf(k) + "}"
}
func (r *redis) alive(gateway string) string   { return r.prefix + ":gateway:{" + gateway + "}" }
func (r *redis) claimed(gateway string) string { return r.prefix + ":claimed:{" + gateway + "}" }

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func (r *redis) write(ctx context.Context, saves []row, ends []key) (w written, err error) {
	defer func() {
		if err != nil && r.others != nil {
			r.others.shaken = true
		}
	}()
	all := make([]scriptCall, 0, len(saves)+len(ends))
	for _, one := range saves {
		all = append(all, r.writing(one.key, r.sealed(one.key, one.user, one.dated(r.gateway))))
	}
	for _, one := range ends {
		all = append(all, r.writing(one, ""))
	}
	if len(all) > 0 {
		for i, answer := range writeRedis.run(ctx, r.client, all...) {
			written, err := answer.AsInt64()
			if err != nil {
				r.endWhatFindsNoPlace(ctx, saves, err)
				return w, redisFault(err)
			}
			if written == 0 && i < len(saves) {
				w.refused = append(w.refused, saves[i].sid)
			}
		}
	}
	r.forget(ends)
	w.claimed, w.anew, err = r.beat(ctx)
	return w, err
}

// sealed is what a session's key holds behind its head. It is good under that key alone.
func (r *redis) sealed(k key, user, session string) string {
	return string(r.seal.Seal(sealsSession+textOf(k), []byte(user+"\x00"+session)))
}

const sealsSession = "socketgate session "

func (r *redis) writing(k key, session string) scriptCall {
	return scriptCall{r.session(k), []string{r.gateway, strconv.FormatInt(r.generation(k), 10), milliseconds(r.lasts()), session}}
}

// generation is that of a session which this gateway has claimed, or 0.
func (r *redis) generation(k key) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generations[k]
}

// endWhatFindsNoPlace deletes sessions that a full Redis does not take anew, since they must not come back as they were.
func (r *redis) endWhatFindsNoPlace(ctx context.Context, saves []row, err error) {
	if e, is := rueidis.IsRedisErr(err); !is || !strings.HasPrefix(e.Error(), "OOM") {
		return
	}
	ends := make([]scriptCall, len(saves))
	for i, one := range saves {
		ends[i] = r.writing(one.key, "")
	}
	writeRedis.run(ctx, r.client, ends...)
}

// beat gives the sign of life, after all else: what is lost of a write is lost of what came later too.
func (r *redis) beat(ctx context.Context) (claimed []string, anew bool, err error) {
	r.beats++
	answers := r.client.DoMulti(ctx,
		r.client.B().Set().Key(r.alive(r.gateway)).Value(strconv.FormatInt(r.beats, 10)).Get().PxMilliseconds(r.window.Milliseconds()).Build(),
		r.client.B().Lpop().Key(r.claimed(r.gateway)).Count(claimedAtOnce).Build(),
	)
	before, err := answers[0].AsInt64()
	if err != nil && !rueidis.IsRedisNil(err) {
		return nil, false, redisFault(err)
	}
	anew = err != nil || before < r.beaten
	if r.others != nil && r.others.beat(ctx, r.client, r.window) {
		anew = true
	}
	told, err := answers[1].AsStrSlice()
	if err != nil && !rueidis.IsRedisNil(err) {
		return nil, false, redisFault(err)
	}
	r.beaten = r.beats
	return r.lost(told), anew, nil
}

// lost returns those of the sessions that others say they have claimed, but for those that this gateway has claimed back since.
func (r *redis) lost(told []string) (sids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range told {
		words := strings.SplitN(one, " ", 3) // generation, key, sid
		generation, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil || len(words) < 3 {
			continue
		}
		k := keyFrom(words[1])
		if r.generations[k] < generation {
			delete(r.generations, k)
			sids = append(sids, words[2])
		}
	}
	return sids
}

func textOf(k key) string { return base64.RawURLEncoding.EncodeToString(k[:]) }

func keyFrom(text string) (k key) {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		copy(k[:], bytes)
	}
	return k
}

func (r *redis) forget(keys []key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range keys {
		delete(r.generations, one)
	}
}

func (r *redis) remember(k key, generation int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generations[k] = max(generation, r.generations[k])
}

// owned are the sessions that this gateway has claimed, which it would remember for ever if nobody told of their end.
func (r *redis) owned(context.Context) (all []key, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for one := range r.generations {
		all = append(all, one)
	}
	return all, nil
}

func (r *redis) sweep(ctx context.Context) (more bool, err error) {
	if r.voids == nil {
		return false, nil
	}
	return false, r.voids.sweep(ctx)
}

// redisFault sorts an error. A script's only write is its last word: what the server answers with an error was not written.
func redisFault(err error) error {
	e, is := rueidis.IsRedisErr(err)
	if !is {
		return database.Unavailable(err, true)
	}
	switch word, _, _ := strings.Cut(e.Error(), " "); word {
	case "NOPERM", "NOAUTH", "WRONGPASS", "The": // user executing the script can't run this command
		return database.Forbidden(err)
	case "WRONGTYPE": // somebody else's key
		return database.Rejected(err)
	}
	return database.Unavailable(err, false)
}
