package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	goodSecret = "a-jwt-secret-nobody-may-ever-see-in-a-log"
	goodKey    = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2"
	goodURL    = "postgresql://app:dbpassw0rd@db.example:5432/chat?schema=public&sslpassword=alsosecret"
)

// with returns a sound environment in which the given pairs of name and value are set.
func with(pairs ...string) environment {
	env := environment{"JWT_SECRET": {value: goodSecret}, "DATABASE_URL": {value: goodURL}, "MESSAGE_ENCRYPTION_KEY": {value: goodKey}}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = setting{value: pairs[i+1]}
	}
	return env
}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	c, faults := parse(with())
	if faults != nil || c.Warnings != nil {
		t.Fatalf("faults %q, warnings %q", faults, c.Warnings)
	}
	want := Config{
		JWTSecret: goodSecret, TokenCookie: "token",
		DatabaseURL: goodURL, MessageEncryptionKey: goodKey, MessageKeyFormat: "hex", MessageCipher: "aes-256-gcm", MessageID: "auto", DatabaseTimeout: 4 * time.Second,
		Host: "0.0.0.0", Port: 4000, SocketPath: "/socket.io/", Polling: "upgrade", MaxPayload: 1_000_000, SendQueueBytes: 1 << 20,
		RateLimit: 100, RelayRate: 10, TrustedProxies: privateNetworks,
		PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second, ConnectTimeout: 45 * time.Second,
		JoinMode: "single", RequireJoin: true, JoinEvents: []string{"join_room"}, LeaveEvents: []string{"leave_room"},
		SendEvents: []string{"send_message"}, MessageEvent: "receive_message", MembersEvent: "room_members", MembersShape: "array",
		MembersLimit: 1000, MaxText: 65_536,
		LogFormat: "text", LogLevel: slog.LevelInfo, ShutdownTimeout: 8 * time.Second,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	want.JWTSecret, want.DatabaseURL, want.MessageEncryptionKey = "", "", ""
	if got := Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("Default:\ngot  %+v\nwant %+v", got, want)
	}
}

func TestValuesAreNormalised(t *testing.T) {
	t.Parallel()
	c, faults := parse(with(
		"DATABASE_URL", " file:./dev.db\n", "MESSAGE_CIPHER", "AES-256-GCM", "MESSAGE_CONSTANTS", "type=TEXT, status = SENT ,note=a=b",
		"ROOM_ACCESS_QUERY", `SELECT 1 FROM "Member" WHERE "roomId" = $1 AND "userId" = $2`,
		"HOST", "[::]", "PORT", " 8080 ", "SOCKET_PATH", "api//ws", "ALLOWED_ORIGINS", "HTTPS://App.Example.com/ , http://localhost:3000,https://x.example:443",
		"TRUSTED_PROXIES", "private, 203.0.113.7 ,2001:db8::1/32", "PING_INTERVAL", "25000", "PING_TIMEOUT", "1m30s",
		"JOIN_EVENTS", "join_room, enterRoom", "LEAVE_EVENTS", "leave-chat", "RELAY_EVENTS", "typing = user_typing, stop_typing", "ADMIN_ADDR", ":9090",
		"LOG_FORMAT", "JSON", "LOG_LEVEL", "debug", "TOKEN_COOKIE", "__Host-token",
	))
	if faults != nil {
		t.Fatal(faults)
	}
	for name, pair := range map[string][2]any{
		"DATABASE_URL":      {c.DatabaseURL, DatabaseURL("file:./dev.db")},
		"MESSAGE_CIPHER":    {c.MessageCipher, "aes-256-gcm"},
		"MESSAGE_CONSTANTS": {c.MessageConstants, Constants{"type": "TEXT", "status": "SENT", "note": "a=b"}},
		"HOST":              {c.Host, "::"},
		"PORT":              {c.Port, 8080},
		"SOCKET_PATH":       {c.SocketPath, "/api/ws/"},
		"ALLOWED_ORIGINS":   {c.AllowedOrigins, []string{"https://app.example.com", "http://localhost:3000", "https://x.example"}},
		"PING_INTERVAL":     {c.PingInterval, 25 * time.Second},
		"PING_TIMEOUT":      {c.PingTimeout, 90 * time.Second},
		"JOIN_EVENTS":       {c.JoinEvents, []string{"join_room", "enterRoom"}},
		"LEAVE_EVENTS":      {c.LeaveEvents, []string{"leave-chat"}},
		"RELAY_EVENTS":      {c.RelayEvents, Relays{{"typing", "user_typing"}, {"stop_typing", ""}}},
		"ADMIN_ADDR":        {c.AdminAddr, ":9090"},
		"LOG_FORMAT":        {c.LogFormat, "json"},
		"LOG_LEVEL":         {c.LogLevel, slog.LevelDebug},
		"TOKEN_COOKIE":      {c.TokenCookie, "__Host-token"},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %#v, want %#v", name, pair[0], pair[1])
		}
	}
}

