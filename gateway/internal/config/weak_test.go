package config

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/uuid"
)

var secretNames = []string{"JWT_SECRET", "JWT_SECRET_PREVIOUS", "AUTH_SECRET", "AUTH_SECRET_1", "AUTH_SECRET_2", "AUTH_SECRET_3", "NEXTAUTH_SECRET",
	"BETTER_AUTH_SECRET", "SESSION_SECRET", "MESSAGE_ENCRYPTION_KEY", "MESSAGE_ENCRYPTION_KEY_PREVIOUS", "REDIS_KEY"}

// weakSecrets are from examples, tutorials, boilerplates and keyboards.
var weakSecrets = []string{
	"x", "s", "short", "secret", "Secret", "SECRET!", "my-secret", "mysecret", "my_super_secret_key", "supersecretkey123", "super-secret-jwt-token-with-long", "jwt_secret", "JWT-SECRET-KEY",
	"secret123", "password", "Password1!", "password123", "changeme", "CHANGE_ME", "please-change-me-to-something-long-and-random", "change-this-in-production", "replace-me",
	"keyboard cat", "Keyboard-Cat!", "shhhhh", "your-256-bit-secret", "your-secret-key", "your_jwt_secret_here", "your-super-secret-jwt-key-change-this-in-production",
	"a-string-secret-at-least-256-bits-long", "secret-key-that-is-at-least-32-characters-long", "complex_password_at_least_32_characters_long", "dev-secret", "test", "foobar",
	"next-auth-secret", "this-is-a-secret", "thisisaverysecretkey", "session secret", "only-for-local-development-everybody-knows-it", "Only For Local Development: everybody knows it",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababababababababababababab", "abcabcabcabcabcabcabcabcabcabcabcabcabca", "correct horse correct horse correct horse",
	"12345678901234567890123456789012", "0123456789abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuvwxyz123456", "zyxwvutsrqponmlkjihgfedcba987654",
	strings.Repeat("0", 64), strings.Repeat("f", 64), strings.Repeat("00", 31) + "01", strings.Repeat("deadbeef", 8), "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}

func TestEverySecretIsLookedAt(t *testing.T) {
	t.Parallel()
	for _, v := range variables {
		if secret, isSecret := (&Config{}).value(v).(Secret); isSecret != contains(secretNames, v.name) {
			t.Errorf("%s: %v is a secret: %t", v.name, secret, isSecret)
		}
	}
}

func contains(list []string, name string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+name+" ")
}

func TestPublishedAndGuessedSecretsStopAStartInProduction(t *testing.T) {
	t.Parallel()
	for i, name := range secretNames {
		some := weakSecrets // all for the first, and for the others one each
		if i > 0 {
			some = weakSecrets[i%len(weakSecrets):][:1]
		}
		for _, secret := range some {
			pairs := []string{name, secret, "MESSAGE_CIPHER", "cryptojs"} // whose key may be any text
			got, faults := parse(with(pairs...), ruled)
			if faults != nil || len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], name+" ") {
				t.Errorf("%s=%q in development: faults %v, warnings %q", name, secret, faults, got.Warnings)
			}
			_, faults = parse(with(append(pairs, "NODE_ENV", "production")...), ruled)
			if len(faults) != 1 || !strings.HasPrefix(faults[0], name+" holds ") || !strings.Contains(faults[0], "openssl rand") || len(secret) > 9 && strings.Contains(faults[0], secret) {
				t.Errorf("%s=%q in production: %v", name, secret, faults)
			}
		}
	}
}

func TestGoodSecretsStartInProductionWithoutAWord(t *testing.T) {
	t.Parallel()
	good := []string{goodSecret, "e2e-jwt-secret-of-at-least-32-bytes", "prod-secret-key-8f7d6s5f7s6d5f-9a8b7c", "the quick brown fox jumps over it", "correct-horse-battery-staple-trombone",
		"my-app-secret-2d41f9b06ce83a57bd90"}
	for range 10 {
		raw := make([]byte, 32)
		rand.Read(raw)
		good = append(good, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw), rand.Text()+rand.Text(),
			uuid.NewString(), strings.ReplaceAll(uuid.NewString(), "-", ""))
	}
	for _, secret := range good {
		for _, name := range []string{"JWT_SECRET", "SESSION_SECRET", "MESSAGE_ENCRYPTION_KEY"} {
			got, faults := parse(with(name, secret, "MESSAGE_CIPHER", "cryptojs", "NODE_ENV", "production"), ruled)
			if faults != nil || got.Warnings != nil {
				t.Errorf("%s=%q: faults %v, warnings %q", name, secret, faults, got.Warnings)
			}
		}
	}
}

