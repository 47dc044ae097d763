package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

func TestKeysAreHeldAgainstTheirFormat(t *testing.T) {
	t.Parallel()
	const raw, packed = "thirty-two bytes as they are: 32", "AP8Q7yDfMM9Av1CvYJ9wjwD/EO8g3zDPQL9Qr2CfcI8="
	for _, c := range []struct{ cipher, format, key, want string }{
		{"aes-256-gcm", "utf8", raw, ""},
		{"aes-256-gcm", "base64", packed, ""},
		{"aes-256-gcm", "base64", strings.TrimRight(packed, "="), ""},
		{"aes-256-cbc", "sha256", "any secret", ""},
		{"aes-256-cbc-base64", "scrypt", "any secret", ""},
		{"cryptojs", "hex", "any passphrase", ""},
		{"plaintext", "hex", "", ""},
		{"aes-256-gcm", "hex", raw, "32 bytes (hidden), which is a key by itself or a secret that one is made of: set MESSAGE_KEY_FORMAT=utf8, sha256 or scrypt, as the web app does it"},
		{"aes-256-gcm", "hex", packed, "44 bytes (hidden), and looks like base64: set MESSAGE_KEY_FORMAT=base64 if the web app decodes it so"},
		{"aes-256-gcm", "utf8", packed, "44 bytes (hidden), where MESSAGE_KEY_FORMAT=utf8 needs 32"},
		{"aes-256-gcm", "base64", raw, "32 bytes (hidden), which is no base64 of 32 bytes, as MESSAGE_KEY_FORMAT says"},
		{"aes-256-gcm", "sha256", "", "is not set"},
		{"cryptojs", "hex", "", "is not set"},
	} {
		_, faults := parse(with("MESSAGE_CIPHER", c.cipher, "MESSAGE_KEY_FORMAT", c.format, "MESSAGE_ENCRYPTION_KEY", c.key), ruled)
		if c.want == "" && faults != nil || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("%s %s: %v, want %q", c.cipher, c.format, faults, c.want)
		}
	}
}

// The ciphers and key formats stand in the tags for those who read the table; what there is stands in nodecrypt.
func TestCiphersAndKeyFormatsAreThoseThatThereAre(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"MESSAGE_CIPHER":     append(nodecrypt.Names(), "plaintext"),
		"MESSAGE_KEY_FORMAT": nodecrypt.KeyFormats(),
	} {
		i := slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
		if got := slices.Sorted(slices.Values(variables[i].choices())); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s may hold %q, but there are %q", name, got, want)
		}
	}
}

func TestKeyIsOnlyNeededForWhatIsEncrypted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pairs   []string
		warning string
	}{
		{[]string{"MESSAGE_ENCRYPTION_KEY", "", "MESSAGE_CIPHER", "Plaintext"}, "MESSAGE_CIPHER is plaintext: messages are stored unencrypted"},
		{[]string{"MESSAGE_ENCRYPTION_KEY", "", "DATABASE_URL", "none"}, ""},
	} {
		got, faults := parse(with(c.pairs...), ruled)
		if faults != nil || strings.Join(got.Warnings, "\n") != c.warning {
			t.Errorf("%q: faults %v, warnings %q", c.pairs, faults, got.Warnings)
		}
	}
}

