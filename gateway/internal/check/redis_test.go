package check

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/cluster"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/gateway/internal/redis/redistest"
)

func joined(url string) config.Config {
	return config.Config{RedisURL: config.RedisURL(url), RedisAdapter: "classic", RedisPrefix: "socket.io", JWTSecret: "one", MessageEncryptionKey: "two"}
}

// tellsOfRedis runs the step alone and returns what it printed.
func tellsOfRedis(t *testing.T, c config.Config) (text string, faults, warnings int) {
	t.Helper()
	var out strings.Builder
	r := &report{out: &out}
	start{report: r, config: c}.redis(t.Context())
	return out.String(), r.faults, r.warnings
}

func command(t *testing.T, s *redistest.Server, words ...string) {
	t.Helper()
	if err := s.Do(words...).Error(); err != nil {
		t.Fatal(words, err)
	}
}

func TestARedisThatServesHasNoFaults(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	for _, wire := range []string{"classic", "sharded"} {
		c := joined(s.URL())
		c.RedisAdapter = wire
		if text, faults, warnings := tellsOfRedis(t, c); faults+warnings > 0 || !strings.Contains(text, "version 7") || !strings.Contains(text, "none is on this Redis yet") {
			t.Errorf("%s:\n%s", wire, text)
		}
	}
	if keys, err := s.Do("DBSIZE").AsInt64(); err != nil || keys != 0 {
		t.Errorf("%d keys are left behind: %v", keys, err)
	}
}

func TestWhatAnACLForbidsIsNamed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	command(t, s, "ACL", "SETUSER", "most", "on", ">pass", "~socket.io:*", "&socket.io*", "+@all", "-hset", "-subscribe")
	command(t, s, "ACL", "SETUSER", "deaf", "on", ">pass", "~socket.io:*", "resetchannels", "+@all")
	command(t, s, "ACL", "SETUSER", "near", "on", ">pass", "~socket.io:*", "~stream", "&socket.io*", "+@all")
	command(t, s, "ACL", "SETUSER", "dry", "on", ">pass", "~socket.io:*", "allchannels", "+@all")
	for user, want := range map[string]string{"most": "HSET, PSUBSCRIBE socket.io#/#*, SUBSCRIBE", "deaf": "PUBLISH, PSUBSCRIBE socket.io#/#*, SUBSCRIBE",
		"near": "PSUBSCRIBE socket.io#/#*", "dry": "XREVRANGE, XREAD"} {
		c := joined("redis://" + user + ":pass@" + s.Addr())
		if user == "dry" || user == "near" {
			c.RedisStream = "stream"
		}
		text, faults, _ := tellsOfRedis(t, c)
		if faults != 1 || !strings.Contains(text, "what the gateway does: "+want+"\n") || !strings.Contains(text, "ACL SETUSER") {
			t.Errorf("%s:\n%s", user, text)
		}
	}
}

func TestTheUserThatIsProposedMayDoAllThatTheGatewayDoes(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	for _, wire := range []string{"classic", "sharded"} {
		c := joined("redis://name:password@" + s.Addr())
		c.RedisAdapter, c.RedisStream = wire, "stream"
		command(t, s, "ACL", "SETUSER", "name", "reset", "on", ">password", "+ping", "+client", "+hello")
		_, proposed, found := strings.Cut(func() string { text, _, _ := tellsOfRedis(t, c); return text }(), "→ ")
		if !found {
			t.Fatal(wire, "nothing is proposed")
		}
		command(t, s, strings.Fields(proposed)...)
		if text, faults, warnings := tellsOfRedis(t, c); faults+warnings > 0 {
			t.Errorf("%s:\n%s", wire, text)
		}
	}
	command(t, s, append([]string{"ACL", "SETUSER", "documented", "on", ">password"}, // OPERATE, several gateways
		strings.Fields("~socket.io:* &socket.io* &socket.io#/#* +@read +@write +@scripting +@connection +@pubsub +time +info")...)...)
	if text, faults, warnings := tellsOfRedis(t, joined("redis://documented:password@"+s.Addr())); faults+warnings > 0 {
		t.Errorf("the rights that OPERATE names:\n%s", text)
	}
}

