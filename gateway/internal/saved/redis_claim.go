package saved

import (
	"context"
	"fmt"
	"slices"
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

	// restoreRedis writes a session that was lost, as claimed at this moment, unless somebody has it by a later claim.
	restoreRedis = newScript(`
local gateway, generation, lasts, session = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local n = redis.call('GETRANGE', KEYS[1], 0, 99):match('^%S+ (%d+) ')
if n and tonumber(n) >= generation then
	return 0
end
local time = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%s %d %d ', gateway, generation, time[1] * 1000 + math.floor(time[2] / 1000)) .. session, 'PX', lasts)
return 1`)

	// claimRedis makes a gateway the owner of a session that is as it was seen. It returns the generation and the session.
	claimRedis = newScript(`
local gateway, owner, generation, waited, lasts = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local session = redis.call('GET', KEYS[1])
if not session then
	return false
end
local by, n, claimed, rest = session:match('^(%S+) (%d+) (%S+) (.*)$')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if by ~= owner or n ~= generation then
	return false
elseif by == gateway then
	if claimed ~= '0' then
		return false
	end
elseif claimed ~= '-' and tonumber(claimed) >= now - waited then
	return false
end
redis.call('SET', KEYS[1], string.format('%s %d %d ', gateway, n + 1, now) .. rest, 'PX', lasts)
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
local time = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%s %d %d ', by, n + 1, time[1] * 1000 + math.floor(time[2] / 1000)) .. rest, 'PX', ARGV[2])
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

// seen is a session before it is claimed.
type seenSession struct {
	asked
	owner, generation string
}

func (r *redis) claim(ctx context.Context, all []asked) ([]row, error) {
	began := time.Now()
	if err := r.live(ctx); err != nil {
		return nil, err
	}
	seen, lost, err := r.see(ctx, all)
	if err != nil {
		return nil, err
	}
	claims := make([]scriptCall, len(seen))
	looked := time.Since(began) // for which everybody has waited longer
	for i, one := range seen {
		claims[i] = scriptCall{r.session(one.key), []string{
			r.gateway, one.owner, one.generation, milliseconds(one.waited + looked + settling), milliseconds(r.lasts()),
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
		one, generation, err := claimedRow(seen[i].key, fields)
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

// askedOf are those of the keys.
func askedOf(all []asked, keys []key) (of []asked) {
	for _, one := range all {
		if slices.Contains(keys, one.key) {
			of = append(of, one)
		}
	}
	return of
}

// takeAlong makes the copies of what was claimed this gateway's. What is void it leaves out, and deletes.
func (r *redis) takeAlong(ctx context.Context, found []row, generations []int64) (valid []row, void []key, err error) {
	if len(found) == 0 {
		return nil, nil, nil
	}
	keys := make([]key, len(found))
	for i := range found {
		keys[i] = found[i].key
	}
	if void, err = r.copy.take(ctx, keys, generations); err != nil || len(void) == 0 {
		return found, nil, err
	}
	ends := make([]scriptCall, len(void))
	for i, one := range void {
		ends[i] = r.writing(one, "")
	}
	for i, answer := range writeRedis.run(ctx, r.client, ends...) {
		if answer.Error() == nil {
			r.voids.note(void[i:i+1], false)
		}
	}
	r.forget(void)
	return slices.DeleteFunc(found, func(one row) bool { return slices.Contains(void, one.key) }), void, nil
}

// restored adds those which Redis has lost, as their copies are, and writes them there.
func (r *redis) restored(ctx context.Context, found []row, lost []asked) ([]row, error) {
	if len(lost) == 0 {
		return found, nil
	}
	granted, err := r.copy.restore(ctx, lost)
	if err != nil {
		return nil, err
	}
	writes := make([]scriptCall, len(granted))
	var tell rueidis.Commands
	for i, one := range granted {
		r.remember(one.key, one.generation)
		writes[i] = r.writing(one.key, one.user+"\x00"+one.session)
		at := slices.IndexFunc(lost, func(a asked) bool { return a.key == one.key })
		tell = append(tell, r.telling(seenSession{asked: lost[at], owner: one.owner}, one.generation)...)
	}
	for i, answer := range restoreRedis.run(ctx, r.client, writes...) {
		written, err := answer.AsInt64()
		if err != nil {
			return nil, redisFault(err)
		}
		if written == 1 { // or another gateway has it
			found = append(found, granted[i].row)
		}
	}
	r.client.DoMulti(ctx, tell...)
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
	reads := make(rueidis.Commands, len(all))
	for i, one := range all {
		reads[i] = r.client.B().Getrange().Key(r.session(one.key)).Start(0).End(99).Build()
	}
	owners := make(map[string]bool)
	for i, answer := range r.client.DoMulti(ctx, reads...) {
		text, err := answer.ToString()
		if err != nil {
			if _, is := rueidis.IsRedisErr(err); is && database.IsRejected(redisFault(err)) {
				continue
			}
			return nil, nil, redisFault(err)
		}
		if words := strings.SplitN(text, " ", 3); len(words) == 3 {
			seen = append(seen, seenSession{all[i], words[0], words[1]})
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

func claimedRow(k key, fields []rueidis.RedisMessage) (row, int64, error) {
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
	user, session, _ := strings.Cut(text, "\x00")
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

func (r *redis) reclaim(ctx context.Context, k key) (ours bool, err error) {
	generation, err := reclaimRedis.run(ctx, r.client, scriptCall{r.session(k), []string{r.gateway, milliseconds(r.lasts())}})[0].AsInt64()
	if err != nil {
		return false, redisFault(err)
	}
	if generation > 0 {
		r.remember(k, generation)
	}
	if generation != 0 || r.copy == nil {
		return generation >= 0, nil
	}
	owner, err := r.copy.owner(ctx, k) // Redis has lost it, and another gateway may be about to write it there
	return owner == "" || owner == r.gateway || err != nil, nil
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