func TestTrustedProxiesContain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		proxies, addr string
		want          bool
	}{
		{"private", "127.0.0.1", true}, {"private", "::1", true}, {"private", "10.9.8.7", true}, {"private", "172.31.0.1", true},
		{"private", "192.168.1.1", true}, {"private", "fd00::1", true}, {"private", "::ffff:10.0.0.1", true},
		{"private", "172.32.0.1", false}, {"private", "8.8.8.8", false}, {"private", "2001:db8::1", false},
		{"none", "127.0.0.1", false}, {"203.0.113.7", "203.0.113.7", true}, {"203.0.113.7", "203.0.113.8", false},
		{"203.0.113.7", "10.0.0.1", false}, {"::ffff:203.0.113.7", "203.0.113.7", true},
		{"private,203.0.113.0/24", "203.0.113.9", true}, {"fe80::/10", "fe80::1%eth0", true},
	} {
		cfg, faults := parse(with("TRUSTED_PROXIES", c.proxies))
		if faults != nil {
			t.Fatal(faults)
		}
		if got := cfg.TrustedProxies.Contain(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s contain %s: %v", c.proxies, c.addr, got)
		}
	}
}

func TestPrefixWinsAndBlankIsNotSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pairs []string
		port  int
	}{
		{[]string{"PORT", "3000"}, 3000},
		{[]string{"GATEWAY_PORT", "4001"}, 4001},
		{[]string{"GATEWAY_PORT", "4001", "PORT", "3000"}, 4001},
		{[]string{"GATEWAY_PORT", "4001", "PORT", "not a number"}, 4001},
		{[]string{"GATEWAY_PORT", "", "PORT", "3000"}, 3000},
		{[]string{"GATEWAY_PORT", " ", "PORT", ""}, 4000},
	} {
		if got, faults := parse(with(c.pairs...)); got.Port != c.port || faults != nil {
			t.Errorf("%q: port %d, %v, want %d", c.pairs, got.Port, faults, c.port)
		}
	}
}

func TestVariablesOfKubernetesAreNotOurs(t *testing.T) {
	t.Parallel()
	env, faults, _ := readEnvironment(t.TempDir(), []string{
		"GATEWAY_PORT=tcp://10.0.0.7:4000", "GATEWAY_SERVICE_HOST=10.0.0.7", "GATEWAY_SERVICE_PORT=4000", "GATEWAY_SERVICE_PORT_HTTP=4000",
		"GATEWAY_PORT_4000_TCP=tcp://10.0.0.7:4000", "GATEWAY_PORT_4000_TCP_ADDR=10.0.0.7", "PORT=4001",
		"JWT_SECRET=" + goodSecret, "DATABASE_URL=none",
	})
	c, more := parse(env)
	if faults != nil || more != nil || c.Warnings != nil || c.Port != 4001 {
		t.Errorf("faults %v %v, warnings %q, port %d", faults, more, c.Warnings, c.Port)
	}
}

