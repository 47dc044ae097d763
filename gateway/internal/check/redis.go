package check

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/cluster"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/pkg/redisadapter"
)

// redisPatience bounds all that is asked of Redis.
const redisPatience = 15 * time.Second

// oldestRedis is the version that the tests run with; sharded channels are not in any before.
const oldestRedis = 7

// redis tries what gateways that are one do with Redis, and looks at who else is there.
func (s start) redis(ctx context.Context) {
	if !s.config.RedisURL.Set() {
		s.skip("redis", "this gateway is alone (REDIS_URL joins several into one)")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	client, err := redis.Open(ctx, compose.Redis(s.config, "socketgate-check"))
	if err != nil {
		s.fault("redis", err.Error(), redisFix(err, strings.HasPrefix(string(s.config.RedisURL), "rediss:"))...)
		return
	}
	defer client.Close()
	if denied := s.denied(ctx, client); len(denied) > 0 {
		s.fault("redis", "the user of REDIS_URL may not do what the gateway does: "+strings.Join(denied, ", "),
			s.redisUser())
		return
	}
	s.redisServer(ctx, client)
	s.clock("Redis", func() (time.Time, error) { return redisTime(ctx, client) })
	s.redisSecrets(ctx, client)
	s.redisWires(ctx, client)
}

// redisUser is the command that makes a user with all rights that the gateway needs. Redis compares the pattern of PSUBSCRIBE with those
// of the ACL letter by letter, so that &socket.io* does not let in one below it.
func (s start) redisUser() string {
	keys, channels := "~"+s.config.RedisPrefix+":*", "&"+s.config.RedisPrefix+"*"
	if s.config.RedisStream != "" {
		keys += " ~" + s.config.RedisStream
	}
	if s.isClassic() {
		channels += " &" + s.broadcasts()
	}
	return "ACL SETUSER name on >password " + keys + " " + channels + " +@all -@admin -@dangerous +info +role"
}

// broadcasts is the pattern that the classic wire subscribes to.
func (s start) broadcasts() string { return redisPattern(s.config.RedisPrefix) + "#/#*" }

// denied tries each command that the gateway uses, on a key and channels below its prefix, and names those that this user may not.
func (s start) denied(ctx context.Context, client rueidis.Client) (names []string) {
	for _, command := range s.commands(client.B()) { // one by one: in a cluster they are not of one slot
		name := command.Commands()[0]
		if isDenied(client.Do(ctx, command).Error()) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	subscriptions := s.subscriptions(client.B())
	for _, name := range slices.Sorted(maps.Keys(subscriptions)) {
		if isDenied(hears(ctx, client, subscriptions[name])) {
			names = append(names, name)
		}
	}
	return names
}

// commands are what the gateway uses, but for subscriptions. They leave nothing behind.
func (s start) commands(b rueidis.Builder) []rueidis.Completed {
	key, prefix := s.config.RedisPrefix+":check:"+rand.Text(), s.config.RedisPrefix
	on := func(command string, args ...string) rueidis.Completed {
		return b.Arbitrary(command).Keys(key).Args(args...).Build()
	}
	all := []rueidis.Completed{
		on("SET", "1", "PX", "10000"), on("GET"), on("GETRANGE", "0", "0"), on("EXISTS"), on("PEXPIRE", "10000"), on("DEL"),
		on("HSET", "f", "1"), on("HGET", "f"), on("HMGET", "f"), on("HGETALL"), on("HKEYS"), on("HSCAN", "0"), on("HDEL", "f"), on("DEL"),
		on("RPUSH", "1"), on("LPOP"), on("SADD", "1"), on("SMEMBERS"), on("SREM", "1"), on("DEL"),
		b.Eval().Script("return redis.call('TIME')").Numkeys(1).Key(key).Build(),
		b.Publish().Channel(prefix + ":nodes:check").Message("").Build(),
	}
	channel := s.channel()
	if s.isClassic() {
		all = append(all, b.Publish().Channel(channel).Message("").Build(), b.Arbitrary("PUBSUB", "NUMSUB").Args(channel).Build())
	} else {
		all = append(all, b.Spublish().Channel(channel).Message("").Build(), b.Arbitrary("PUBSUB", "SHARDNUMSUB").Args(channel).Build())
	}
	if stream := s.config.RedisStream; stream != "" {
		all = append(all, b.Xrevrange().Key(stream).End("+").Start("-").Count(1).Build(), b.Xread().Count(1).Streams().Key(stream).Id("$").Build())
	}
	return all
}

// subscriptions are those of the gateway, by what is said of one that is denied.
func (s start) subscriptions(b rueidis.Builder) map[string]rueidis.Completed {
	all := map[string]rueidis.Completed{"SUBSCRIBE": b.Subscribe().Channel(s.config.RedisPrefix + ":nodes").Build()}
	if s.isClassic() {
		all["PSUBSCRIBE "+s.broadcasts()] = b.Psubscribe().Pattern(s.broadcasts()).Build()
	} else {
		all["SSUBSCRIBE"] = b.Ssubscribe().Channel(s.channel()).Build()
	}
	return all
}

func (s start) isClassic() bool { return s.config.RedisAdapter == string(redisadapter.Classic) }

// channel is one below the prefix to which nobody listens.
func (s start) channel() string { return s.config.RedisPrefix + "-check#" + rand.Text() + "#" }

// hears subscribes, and at once no more.
func hears(ctx context.Context, client rueidis.Client, subscribe rueidis.Completed) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	dedicated, release := client.Dedicate()
	over := dedicated.SetPubSubHooks(rueidis.PubSubHooks{OnSubscription: func(rueidis.PubSubSubscription) {}, OnMessage: func(rueidis.PubSubMessage) {}})
	err := dedicated.Do(ctx, subscribe).Error()
	release()
	<-over
	return err
}

func isDenied(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "NOPERM")
}