func TestARedisThatCannotBeUsedSaysWhatToChange(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	command(t, s, "CONFIG", "SET", "requirepass", "right")
	for url, fix := range map[string]string{
		"redis://:wrong@" + s.Addr():    "should hold user and password",
		"redis://" + s.Addr():           "should hold user and password",
		"redis://127.0.0.1:1":           "host and port of a running Redis",
		"rediss://:right@" + s.Addr():   "if this server has no TLS",
		"redis://no-such-host.invalid.": "name of a host that exists",
	} {
		text, faults, _ := tellsOfRedis(t, joined(url))
		if faults != 1 || !strings.Contains(text, fix) || strings.Contains(text, "wrong@") {
			t.Errorf("%s:\n%s", url, text)
		}
	}
}

func TestARedisThatThrowsAwayOrOnlyFollowsIsNotTakenForGood(t *testing.T) {
	t.Parallel()
	s, master := redistest.Start(t), redistest.Start(t)
	command(t, s, "CONFIG", "SET", "maxmemory", "100mb")
	command(t, s, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	if text, _, warnings := tellsOfRedis(t, joined(s.URL())); warnings != 1 || !strings.Contains(text, "maxmemory-policy noeviction") {
		t.Errorf("it may throw sessions away:\n%s", text)
	}
	host, port, _ := strings.Cut(master.Addr(), ":")
	command(t, s, "CONFIG", "SET", "replica-read-only", "yes")
	command(t, s, "REPLICAOF", host, port)
	if text, faults, _ := tellsOfRedis(t, joined(s.URL())); faults == 0 || !strings.Contains(text, "leads to a replica") {
		t.Errorf("it is a replica:\n%s", text)
	}
}

func TestGatewaysWithOtherSecretsAreFound(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := joined(s.URL())
	client, err := redis.Open(t.Context(), redis.Options{URL: s.URL()})
	if err != nil {
		t.Fatal(err)
	}
	node, err := cluster.Open(client, cluster.Options{Prefix: c.RedisPrefix, Secrets: compose.SecretsInCommon(c), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		node.Close(ctx)
	}()
	for node.Ready() != nil {
		time.Sleep(5 * time.Millisecond)
	}
	for _, renewed := range []bool{false, true} { // what is registered, and what a renewal leaves
		if renewed {
			time.Sleep(1500 * time.Millisecond)
		}
		if text, faults, _ := tellsOfRedis(t, c); faults > 0 || !strings.Contains(text, "1 gateway on this Redis, with the same secrets") {
			t.Errorf("the same secrets:\n%s", text)
		}
	}
	c.JWTSecret = "another"
	text, faults, _ := tellsOfRedis(t, c)
	if faults != 1 || !strings.Contains(text, "other secrets") || strings.Contains(text, "another\"") {
		t.Errorf("another secret:\n%s", text)
	}
	c.RedisPrefix = "mine"
	if text, faults, _ := tellsOfRedis(t, c); faults > 0 || !strings.Contains(text, "none is on this Redis yet") {
		t.Errorf("below another prefix:\n%s", text)
	}
}

func TestAGatewayThatSaysNothingOfItsSecretsIsNoStranger(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	command(t, s, "HSET", "socket.io:{nodes}:known", "epoch", "0")
	command(t, s, "SET", "socket.io:{nodes}:lease:epoch", "1", "PX", "60000") // as one of an earlier version leaves it
	if text, faults, warnings := tellsOfRedis(t, joined(s.URL())); faults+warnings > 0 || !strings.Contains(text, "1 gateway on this Redis") {
		t.Errorf("it says\n%s", text)
	}
}

func TestServersOfTheOtherWireAreFound(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Addr()}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for wire, subscribe := range map[string]rueidis.Completed{
		"classic": client.B().Ssubscribe().Channel("socket.io#/#").Build(),            // as createShardedAdapter does
		"sharded": client.B().Subscribe().Channel("socket.io-request#/chat#").Build(), // as createAdapter does
	} {
		c := joined(s.URL())
		c.RedisAdapter = wire
		ctx, cancel := context.WithCancel(t.Context())
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			client.Receive(ctx, subscribe, func(rueidis.PubSubMessage) {})
		}()
		text, faults, _ := tellsOfRedis(t, c)
		for began := time.Now(); faults == 0 && time.Since(began) < 5*time.Second; { // until it has subscribed
			text, faults, _ = tellsOfRedis(t, c)
		}
		if faults != 1 || !strings.Contains(text, "they don't hear each other") {
			t.Errorf("%s:\n%s", wire, text)
		}
		cancel()
		<-heard
	}
}