func TestEachFaultSaysWhatIsThereAndWhatShouldBe(t *testing.T) {
	t.Parallel()
	const wantURL = "; it should hold postgres://user:password@host/database, file:./dev.db for SQLite, or none"
	const wantKey = "; it should hold 64 hex characters, the same as in the web app (a new key: openssl rand -hex 32), or a key as MESSAGE_KEY_FORMAT says"
	const wantEvents = "; it should hold names of events with commas between them"
	const wantRelays = wantEvents + ", such as typing,stop_typing or typing=user_typing"
	const wantOrigins = "; it should hold origins like https://app.example.com with commas between them, or *"
	for _, c := range []struct{ name, value, want string }{
		{"JWT_SECRET", "", "JWT_SECRET is not set; it should hold the secret that the web app signs its tokens with"},
		{"TOKEN_COOKIE", "my token", `TOKEN_COOKIE holds "my token"; it should hold the name of a cookie`},
		{"DATABASE_URL", "", "DATABASE_URL is not set" + wantURL},
		{"DATABASE_URL", "mysql://root:dbpassw0rd@db/chat", "DATABASE_URL holds mysql://root:hidden@db/chat" + wantURL},
		{"DATABASE_URL", `"` + goodURL + `"`, "DATABASE_URL holds 87 bytes (hidden), where the quotes are part of the value" + wantURL},
		{"DATABASE_URL", "postgres://app:dbpass#w0rd@db/chat",
			"DATABASE_URL holds postgres:… (34 bytes, hidden), which is not a URL: percent-encode special characters in user and password" + wantURL},
		{"DATABASE_URL", "file:", "DATABASE_URL holds file:" + wantURL},
		{"MESSAGE_ENCRYPTION_KEY", "", "MESSAGE_ENCRYPTION_KEY is not set, where an app that stores plain text, as most do, sets MESSAGE_CIPHER=plaintext instead" + wantKey},
		{"MESSAGE_ENCRYPTION_KEY", goodKey[:63], "MESSAGE_ENCRYPTION_KEY holds 63 bytes (hidden)" + wantKey},
		{"MESSAGE_ENCRYPTION_KEY", goodKey + "a", "MESSAGE_ENCRYPTION_KEY holds 65 bytes (hidden)" + wantKey},
		{"MESSAGE_ENCRYPTION_KEY", goodKey[:63] + "x", "MESSAGE_ENCRYPTION_KEY holds 64 bytes (hidden), and not all of them are hex" + wantKey},
		{"MESSAGE_ENCRYPTION_KEY", goodKey + "\n", "MESSAGE_ENCRYPTION_KEY holds 65 bytes (hidden), with white space around the key" + wantKey},
		{"MESSAGE_ENCRYPTION_KEY", `"` + goodKey + `"`, "MESSAGE_ENCRYPTION_KEY holds 66 bytes (hidden), where the quotes are part of the value" + wantKey},
		{"MESSAGE_CIPHER", "aes", `MESSAGE_CIPHER holds "aes"; it should hold aes-256-gcm, aes-256-gcm-iv12, aes-256-gcm-base64, aes-256-gcm-iv12-base64, aes-256-cbc, aes-256-cbc-base64, cryptojs or plaintext`},
		{"MESSAGE_ID", "ulid", `MESSAGE_ID holds "ulid"; it should hold auto, cuid, uuid or database`},
		{"MESSAGE_CONSTANTS", "type=TEXT,oops", `MESSAGE_CONSTANTS holds "type=TEXT,oops", "oops" is not column=value; it should hold column=value pairs with commas between them, such as type=TEXT,status=SENT`},
		{"MESSAGE_CONSTANTS", "a=1,a=2", `MESSAGE_CONSTANTS holds "a=1,a=2", column "a" is there twice; it should hold column=value pairs with commas between them, such as type=TEXT,status=SENT`},
		{"ROOM_ACCESS_QUERY", "SELECT $1", `ROOM_ACCESS_QUERY holds "SELECT $1"; it should hold a query with $1 for the room and $2 for the user`},
		{"DATABASE_TIMEOUT", "99", `DATABASE_TIMEOUT holds "99"; it should hold a time from 100ms to 30s, such as 4s (a bare number is milliseconds)`},
		{"DATABASE_TIMEOUT", "-5s", `DATABASE_TIMEOUT holds "-5s"; it should hold a time from 100ms to 30s, such as 4s (a bare number is milliseconds)`},
		{"HOST", "http://x", `HOST holds "http://x"; it should hold an IP address or a host name, without a port`},
		{"HOST", "localhost:80", `HOST holds "localhost:80"; it should hold an IP address or a host name, without a port`},
		{"PORT", "web", `PORT holds "web"; it should hold a whole number from 0 to 65535`},
		{"PORT", "65536", `PORT holds "65536"; it should hold a whole number from 0 to 65535`},
		{"PORT", "-1", `PORT holds "-1"; it should hold a whole number from 0 to 65535`},
		{"PORT", "a\nb", `PORT holds "a\nb"; it should hold a whole number from 0 to 65535`},
		{"PORT", strings.Repeat("9", 200), `PORT holds "` + strings.Repeat("9", 100) + `"…; it should hold a whole number from 0 to 65535`},
		{"SOCKET_PATH", "/", `SOCKET_PATH holds "/"; it should hold a path below the root, such as /socket.io/`},
		{"SOCKET_PATH", "/ws?x=1", `SOCKET_PATH holds "/ws?x=1"; it should hold a path below the root, such as /socket.io/`},
		{"POLLING", "on", `POLLING holds "on"; it should hold upgrade, full or off`},
		{"ALLOWED_ORIGINS", "app.example.com", `ALLOWED_ORIGINS holds "app.example.com", "app.example.com" is not scheme://host` + wantOrigins},
		{"ALLOWED_ORIGINS", "*,https://a.example/chat", `ALLOWED_ORIGINS holds "*,https://a.example/chat", "https://a.example/chat" has a path` + wantOrigins},
		{"ALLOWED_ORIGINS", "https://*.example.com", `ALLOWED_ORIGINS holds "https://*.example.com", "https://*.example.com" has a *, which has a meaning only by itself` + wantOrigins},
		{"ALLOWED_ORIGINS", "https://a.example?x", `ALLOWED_ORIGINS holds "https://a.example?x", "https://a.example?x" has more than scheme, host and port` + wantOrigins},
		{"MAX_PAYLOAD", "1MB", `MAX_PAYLOAD holds "1MB"; it should hold a whole number from 1000 to 100000000`},
		{"MAX_PAYLOAD", "999999999", `MAX_PAYLOAD holds "999999999"; it should hold a whole number from 1000 to 100000000`},
		{"SEND_QUEUE_BYTES", "5000", `SEND_QUEUE_BYTES holds "5000", less than MAX_PAYLOAD (1000000), so that a large message could never be delivered; it should hold a whole number from 1000 to 1000000000`},
		{"RATE_LIMIT", "-1", `RATE_LIMIT holds "-1"; it should hold a whole number from 0 to 1000000`},
		{"TRUSTED_PROXIES", "10.0.0.0/8,lan", `TRUSTED_PROXIES holds "10.0.0.0/8,lan", "lan" is neither an address nor a network; it should hold private, none, or addresses and networks like 10.0.0.0/8 with commas between them`},
		{"TRUSTED_PROXIES", "none,private", `TRUSTED_PROXIES holds "none,private", "none" is neither an address nor a network; it should hold private, none, or addresses and networks like 10.0.0.0/8 with commas between them`},
		{"PING_INTERVAL", "soon", `PING_INTERVAL holds "soon"; it should hold a time from 100ms to 1h, such as 25s (a bare number is milliseconds)`},
		{"JOIN_MODE", "both", `JOIN_MODE holds "both"; it should hold single or multi`},
		{"REQUIRE_JOIN", "maybe", `REQUIRE_JOIN holds "maybe"; it should hold true or false`},
		{"JOIN_EVENTS", "join,", `JOIN_EVENTS holds "join,", where a name is empty` + wantEvents},
		{"JOIN_EVENTS", "connect-error", `JOIN_EVENTS holds "connect-error", where "connect-error" is a name that Socket.IO keeps for itself` + wantEvents},
		{"LEAVE_EVENTS", "disconnecting", `LEAVE_EVENTS holds "disconnecting", where "disconnecting" is a name that Socket.IO keeps for itself` + wantEvents},
		{"SEND_EVENTS", "send,joinRoom", `SEND_EVENTS holds "send,joinRoom", "joinRoom" is in JOIN_EVENTS too` + wantEvents},
		{"RELAY_EVENTS", "typing,", `RELAY_EVENTS holds "typing,", where a name is empty` + wantRelays},
		{"RELAY_EVENTS", "typing=", `RELAY_EVENTS holds "typing=", "typing=" does not say what is to go out` + wantRelays},
		{"RELAY_EVENTS", "typing,sendMessage", `RELAY_EVENTS holds "typing,sendMessage", "sendMessage" is in SEND_EVENTS too` + wantRelays},
		{"RELAY_EVENTS", "join-room", `RELAY_EVENTS holds "join-room", "join-room" is in JOIN_EVENTS too` + wantRelays},
		{"RELAY_EVENTS", "leaveRoom", `RELAY_EVENTS holds "leaveRoom", "leaveRoom" is in LEAVE_EVENTS too` + wantRelays},
		{"RELAY_EVENTS", "stop_typing,stopTyping", `RELAY_EVENTS holds "stop_typing,stopTyping", "stopTyping" is in RELAY_EVENTS too` + wantRelays},
		{"RELAY_EVENTS", "receive_message", `RELAY_EVENTS holds "receive_message", "receive_message" is what MESSAGE_EVENT says` + wantRelays},
		{"RELAY_EVENTS", "receive message", `RELAY_EVENTS holds "receive message", "receive message" is what MESSAGE_EVENT says` + wantRelays},
		{"RELAY_EVENTS", "typing=receiveMessage", `RELAY_EVENTS holds "typing=receiveMessage", "receiveMessage" is what MESSAGE_EVENT says` + wantRelays},
		{"RELAY_EVENTS", "room-members", `RELAY_EVENTS holds "room-members", "room-members" is what MEMBERS_EVENT says` + wantRelays},
		{"RELAY_EVENTS", "typing=error", `RELAY_EVENTS holds "typing=error", where "error" is how the gateway says that something failed` + wantRelays},
		{"RELAY_EVENTS", "typing=disconnect", `RELAY_EVENTS holds "typing=disconnect", where "disconnect" is a name that Socket.IO keeps for itself` + wantRelays},
		{"MESSAGE_EVENT", "connect", `MESSAGE_EVENT holds "connect", where "connect" is a name that Socket.IO keeps for itself; it should hold the name of an event`},
		{"MEMBERS_EVENT", "newListener", `MEMBERS_EVENT holds "newListener", where "newListener" is a name that Socket.IO keeps for itself; it should hold the name of an event`},
		{"MESSAGE_EVENT", "Error", `MESSAGE_EVENT holds "Error", where "Error" is how the gateway says that something failed; it should hold the name of an event`},
		{"MEMBERS_EVENT", "error", `MEMBERS_EVENT holds "error", where "error" is how the gateway says that something failed; it should hold the name of an event`},
		{"MEMBERS_EVENT", "receiveMessage", `MEMBERS_EVENT holds "receiveMessage", "receiveMessage" is what MESSAGE_EVENT says; it should hold the name of an event`},
		{"MEMBERS_SHAPE", "list", `MEMBERS_SHAPE holds "list"; it should hold array, object or count`},
		{"ADMIN_ADDR", "9090", `ADMIN_ADDR holds "9090"; it should hold host:port, such as 127.0.0.1:9090`},
		{"ADMIN_ADDR", "localhost:http", `ADMIN_ADDR holds "localhost:http"; it should hold host:port, such as 127.0.0.1:9090`},
		{"LOG_FORMAT", "xml", `LOG_FORMAT holds "xml"; it should hold text or json`},
		{"LOG_LEVEL", "loud", `LOG_LEVEL holds "loud"; it should hold debug, info, warn or error`},
		{"SHUTDOWN_TIMEOUT", "1m", `SHUTDOWN_TIMEOUT holds "1m"; it should hold a time from 100ms to 10s, such as 8s (a bare number is milliseconds)`},
	} {
		_, faults := parse(with(c.name, c.value))
		if len(faults) != 1 || faults[0] != c.want {
			t.Errorf("%s=%q:\n got %s\nwant %s", c.name, c.value, faults.Error(), c.want)
		}
		if strings.Contains(faults.Error(), "dbpass") || strings.Contains(faults.Error(), goodKey[:8]) {
			t.Errorf("%s: the fault tells a secret: %s", c.name, faults.Error())
		}
	}
}

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
		_, faults := parse(with("MESSAGE_CIPHER", c.cipher, "MESSAGE_KEY_FORMAT", c.format, "MESSAGE_ENCRYPTION_KEY", c.key))
		if c.want == "" && faults != nil || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("%s %s: %v, want %q", c.cipher, c.format, faults, c.want)
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
		_, faults := parse(with(c.pairs...))
		if c.want == "" && faults != nil || c.want != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0], c.want)) {
			t.Errorf("%q: %v, want %q", c.pairs, faults, c.want)
		}
	}
	c, _ := parse(with("AUTH_SECRET", "0", "AUTH_SECRET_1", "1", "AUTH_SECRET_2", "2", "AUTH_SECRET_3", "3", "NEXTAUTH_SECRET", "n"))
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
		_, faults := parse(env)
		if len(faults) != 1 || !strings.Contains(faults[0], c.want) || strings.Contains(faults[0], goodSecret) {
			t.Errorf("%s, with %s: %v, want %q", c.missing, c.other, faults, c.want)
		}
		env[c.missing] = setting{value: goodKey}
		if _, faults = parse(env); faults != nil {
			t.Errorf("%s, with %s: %v", c.missing, c.other, faults)
		}
	}
}

