package saved

import (
	"context"
	"crypto/sha1"
	"encoding/hex"

	"github.com/redis/rueidis"
)

// script is run by Redis on one key at a time.
type script struct{ text, sum string }

func newScript(text string) script {
	sum := sha1.Sum([]byte(text)) // by which Redis knows it
	return script{text, hex.EncodeToString(sum[:])}
}

// redisNow has a script know the time, in milliseconds.
const redisNow = "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\n"

// scriptCall is one run of a script.
type scriptCall struct {
	key  string
	args []string
}

// run runs a script for each of the calls, and returns their answers in that order. It is one round trip where the servers know the script.
// (rueidis' own way gives it to every master of a Redis Cluster before each time, so that one that stands still holds up what others have.)
func (s script) run(ctx context.Context, client rueidis.Client, calls ...scriptCall) []rueidis.RedisResult {
	commands := make(rueidis.Commands, len(calls))
	for i, c := range calls {
		commands[i] = client.B().Evalsha().Sha1(s.sum).Numkeys(1).Key(c.key).Arg(c.args...).Build()
	}
	answers := client.DoMulti(ctx, commands...)
	var at []int
	commands = commands[:0]
	for i, answer := range answers {
		if err, is := rueidis.IsRedisErr(answer.Error()); is && err.IsNoScript() {
			at = append(at, i)
			commands = append(commands, client.B().Eval().Script(s.text).Numkeys(1).Key(calls[i].key).Arg(calls[i].args...).Build())
		}
	}
	for i, answer := range client.DoMulti(ctx, commands...) {
		answers[at[i]] = answer
	}
	return answers
}