func TestWithoutRedisThereIsNothingToTry(t *testing.T) {
	t.Parallel()
	r := &report{out: io.Discard}
	start{report: r}.redis(t.Context())
	if r.faults+r.warnings > 0 {
		t.Error("a gateway that is alone has faults")
	}
}

func TestSentinelsAndAClusterAreTriedLikeOneServer(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	for end := time.Now().Add(20 * time.Second); !namesReplicas(cluster[0]); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the cluster does not name its replicas") // which a client would know then, and could ask
		}
	}
	for name, url := range map[string]string{
		"sentinels": redistest.StartSentinel(t).URL(),
		"cluster":   cluster[0].URL(),
	} {
		for _, wire := range []string{"classic", "sharded", "classic", "sharded"} {
			c := joined(url)
			c.RedisAdapter = wire
			if text, faults, warnings := tellsOfRedis(t, c); faults+warnings > 0 || !strings.Contains(text, "version 7") {
				t.Errorf("%s, %s:\n%s", name, wire, text)
			}
		}
	}
	c := joined(cluster[0].URL())
	c.RedisAdapter = "sharded"
	for _, node := range cluster {
		hearsOtherWire(t, node, c)
	}
}

// Each node of a cluster knows of its own subscribers alone.
func hearsOtherWire(t *testing.T, node *redistest.Server, c config.Config) {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{node.Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	dedicated, release := client.Dedicate()
	defer release()
	over := dedicated.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(rueidis.PubSubMessage) {}})
	if err := dedicated.Do(t.Context(), client.B().Subscribe().Channel("socket.io-request#/chat#").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if text, faults, _ := tellsOfRedis(t, c); faults != 1 || !strings.Contains(text, "they don't hear each other") {
		t.Errorf("at %s:\n%s", node.Addr(), text)
	}
	dedicated.Close()
	<-over
}

func namesReplicas(s *redistest.Server) bool {
	slots, err := s.Do("CLUSTER", "SLOTS").ToArray()
	for _, one := range slots {
		if of, _ := one.ToArray(); len(of) < 4 { // first, last, master, replica
			return false
		}
	}
	return err == nil
}

func TestSentinelsThatDoNotKnowTheMasterAreToldApart(t *testing.T) {
	t.Parallel()
	url := strings.ReplaceAll(redistest.StartSentinel(t).URL(), "master_set=main", "master_set=another")
	if text, faults, _ := tellsOfRedis(t, joined(url)); faults != 1 || !strings.Contains(text, "master_set") {
		t.Errorf("it says\n%s", text)
	}
}

func TestAClockThatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for apart, warns := range map[time.Duration]int{0: 0, 500 * time.Millisecond: 0, 3 * time.Second: 1, -3 * time.Second: 1} {
		var out strings.Builder
		r := &report{out: &out}
		start{report: r}.clock("Postgres", func() (time.Time, error) { return time.Now().Add(apart), nil })
		if r.warnings != warns || !strings.Contains(out.String(), "Postgres") {
			t.Errorf("%s apart: %s", apart, out.String())
		}
	}
}

func TestTheClockOfPostgresIsAskedWhereGatewaysAreOne(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	for redis, want := range map[string]string{"": "", "redis://127.0.0.1:1": "that of Postgres agrees"} {
		var out strings.Builder
		start{report: &report{out: &out}, config: config.Config{DatabaseURL: config.DatabaseURL(url), RedisURL: config.RedisURL(redis)}}.postgresClock(t.Context())
		if got := out.String(); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("with REDIS_URL=%s: %q", redis, got)
		}
	}
}