func TestThePortOfNextIsNotTakenUnnoticed(t *testing.T) {
	t.Parallel()
	env := with()
	env["PORT"] = setting{value: "3000", file: ".env.local"}
	c, _ := parse(env)
	if want := []string{"PORT is in .env.local, where Next.js finds it too: add GATEWAY_PORT=4000 there, or the two take each other's port"}; !slices.Equal(c.Warnings, want) {
		t.Errorf("warnings %q, want %q", c.Warnings, want)
	}
	env["GATEWAY_PORT"] = setting{value: "4000", file: ".env"}
	if c, _ = parse(env); c.Warnings != nil {
		t.Errorf("with GATEWAY_PORT: %q", c.Warnings)
	}
	if c, _ = parse(with("PORT", "3000")); c.Warnings != nil {
		t.Errorf("of the process: %q", c.Warnings)
	}
}

func TestGuardedRoomsAreJoinedBeforeTheyAreSpokenInto(t *testing.T) {
	t.Parallel()
	c, faults := parse(with("REQUIRE_JOIN", "false"))
	if faults != nil || c.RequireJoin {
		t.Errorf("without a query: %v, %v", c.RequireJoin, faults)
	}
	_, faults = parse(with("REQUIRE_JOIN", "false", "ROOM_ACCESS_QUERY", "SELECT $1, $2"))
	want := `REQUIRE_JOIN holds "false", which lets everybody send past ROOM_ACCESS_QUERY; it should hold true or false`
	if faults.Error() != want {
		t.Errorf("with a query: got %s\nwant %s", faults, want)
	}
}