// redisServer looks at what the server is, and whether it may throw away what it holds.
func (s start) redisServer(ctx context.Context, client rueidis.Client) {
	info, err := client.Do(ctx, client.B().Info().Build()).ToString()
	if err != nil {
		s.warn("redis", "answers, and does not say which version it is: "+err.Error())
		return
	}
	version := infoField(info, "redis_version")
	major, _ := strconv.Atoi(strings.Split(version, ".")[0])
	switch {
	case major < oldestRedis && !s.isClassic():
		s.fault("redis", "version "+version+" has no sharded channels", "REDIS_ADAPTER=classic, or Redis 7")
		return
	case major < oldestRedis:
		s.warn("redis", fmt.Sprintf("version %s: the gateway is tested with %d.0", version, oldestRedis))
	default:
		s.ok("redis", "%s, version %s", s.config.RedisURL, version)
	}
	if infoField(info, "role") == "slave" && infoField(info, "redis_mode") != "cluster" { // there the client asks who is the master
		s.fault("redis", "REDIS_URL leads to a replica, which takes no writes", "REDIS_URL should lead to the master, or to sentinels: redis://host:26379?master_set=name")
	}
	policy := infoField(info, "maxmemory_policy")
	if limit := infoField(info, "maxmemory"); policy != "noeviction" && policy != "" && limit != "0" && limit != "" {
		s.warn("redis", "when its memory is full it throws sessions and members away (maxmemory-policy "+policy+")", "maxmemory-policy noeviction")
	}
}

func infoField(info, name string) string {
	_, rest, found := strings.Cut(info, "\n"+name+":")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "\r")
	return value
}

// redisSecrets compares this gateway's secrets with those of the gateways that run.
func (s start) redisSecrets(ctx context.Context, client rueidis.Client) {
	gateways, strangers, err := cluster.CompareSecrets(ctx, client, s.config.RedisPrefix, compose.SecretsInCommon(s.config))
	if err != nil {
		s.warn("gateways", "could not be asked: "+err.Error())
		return
	}
	switch {
	case strangers > 0:
		s.fault("gateways", fmt.Sprintf("%d of %s on this Redis have other secrets: they can't take up each other's clients", strangers, count(gateways, "gateway")),
			"JWT_SECRET (or what the login uses), MESSAGE_ENCRYPTION_KEY and REDIS_KEY should be the same in all", "REDIS_PREFIX should be another one if they belong to another app")
	case gateways == 0:
		s.ok("gateways", "none is on this Redis yet")
	default:
		s.ok("gateways", "%s on this Redis, with the same secrets", count(gateways, "gateway"))
	}
}

// redisWires looks for servers below the same prefix that speak the other wire.
func (s start) redisWires(ctx context.Context, client rueidis.Client) {
	listing, other := "SHARDCHANNELS", "createShardedAdapter (REDIS_ADAPTER=sharded)"
	if !s.isClassic() {
		listing, other = "CHANNELS", "createAdapter (REDIS_ADAPTER=classic)"
	}
	nodes := map[string]rueidis.Client{"": client}
	if client.Mode() == rueidis.ClientModeCluster { // each knows of its own subscribers
		nodes = client.Nodes()
	}
	found := 0
	for _, node := range nodes {
		for _, ending := range []string{"-*#/*", "#/*"} {
			channels, err := node.Do(ctx, node.B().Arbitrary("PUBSUB").Args(listing, redisPattern(s.config.RedisPrefix)+ending).Build()).AsStrSlice()
			if err != nil {
				continue // a version that has no such listing, an ACL that forbids it, or a node that is gone
			}
			found += len(channels)
		}
	}
	if found > 0 {
		s.fault("wires", fmt.Sprintf("servers on this Redis speak by %s, this gateway by %s: they don't hear each other", other, s.config.RedisAdapter),
			"REDIS_ADAPTER should be theirs")
	}
}

// redisPattern is a name in which no character stands for others.
func redisPattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(name)
}

// redisFix names what to change when Redis can't be used. A server that has no TLS does not answer to it.
func redisFix(err error, tls bool) []string {
	text := err.Error()
	switch {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "NOAUTH"):
		return []string{"REDIS_URL should hold user and password: redis://user:password@host:6379 (without a user: redis://:password@host)"}
	case strings.Contains(text, "No such master"):
		return []string{"master_set in REDIS_URL should be what the sentinels call the master: redis://sentinel:26379?master_set=mymaster"}
	case strings.Contains(text, "NOPERM"):
		return []string{"the user of REDIS_URL should be allowed +ping, +client and +info at least, behind sentinels +role too"}
	case strings.Contains(text, "x509"), strings.Contains(text, "tls:"):
		return []string{"rediss:// in REDIS_URL asks for TLS with a certificate that this machine trusts; redis:// asks for none"}
	case strings.Contains(text, "EOF"), strings.Contains(text, "connection reset"):
		return []string{"the server ends the connection: one that wants TLS is asked by rediss:// in REDIS_URL"}
	case strings.Contains(text, "refused"):
		return []string{"REDIS_URL should hold host and port of a running Redis", "in a container, localhost is the container itself: name the service, as in redis://redis:6379"}
	case strings.Contains(text, "no such host"):
		return []string{"REDIS_URL should hold the name of a host that exists"}
	case strings.Contains(text, "timeout"), strings.Contains(text, "deadline"):
		fix := []string{"REDIS_URL should hold a host that answers: a firewall, or the wrong port, looks like this"}
		if tls {
			fix = append([]string{"redis:// in REDIS_URL, if this server has no TLS"}, fix...)
		}
		return fix
	}
	return nil
}