func TestUnguardedRoomsAndPublicProfilesAreWarnedOf(t *testing.T) {
	t.Parallel()
	const unguarded = "neither ROOM_ACCESS_QUERY nor ROOM_RULES is set"
	for _, c := range []struct {
		pairs []string
		want  string // the start of the only warning; empty is none
	}{
		{[]string{"ROOM_RULES", ""}, unguarded},
		{[]string{"ROOM_RULES", "", "DATABASE_URL", "none"}, unguarded},
		{[]string{"ROOM_RULES", "", "ROOM_ACCESS_QUERY", "SELECT $1 = $2"}, ""},
		{[]string{"ROOM_RULES", "", "USER_ROOMS_QUERY", "SELECT $1", "DATABASE_URL", "file:./dev.db"}, ""},
		{[]string{"ADMIN_ADDR", "127.0.0.1:9090"}, ""},
		{[]string{"ADMIN_ADDR", "localhost:9090"}, ""},
		{[]string{"ADMIN_ADDR", "[::1]:9090"}, ""},
		{[]string{"ADMIN_ADDR", "10.1.2.3:9090"}, ""},
		{[]string{"ADMIN_ADDR", "[fd00::1]:9090"}, ""},
		{[]string{"ADMIN_ADDR", ":9090"}, "ADMIN_ADDR=:9090 can be reached from outside"},
		{[]string{"ADMIN_ADDR", "0.0.0.0:9090"}, "ADMIN_ADDR=0.0.0.0:9090 can"},
		{[]string{"ADMIN_ADDR", "[::]:9090"}, "ADMIN_ADDR=[::]:9090 can"},
		{[]string{"ADMIN_ADDR", "203.0.113.7:9090"}, "ADMIN_ADDR=203.0.113.7:9090 can"},
		{[]string{"ADMIN_ADDR", "[2001:db8::1]:9090"}, "ADMIN_ADDR=[2001:db8::1]:9090 can"},
		{[]string{"ADMIN_ADDR", "[::ffff:203.0.113.7]:9090"}, "ADMIN_ADDR=[::ffff:203.0.113.7]:9090 can"},
		{[]string{"HOST", "0.0.0.0"}, ""},
	} {
		got, faults := parse(with(c.pairs...), ruled)
		if faults != nil || c.want == "" && got.Warnings != nil || c.want != "" && (len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], c.want)) {
			t.Errorf("%q: faults %v, warnings %q", c.pairs, faults, got.Warnings)
		}
	}
}

func TestRulesAndClaimsThatAreNotUnderstoodAreFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"ROOM_RULES", "lobby", `"lobby" says neither $user nor =all or =none`},
		{"ROOM_RULES", "user:$user=all", `"user:$user=all" says $user, and then something else`},
		{"ROOM_RULES", "user:$id", `"user:$id" has a $ that is not $user`},
		{"ROOM_RULES", "user:$user,=none", `"=none" has no name of a room`},
		{"ROOM_RULES", "private-*=no", `"private-*=no" says neither`},
		{"TOKEN_CLAIMS", "member", `"member" is not claim=value`},
		{"TOKEN_CLAIMS", "a=1,a=2", `claim "a" is there twice`},
		{"MESSAGE_CONSTANTS", "a=1,a=2", `column "a" is there twice`},
		{"REVOKED_QUERY", "SELECT true", `it should hold a query with $1`},
		{"ACCESS_RECHECK", "-1s", `a time from 0s to 24h`},
	} {
		_, faults := parse(with(c.name, c.value), ruled)
		if len(faults) != 1 || !strings.HasPrefix(faults[0], c.name+" holds ") || !strings.Contains(faults[0], c.want) {
			t.Errorf("%s=%s: %v", c.name, c.value, faults)
		}
	}
	c, faults := parse(with("ROOM_RULES", " user:$user=user , private-*=none,lobby = all"), ruled)
	if want := (RoomRules{{"user:$user", false}, {"private-*", false}, {"lobby", true}}); faults != nil || len(c.RoomRules) != 3 || c.RoomRules[0] != want[0] || c.RoomRules[1] != want[1] || c.RoomRules[2] != want[2] {
		t.Errorf("%v, %v", c.RoomRules, faults)
	}
}