func TestEveryFaultIsToldAtOnceInTheOrderOfTheTable(t *testing.T) {
	t.Parallel()
	_, faults := parse(environment{
		"LOG_LEVEL": {value: "loud"}, "GATEWAY_PORT": {value: "web", file: ".env.local"}, "PING_TIMEOUT": {value: "x"},
		"MEMBERS_SHAPE": {value: "x"}, "TRUSTED_PROXIES": {value: "x"}, "MAX_PAYLOAD": {value: "2000000"},
	})
	var got []string
	for _, line := range faults {
		name, _, _ := strings.Cut(line, " ")
		got = append(got, name)
	}
	want := []string{"JWT_SECRET", "DATABASE_URL", "MESSAGE_ENCRYPTION_KEY", "GATEWAY_PORT", "SEND_QUEUE_BYTES", "TRUSTED_PROXIES",
		"PING_TIMEOUT", "MEMBERS_SHAPE", "LOG_LEVEL"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.HasPrefix(faults[3], `GATEWAY_PORT (in .env.local) holds "web"; `) {
		t.Errorf("the file is not named: %s", faults[3])
	}
	if !strings.HasPrefix(faults[4], "SEND_QUEUE_BYTES is 1048576 by default, less than MAX_PAYLOAD (2000000)") {
		t.Errorf("the default is not named: %s", faults[4])
	}
	if strings.Count(faults.Error(), "\n") != len(faults)-1 {
		t.Errorf("not one line for each fault:\n%s", faults.Error())
	}
}

func TestFaultsTellWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	faults := Faults{`GATEWAY_PORT (in .env) holds "web"; it should …`, "JWT_SECRET is not set; it should …"}
	if !faults.About("HOST", "PORT") || !faults.About("JWT_SECRET") || faults.About("JWT_SECRET_PREVIOUS", "HOST") || faults.About() {
		t.Error("about the wrong variables")
	}
	if Faults(nil).About("PORT") || !(Faults{".env.local cannot be read: …"}).About("PORT") {
		t.Error("a file holds any of them")
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
		got, faults := parse(with(c.pairs...))
		if faults != nil || strings.Join(got.Warnings, "\n") != c.warning {
			t.Errorf("%q: faults %v, warnings %q", c.pairs, faults, got.Warnings)
		}
	}
}

