package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestSQLiteWithRedisStopsTheStartWithTheReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"DATABASE_URL", "file:./dev.db", "REDIS_URL", "redis://localhost"}, "SQLite file"},
		{[]string{"DATABASE_URL", "file:./dev.db", "REDIS_URL", "none"}, ""},
		{[]string{"REDIS_URL", "rediss://u:p@h:6380/1?master_set=m&addr=b:26379"}, ""},
		{[]string{"DATABASE_URL", "none", "REDIS_URL", "unix:///run/redis.sock"}, ""},
		{[]string{"REDIS_URL", "https://eu1.upstash.io"}, "REDIS_URL"},
		{[]string{"REDIS_STREAM", "socket.io"}, "REDIS_URL"},
		{[]string{"REDIS_STREAM", "socket.io", "REDIS_URL", "redis://h"}, ""},
		{[]string{"POSTGRES_EMITTER", "true", "DATABASE_URL", "none"}, "POSTGRES_EMITTER"},
		{[]string{"POSTGRES_EMITTER", "true"}, ""},
		{[]string{"REDIS_PREFIX", "a*"}, "REDIS_PREFIX"},
	} {
		_, faults := parse(with(c.pairs...), ruled)
		if got := fmt.Sprint(faults); (len(faults) == 0) != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%q: %v, want %q", c.pairs, faults, c.want)
		}
	}
}

func TestARedisURLIsShownWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for url, want := range map[RedisURL]string{
		"redis://u:hunter2@h:6379/1?password=hunter2": "redis://u:hidden@h:6379/1",
		"redis://:hunter2@h":                          "redis://:hidden@h",
		"unix:///run/redis.sock":                      "unix:///run/redis.sock",
		"redis://:hunter2@@h/@":                       "21 bytes (hidden)",
		"none":                                        "none",
	} {
		if got := fmt.Sprintf("%v %#v", url, url); strings.Contains(got, "hunter2") || url.String() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
