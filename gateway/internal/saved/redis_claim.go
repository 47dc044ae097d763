package saved

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// Scripts. Each has one key, so that Redis Cluster can run it, and writes at most once, at its end.
var (
	// writeRedis saves a session or, without one, deletes it. Another gateway's stays as it is, unless a failover has lost the claim
	// that this gateway remembers.
	writeRedis = newScript(`
local gateway, generation, lasts, session = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local claimed = '-'
local before = redis.call('GETRANGE', KEYS[1], 0, 99)
if before ~= '' then
	local owner, n, at = before:match('^(%S+) (%d+) (%S+) ')
	if owner == gateway then
		generation, claimed = math.max(generation, tonumber(n)), at
	elseif generation <= tonumber(n) then
		return 0
	end
end
if session == '' then
	redis.call('DEL', KEYS[1])
else
	redis.call('SET', KEYS[1], string.format('%s %d %s %s', gateway, generation, claimed, '') .. session, 'PX', lasts)
end
return 1`)

	// seeRedis returns the time, in milliseconds, and the beginning of a session or nothing.
	seeRedis = newScript(`
` + redisNow + `return {now, redis.call('GETRANGE', KEYS[1], 0, 99)}`)

	// claimRedis makes a gateway the owner of a session that is as it was seen, and that nobody has claimed since the client came. It returns
	// the generation and the session.
	claimRedis = newScript(`
local gateway, owner, generation, since, lasts = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local session = redis.call('GET', KEYS[1])
if not session then
	return false
end
local by, n, claimed, rest = session:match('^(%S+) (%d+) (%S+) (.*)$')
if by ~= owner or n ~= generation then
	return false
elseif by == gateway then
	if claimed ~= '0' then
		return false
	end
elseif claimed ~= '-' and tonumber(claimed) >= since then
	return false
end
` + redisNow + `redis.call('SET', KEYS[1], string.format('%s %d %d ', gateway, n + 1, now) .. rest, 'PX', lasts)
return {n + 1, rest}`)

	// reclaimRedis tells whether a session is no other gateway's: -1 if it is, 0 if it is not there, or else its new generation, so that
	// a claim which has seen it before comes to nothing.
	reclaimRedis = newScript(`
local session = redis.call('GET', KEYS[1])
if not session then
	return 0
end
local by, n, rest = session:match('^(%S+) (%d+) %S+ (.*)$')
if by ~= ARGV[1] then
	return -1
end
` + redisNow + `redis.call('SET', KEYS[1], string.format('%s %d %d ', by, n + 1, now) .. rest, 'PX', ARGV[2])
return n + 1`)

	releaseRedis = newScript(`
local session = redis.call('GET', KEYS[1])
if not session then
	return 0
end
local by, n, rest = session:match('^(%S+) (%d+) %S+ (.*)$')
if by ~= ARGV[1] then
	return 0
end
redis.call('SET', KEYS[1], by .. ' ' .. n .. ' 0 ' .. rest, 'KEEPTTL')
return 1`)
)

// seenSession is a session before it is claimed, and since when its client waits by the clock of the server that has it, in milliseconds.
type seenSession struct {
	asked
	owner, generation string
	sinceThere        int64
}

func (r *redis) claim(ctx context.Context, all []asked) ([]row, error) {
	if err := r.live(ctx); err != nil {
		return nil, err
	}
	seen, lost, err := r.see(ctx, all)
	if err != nil {
		return nil, err
	}
	claims := make([]scriptCall, len(seen))
	for i, one := range seen {
		claims[i] = scriptCall{r.session(one.key), []string{
			r.gateway, one.owner, one.generation, strconv.FormatInt(one.sinceThere, 10), milliseconds(r.lasts()),
		}}
	}
	var found []row
	var generations []int64
	var tell rueidis.Commands
	for i, answer := range claimRedis.run(ctx, r.client, claims...) {
		fields, err := answer.ToArray()
		if rueidis.IsRedisNil(err) {
			continue
		}
		if err != nil {
			return nil, redisFault(err)
		}
		one, generation, err := r.claimedRow(seen[i].key, fields)
		if errors.Is(err, errForged) {
			continue
		}
		if err != nil {
			return nil, database.Unavailable(err, true)
		}
		r.remember(one.key, generation)
		found, generations = append(found, one), append(generations, generation)
		if seen[i].owner != r.gateway {
			tell = append(tell, r.telling(seen[i], generation)...)
		}
	}
	r.client.DoMulti(ctx, tell...) // an owner that is not told learns it by its next write, which is refused
	if r.copy == nil {
		return found, nil
	}
	found, void, err := r.takeAlong(ctx, found, generations)
	if err == nil {
		found, err = r.restored(ctx, found, append(lost, askedOf(all, void)...))
	}
	if err != nil {
		return nil, database.Unavailable(err, true) // they are claimed, and to be given back
	}
	return found, nil
}