func TestDatabaseURLsThatAreGood(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"postgres://h/db", goodURL, "postgresql:///db?host=/run/postgresql", "postgres://u:p@h1:5432,h2:5433/db", "postgres://u:p@[::1]:5432/db",
		"file:./dev.db", "file:/data/chat.db?mode=rwc", "none"} {
		if c, faults := parse(with("DATABASE_URL", text)); faults != nil || string(c.DatabaseURL) != text {
			t.Errorf("%s: %v", text, faults)
		}
	}
}

func TestSuspiciousSettingsWarn(t *testing.T) {
	t.Parallel()
	const quoted = " is in quotes, which are taken as part of it; remove them unless the web app has them too"
	for _, c := range []struct{ name, value, want string }{
		{"JWT_SECRET", "short", "JWT_SECRET has 5 bytes; a secret for HS256 should have at least 32 (openssl rand -base64 48)"},
		{"JWT_SECRET", `"` + goodSecret + `"`, "JWT_SECRET" + quoted},
		{"JWT_SECRET", "'" + goodSecret + "'", "JWT_SECRET" + quoted},
		{"JWT_SECRET", goodSecret + "\n", "JWT_SECRET has white space or a line feed around it, which is taken as part of it; remove it unless the web app has it too"},
		{"ALLOWED_ORIGINS", "*", "ALLOWED_ORIGINS has *: any web site can connect as the user who visits it"},
		{"GATEWAY_RATE_LIMT", "5", "GATEWAY_RATE_LIMT is not a variable of the gateway; did you mean RATE_LIMIT?"},
		{"GATEWAY_ALLOWED_ORIGIN", "5", "GATEWAY_ALLOWED_ORIGIN is not a variable of the gateway; did you mean ALLOWED_ORIGINS?"},
		{"GATEWAY_ADDRESS_BOOK", "5", "GATEWAY_ADDRESS_BOOK is not a variable of the gateway (the command env lists them)"},
		{"ADDRESS_BOOK", "5", ""},
	} {
		got, faults := parse(with(c.name, c.value))
		if faults != nil || strings.Join(got.Warnings, "\n") != c.want {
			t.Errorf("%s=%q: faults %v\n got %q\nwant %q", c.name, c.value, faults, got.Warnings, c.want)
		}
		if c.name == "JWT_SECRET" && string(got.JWTSecret) != c.value {
			t.Errorf("the secret %q was changed to %q: the app would sign with another", c.value, string(got.JWTSecret))
		}
	}
}