func TestOneWayToTellWhoSomebodyIsIsEnough(t *testing.T) {
	t.Parallel()
	const query = "SELECT id, name FROM session WHERE token = $1"
	for _, c := range []struct {
		pairs []string
		want  string // the start of the only fault
	}{
		{[]string{"JWT_SECRET", "", "AUTH_SECRET", "x"}, ""},
		{[]string{"JWT_SECRET", "", "AUTH_SECRET_2", "x"}, ""},
		{[]string{"JWT_SECRET", "", "NEXTAUTH_SECRET", "x"}, ""},
		{[]string{"JWT_SECRET", "", "SESSION_QUERY", query}, ""},
		{[]string{"JWT_SECRET", "", "SESSION_QUERY", query, "BETTER_AUTH_SECRET", "x"}, ""},
		{[]string{"JWT_SECRET_PREVIOUS", "x"}, ""},
		{[]string{"JWT_SECRET", ""}, "JWT_SECRET is not set; "},
		{[]string{"JWT_SECRET", "", "AUTH_SECRET", "x", "JWT_SECRET_PREVIOUS", "y"}, "JWT_SECRET is not set, but JWT_SECRET_PREVIOUS is; "},
		{[]string{"JWT_SECRET", "", "BETTER_AUTH_SECRET", "x"}, "SESSION_QUERY is not set, and Better Auth keeps its sessions in the database; with its own tables: SELECT "},
		{[]string{"SESSION_QUERY", "SELECT 1"}, `SESSION_QUERY holds "SELECT 1"; `},
		{[]string{"SESSION_QUERY", query, "DATABASE_URL", "none"}, `SESSION_QUERY holds "` + query + `", but DATABASE_URL is none; `},
	} {
		_, faults := parse(with(c.pairs...), ruled)
		if c.want == "" && faults != nil || c.want != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0], c.want)) {
			t.Errorf("%q: %v, want %q", c.pairs, faults, c.want)
		}
	}
	c, _ := parse(with("AUTH_SECRET", "0", "AUTH_SECRET_1", "1", "AUTH_SECRET_2", "2", "AUTH_SECRET_3", "3", "NEXTAUTH_SECRET", "n"), ruled)
	if got := c.AuthSecrets(); !slices.Equal(got, []Secret{"0", "3", "2", "1", "n"}) {
		t.Errorf("secrets of Auth.js: %#v", got)
	}
}

func TestASecretThatTheAppCallsOtherwiseIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ missing, other, file, want string }{
		{"JWT_SECRET", "ACCESS_TOKEN_SECRET", ".env", "JWT_SECRET is not set, but the app has ACCESS_TOKEN_SECRET: if that is it, add JWT_SECRET=${ACCESS_TOKEN_SECRET} below it, in .env; "},
		{"JWT_SECRET", "JWT_ACCESS_SECRET", ".env.local", "add JWT_SECRET=${JWT_ACCESS_SECRET} below it, in .env.local; "},
		{"MESSAGE_ENCRYPTION_KEY", "ENCRYPTION_KEY", ".env", "add MESSAGE_ENCRYPTION_KEY=${ENCRYPTION_KEY} below it, in .env, or MESSAGE_CIPHER=plaintext if the app stores plain text; "},
		{"MESSAGE_ENCRYPTION_KEY", "ENCRYPTION_SECRET", ".env", "MESSAGE_ENCRYPTION_KEY=${ENCRYPTION_SECRET}"},
		{"MESSAGE_ENCRYPTION_KEY", "SECRET_KEY", ".env", "MESSAGE_ENCRYPTION_KEY=${SECRET_KEY}"},
		{"JWT_SECRET", "ENCRYPTION_KEY", ".env", "JWT_SECRET is not set; "},
		{"JWT_SECRET", "ACCESS_TOKEN_SECRET", "", "JWT_SECRET is not set; "}, // a file can not refer to the process
	} {
		env := with(c.missing, "")
		env[c.other] = setting{value: goodSecret, file: c.file}
		_, faults := parse(env, ruled)
		if len(faults) != 1 || !strings.Contains(faults[0], c.want) || strings.Contains(faults[0], goodSecret) {
			t.Errorf("%s, with %s: %v, want %q", c.missing, c.other, faults, c.want)
		}
		env[c.missing] = setting{value: goodKey}
		if _, faults = parse(env, ruled); faults != nil {
			t.Errorf("%s, with %s: %v", c.missing, c.other, faults)
		}
	}
}