// live gives a sign of life of a gateway that may not have written anything yet.
func (r *redis) live(ctx context.Context) error {
	for _, answer := range r.client.DoMulti(ctx,
		r.client.B().Set().Key(r.alive(r.gateway)).Value("0").Nx().PxMilliseconds(r.window.Milliseconds()).Build(),
		r.client.B().Pexpire().Key(r.alive(r.gateway)).Milliseconds(r.window.Milliseconds()).Build(),
	) {
		if err := answer.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return redisFault(err)
		}
	}
	return nil
}

// see returns those sessions whose owners were alive within the window, and those that are not there or of which nobody knows that.
func (r *redis) see(ctx context.Context, all []asked) (living []seenSession, lost []asked, err error) {
	var seen []seenSession
	reads := make([]scriptCall, len(all))
	for i, one := range all {
		reads[i] = scriptCall{key: r.session(one.key)}
	}
	owners := make(map[string]bool)
	for i, answer := range seeRedis.run(ctx, r.client, reads...) {
		now, text, err := sight(answer)
		if err != nil {
			if _, is := rueidis.IsRedisErr(err); is && database.IsRejected(redisFault(err)) {
				continue
			}
			return nil, nil, redisFault(err)
		}
		if words := strings.SplitN(text, " ", 3); len(words) == 3 {
			seen = append(seen, seenSession{all[i], words[0], words[1], all[i].sinceBy(now).UnixMilli()})
			owners[words[0]] = false
		} else if text == "" {
			lost = append(lost, all[i])
		}
	}
	if err := r.askForLife(ctx, owners); err != nil {
		return nil, nil, err
	}
	for _, one := range seen {
		if owners[one.owner] {
			living = append(living, one)
		} else {
			lost = append(lost, one.asked)
		}
	}
	return living, lost, nil
}

// sight is what seeRedis has answered.
func sight(answer rueidis.RedisResult) (now time.Time, head string, err error) {
	fields, err := answer.ToArray()
	if err != nil {
		return now, "", err
	}
	if len(fields) != 2 {
		return now, "", fmt.Errorf("a sight of %d fields", len(fields))
	}
	ms, err := fields[0].AsInt64()
	if err != nil {
		return now, "", err
	}
	head, err = fields[1].ToString()
	return time.UnixMilli(ms), head, err
}

func (r *redis) askForLife(ctx context.Context, gateways map[string]bool) error {
	var names []string
	var asks rueidis.Commands
	for name := range gateways {
		names = append(names, name)
		asks = append(asks, r.client.B().Exists().Key(r.alive(name)).Build())
	}
	for i, answer := range r.client.DoMulti(ctx, asks...) {
		n, err := answer.AsInt64()
		if err != nil {
			return redisFault(err)
		}
		gateways[names[i]] = n == 1
	}
	return nil
}

// errForged: a session was not sealed by a gateway, or not for that key. Its client begins a new one.
var errForged = errors.New("a session in Redis that no gateway has sealed")

func (r *redis) claimedRow(k key, fields []rueidis.RedisMessage) (row, int64, error) {
	if len(fields) != 2 {
		return row{}, 0, fmt.Errorf("a claim's answer of %d fields", len(fields))
	}
	generation, err := fields[0].AsInt64()
	if err != nil {
		return row{}, 0, err
	}
	text, err := fields[1].ToString()
	if err != nil {
		return row{}, 0, err
	}
	plain, err := r.seal.Open(sealsSession+textOf(k), []byte(text))
	if err != nil {
		return row{}, 0, errForged
	}
	user, session, _ := strings.Cut(string(plain), "\x00")
	return row{key: k, user: user, session: session}, generation, nil
}