func TestUnknownVariablesAreToldInOrder(t *testing.T) {
	t.Parallel()
	c, _ := parse(with("GATEWAY_QA", "", "GATEWAY_QD", "", "GATEWAY_QC", "", "GATEWAY_QB", "", "GATEWAY_QE", ""))
	if len(c.Warnings) != 5 || !slices.IsSorted(c.Warnings) {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestNoSecretIsEverShown(t *testing.T) {
	t.Parallel()
	show := func(v any) string {
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		return fmt.Sprintf("%v %+v %#v %s %q %x ", v, v, v, v, v, v) + string(asJSON) + log.String()
	}
	c, _ := parse(with())
	for _, v := range []any{c, &c, c.JWTSecret, c.MessageEncryptionKey, c.DatabaseURL} {
		shown := show(v)
		for _, secret := range []string{goodSecret, goodKey, "dbpassw0rd", "alsosecret", fmt.Sprintf("%x", "dbpassw0rd")} {
			if strings.Contains(shown, secret) {
				t.Errorf("%T shows %q", v, secret)
			}
		}
	}
	for text, want := range map[string]string{
		goodURL:                                 "postgresql://app:hidden@db.example:5432/chat",
		"postgres://app@db/chat":                "postgres://app@db/chat",
		"postgres:///chat?password=hunter2":     "postgres:… (33 bytes, hidden)",
		"postgres://h/chat?password=hunter2":    "postgres://h/chat",
		"postgres://h/chat?password=hunter2@x":  "postgres:… (36 bytes, hidden)",
		"postgres://app:12/hunter2@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres://app:12?hunter2@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres://app:12#hunter2@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres://app:hunter2%zz@h/chat":      "postgres:… (32 bytes, hidden)",
		"postgres:app:hunter2@h/chat":           "postgres:… (27 bytes, hidden)",
		"host=h user=app password=hunter2":      "32 bytes (hidden)",
		"hunter2":                               "7 bytes (hidden)",
		"file:./dev.db?connection_limit=1&k=hu": "file:./dev.db",
		"none":                                  "none",
	} {
		if got := DatabaseURL(text).String(); got != want {
			t.Errorf("%s: shown as %s, want %s", text, got, want)
		}
	}
}

func TestDotenvFilesAreReadInTheOrderOfNext(t *testing.T) {
	t.Parallel()
	all := []string{".env", ".env.local"}
	for _, mode := range []string{"development", "production", "test"} {
		all = append(all, ".env."+mode, ".env."+mode+".local")
	}
	for _, c := range []struct {
		nodeEnv string
		order   []string
	}{
		{"", []string{".env.development.local", ".env.local", ".env.development", ".env"}},
		{"development", []string{".env.development.local", ".env.local", ".env.development", ".env"}},
		{"production", []string{".env.production.local", ".env.local", ".env.production", ".env"}},
		{"test", []string{".env.test.local", ".env.test", ".env"}},
	} {
		dir := t.TempDir()
		for _, file := range all {
			write(t, dir, file, "TOKEN_COOKIE="+file+"\n")
		}
		for _, file := range append(c.order, "") { // each in turn is the winner, until none is left
			env, faults, _ := readEnvironment(dir, []string{"NODE_ENV=" + c.nodeEnv})
			if got := env["TOKEN_COOKIE"]; faults != nil || got.value != file || got.file != file {
				t.Fatalf("NODE_ENV=%s: %q from %q, %v, want %q", c.nodeEnv, got.value, got.file, faults, file)
			}
			if file != "" {
				if err := os.Remove(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
			}
		}
		env, _, _ := readEnvironment(dir, []string{"TOKEN_COOKIE=process", "NODE_ENV=" + c.nodeEnv})
		if env["TOKEN_COOKIE"].value != "process" {
			t.Error("the process does not win")
		}
	}
}

func TestDotenvFormsThatAppsUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, ".env", "# a comment\r\nexport JWT_SECRET=\"quoted secret\" # why\r\nDB_USER=ada\r\nDATABASE_URL=\"postgres://${DB_USER}:${DB_PASSWORD}@h/db\"\r\n"+
		"MESSAGE_TABLE='${LITERAL}'\r\nAPP_NAME=${NOT_OURS}\r\nLOG_FORMAT=\r\n")
	if err := os.Mkdir(filepath.Join(dir, ".env.local"), 0o700); err != nil { // what Docker makes of a missing mount
		t.Fatal(err)
	}
	env, faults, warnings := readEnvironment(dir, []string{"LOG_FORMAT=json"})
	if faults != nil {
		t.Fatal(faults)
	}
	for name, want := range map[string]string{
		"JWT_SECRET": "quoted secret", "DATABASE_URL": "postgres://ada:@h/db", "MESSAGE_TABLE": "${LITERAL}", "LOG_FORMAT": "json",
	} {
		if got := env[name].value; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if want := []string{"DATABASE_URL in .env uses ${DB_PASSWORD}, which this file does not define: it reads as empty"}; !slices.Equal(warnings, want) {
		t.Errorf("warnings %q, want %q", warnings, want)
	}
}

func TestBrokenDotenvFileIsAFaultThatQuotesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, ".env", "JWT_SECRET=\"hunter2 without an end\nPORT=1\nhunter2 ??\n")
	_, faults, _ := readEnvironment(dir, nil)
	if len(faults) != 1 || !strings.HasPrefix(faults[0], ".env cannot be understood; it should hold") || strings.Contains(faults[0], "hunter2") {
		t.Errorf("faults %q", faults)
	}
}