func TestGuardedRoomsAreJoinedBeforeTheyAreSpokenInto(t *testing.T) {
	t.Parallel()
	c, faults := parse(with("REQUIRE_JOIN", "false", "ROOM_RULES", ""), ruled)
	if faults != nil || c.RequireJoin {
		t.Errorf("without a query: %v, %v", c.RequireJoin, faults)
	}
	_, faults = parse(with("REQUIRE_JOIN", "false", "ROOM_ACCESS_QUERY", "SELECT $1, $2"), ruled)
	want := `REQUIRE_JOIN holds "false", which lets everybody send past ROOM_ACCESS_QUERY; it should hold true or false`
	if faults.Error() != want {
		t.Errorf("with a query: got %s\nwant %s", faults, want)
	}
	if _, faults = parse(with("REQUIRE_JOIN", "false"), ruled); !strings.Contains(faults.Error(), "past ROOM_RULES") {
		t.Errorf("with rules: %s", faults)
	}
	for _, v := range []string{"USER_ROOMS_QUERY", "PERSONAL_ROOM"} {
		value := map[string]string{"USER_ROOMS_QUERY": "SELECT $1", "PERSONAL_ROOM": "user:$user"}[v]
		if _, faults = parse(with("REQUIRE_JOIN", "false", "ROOM_RULES", "", v, value), ruled); !strings.Contains(faults.Error(), v) {
			t.Errorf("with %s: %s", v, faults)
		}
	}
}

func TestRoomsThatTheServerChoosesMustFitTogether(t *testing.T) {
	t.Parallel()
	const postgres, query = "postgres://u:p@h/d", "SELECT room FROM participant WHERE person = $1"
	for _, c := range []struct {
		pairs []string
		want  string // in the only fault; empty is none
	}{
		{[]string{"USER_ROOMS_QUERY", query, "USER_ROOMS_CHANNEL", "user_rooms"}, ""},
		{[]string{"USER_ROOMS_QUERY", "SELECT room FROM participant"}, "a query with $1"},
		{[]string{"USER_ROOMS_QUERY", query, "DATABASE_URL", "none"}, "but DATABASE_URL is none"},
		{[]string{"USER_ROOMS_CHANNEL", "user_rooms"}, "but there is no USER_ROOMS_QUERY"},
		{[]string{"USER_ROOMS_QUERY", query, "USER_ROOMS_CHANNEL", strings.Repeat("c", 64)}, "longer than the 63 bytes"},
		{[]string{"USER_ROOMS_QUERY", query, "USER_ROOMS_CHANNEL", "c", "DATABASE_URL", "file:./dev.db"}, "only Postgres has channels"},
		{[]string{"PERSONAL_ROOM", "user:$user", "DEFAULT_ROOM", "lobby"}, ""},
		{[]string{"PERSONAL_ROOM", "$user", "USER_ROOMS_QUERY", query}, ""},
		{[]string{"PERSONAL_ROOM", "$user"}, "so that anybody could join anybody's"},
		{[]string{"PERSONAL_ROOM", "user:"}, "with $user"},
		{[]string{"PERSONAL_ROOM", "user:*$user"}, "with $user"},
		{[]string{"DEFAULT_ROOM", "a,b"}, "DEFAULT_ROOM"},
		{[]string{"ONLINE_EVENT", "online", "USER_ONLINE_EVENT", "came", "USER_OFFLINE_EVENT", "left"}, ""},
		{[]string{"USER_ONLINE_EVENT", "came", "USER_OFFLINE_EVENT", "left"}, "nobody learns who was there"},
		{[]string{"ONLINE_EVENT", "online", "USER_ONLINE_EVENT", "came"}, "who comes will go"},
		{[]string{"ONLINE_EVENT", "online", "USER_OFFLINE_EVENT", "left"}, "who goes must have come"},
		{[]string{"ONLINE_EVENT", "roomMembers"}, "MEMBERS_EVENT"},
	} {
		_, faults := parse(with(append([]string{"DATABASE_URL", postgres}, c.pairs...)...), ruled)
		if c.want == "" && faults != nil || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("%q: %v, want %q", c.pairs, faults, c.want)
		}
	}
}

func TestDatabaseURLsThatAreGood(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"postgres://h/db", goodURL, "postgresql:///db?host=/run/postgresql", "postgres://u:p@h1:5432,h2:5433/db", "postgres://u:p@[::1]:5432/db",
		"file:./dev.db", "file:/data/chat.db?mode=rwc", "none"} {
		if c, faults := parse(with("DATABASE_URL", text), ruled); faults != nil || string(c.DatabaseURL) != text {
			t.Errorf("%s: %v", text, faults)
		}
	}
}