// telling tells the gateway whose session was claimed.
func (r *redis) telling(one seenSession, generation int64) rueidis.Commands {
	list := r.claimed(one.owner)
	entry := strconv.FormatInt(generation, 10) + " " + textOf(one.key) + " " + one.sid
	return rueidis.Commands{
		r.client.B().Rpush().Key(list).Element(entry).Build(),
		r.client.B().Pexpire().Key(list).Milliseconds(r.window.Milliseconds()).Build(),
	}
}

// reclaimWait is how long Redis is waited for, so that there is time to ask Postgres.
const reclaimWait = time.Second

func (r *redis) reclaim(ctx context.Context, k key) (ours bool, err error) {
	hurry, cancel := context.WithTimeout(ctx, reclaimWait)
	defer cancel()
	generation, err := reclaimRedis.run(hurry, r.client, scriptCall{r.session(k), []string{r.gateway, milliseconds(r.lasts())}})[0].AsInt64()
	if generation > 0 {
		r.remember(k, generation)
	}
	if err == nil && generation != 0 {
		return generation > 0, nil
	}
	if r.isCopiedElsewhere(ctx, k) {
		return false, nil
	}
	if err != nil {
		return false, redisFault(err)
	}
	return true, nil
}

// isCopiedElsewhere tells whether Postgres knows of another gateway that has a session, where Redis does not say. It is false where nobody does.
func (r *redis) isCopiedElsewhere(ctx context.Context, k key) bool {
	if r.copy == nil {
		return false
	}
	owner, err := r.copy.owner(ctx, k)
	return err == nil && owner != "" && owner != r.gateway
}

// owner names the gateway that has a session; it is empty where there is none.
func (r *redis) owner(ctx context.Context, k key) (string, error) {
	text, err := r.client.Do(ctx, r.client.B().Getrange().Key(r.session(k)).Start(0).End(99).Build()).ToString()
	if err != nil {
		return "", redisFault(err)
	}
	owner, _, _ := strings.Cut(text, " ")
	return owner, nil
}

func (r *redis) release(ctx context.Context, keys []key) error {
	all := make([]scriptCall, len(keys))
	for i, one := range keys {
		all[i] = scriptCall{r.session(one), []string{r.gateway}}
	}
	for _, answer := range releaseRedis.run(ctx, r.client, all...) {
		if err := answer.Error(); err != nil {
			return redisFault(err)
		}
	}
	return nil
}

// prepare runs every command on keys that are nobody's.
func (r *redis) prepare(ctx context.Context) error {
	nobody := &redis{gateway: "nobody", prefix: r.prefix, window: r.window, client: r.client, generations: make(map[key]int64)}
	probe := asked{key: keyOf("", r.gateway), sid: "nobody"}
	if _, err := nobody.write(ctx, []row{{key: probe.key}}, nil); err != nil {
		return err
	}
	for _, command := range nobody.telling(seenSession{asked: probe, owner: "nobody"}, 0) {
		if err := r.client.Do(ctx, command).Error(); err != nil {
			return redisFault(err)
		}
	}
	if _, err := nobody.reclaim(ctx, probe.key); err != nil {
		return err
	}
	if err := nobody.release(ctx, []key{probe.key}); err != nil {
		return err
	}
	if _, err := nobody.claim(ctx, []asked{probe}); err != nil {
		return err
	}
	if err := restoreRedis.run(ctx, r.client, nobody.writing(probe.key, "\x00"))[0].Error(); err != nil {
		return redisFault(err)
	}
	_, err := nobody.write(ctx, nil, []key{probe.key})
	return err
}

func (r *redis) look(ctx context.Context) (where, missing string, err error) {
	if err := r.prepare(ctx); database.IsForbidden(err) {
		missing = fmt.Sprintf("let the Redis user do this: ACL SETUSER %s ~%s:* +@read +@write +@scripting +@connection +time", "NAME", r.prefix)
	} else if err != nil {
		return "", "", err
	}
	return "Redis", missing, nil
}