// TestLoadLeavesTheEnvironmentAsItWas is not parallel: it is about the process's own environment.
func TestLoadLeavesTheEnvironmentAsItWas(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, ".env", "JWT_SECRET="+goodSecret+"\nGATEWAY_PORT=web\nOTHER=thing\n${oops\n")
	for name, value := range map[string]string{"PORT": "3000", "GATEWAY_PORT": "4001", "HOST": "", "DATABASE_URL": "none", "NODE_ENV": "test"} {
		t.Setenv(name, value)
	}
	before := slices.Sorted(slices.Values(os.Environ()))
	c, err := Load()
	var faults Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("the broken line is no fault: %v", err)
	}
	write(t, dir, ".env", "JWT_SECRET="+goodSecret+"\nGATEWAY_PORT=web\nOTHER=thing\n")
	if c, err = Load(); err != nil {
		t.Fatal(err)
	}
	if c.Port != 4001 || c.JWTSecret != goodSecret || !c.DatabaseURL.None() || c.Host != "0.0.0.0" {
		t.Errorf("got %+v", c)
	}
	if after := slices.Sorted(slices.Values(os.Environ())); !slices.Equal(before, after) {
		t.Errorf("environment before\n%q\nand after\n%q", before, after)
	}
}

// TestSecretIsLoadedByItself is not parallel for the same reason.
func TestSecretIsLoadedByItself(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("JWT_SECRET", "")
	t.Setenv("GATEWAY_JWT_SECRET", "")
	t.Setenv("PORT", "no reason to fail")
	t.Setenv("AUTH_SECRET", "")
	t.Setenv("NEXTAUTH_SECRET", "")
	if c, err := LoadSecret(); err == nil || !strings.HasPrefix(err.Error(), "JWT_SECRET is not set; ") || c.JWTSecret != "" {
		t.Errorf("%q, %v", string(c.JWTSecret), err)
	}
	t.Setenv("NEXTAUTH_SECRET", goodSecret)
	if c, err := LoadSecret(); err != nil || c.NextauthSecret != goodSecret || c.JWTSecret != "" {
		t.Errorf("%q, %v", string(c.NextauthSecret), err)
	}
	t.Setenv("GATEWAY_JWT_SECRET", goodSecret)
	if c, err := LoadSecret(); err != nil || c.JWTSecret != goodSecret {
		t.Errorf("%q, %v", string(c.JWTSecret), err)
	}
	write(t, dir, ".env", "oops\n${\n")
	if _, err := LoadSecret(); err == nil {
		t.Error("a broken .env file is no fault")
	}
}

func write(t *testing.T, dir, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSecretsThatEverybodyKnowsAreNamed(t *testing.T) {
	t.Parallel()
	compose, err := os.ReadFile("../../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"JWT_SECRET", "MESSAGE_ENCRYPTION_KEY"} {
		found := regexp.MustCompile(`\$\{` + name + `:-([^}]+)\}`).FindSubmatch(compose)
		if found == nil {
			t.Errorf("docker-compose.yml has no %s", name)
			continue
		}
		got, faults := parse(with(name, string(found[1])))
		if faults != nil || len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], name+" is the one of docker-compose.yml") {
			t.Errorf("%s: faults %v, warnings %q", name, faults, got.Warnings)
		}
	}
}
