package saved

import (
	"context"
	"slices"

	"github.com/redis/rueidis"
)

// restoreRedis writes a session that was lost, as claimed at this moment, unless somebody has it by a later claim.
var restoreRedis = newScript(`
local gateway, generation, lasts, session = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local n = redis.call('GETRANGE', KEYS[1], 0, 99):match('^%S+ (%d+) ')
if n and tonumber(n) >= generation then
	return 0
end
` + redisNow + `redis.call('SET', KEYS[1], string.format('%s %d %d ', gateway, generation, now) .. session, 'PX', lasts)
return 1`)

// askedOf are those of the keys.
func askedOf(all []asked, keys []key) (of []asked) {
	for _, one := range all {
		if slices.Contains(keys, one.key) {
			of = append(of, one)
		}
	}
	return of
}

// takeAlong makes this gateway the owner of the copies of what it has claimed. What is void in Redis it leaves out of the claims, and deletes.
func (r *redis) takeAlong(ctx context.Context, found []row, generations []int64) (valid []row, void []key, err error) {
	if len(found) == 0 {
		return nil, nil, nil
	}
	if void, err = r.copy.take(ctx, found, generations); err != nil || len(void) == 0 {
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

// restored adds the sessions that Redis has lost, as their copies are, and writes them to Redis.
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
		writes[i] = r.writing(one.key, r.sealed(one.key, one.user, one.session))
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
