package config

import (
	"slices"
	"strings"
	"testing"
)

func TestEachFaultSaysWhatIsThereAndWhatShouldBe(t *testing.T) {
	t.Parallel()
	const wantURL = "; it should hold postgres://user:password@host/database, file:./dev.db for SQLite, or none"
	const wantKey = "; it should hold 64 hex characters, the same as in the web app (a new key: openssl rand -hex 32), or a key as MESSAGE_KEY_FORMAT says"
	const wantEvents = "; it should hold names of events with commas between them"
	const wantRelays = wantEvents + ", such as typing,stop_typing, typing=user_typing or call=incoming_call@user"
	const wantOrigins = "; it should hold origins like https://app.example.com with commas between them, or *"
	for _, c := range []struct{ name, value, want string }{
		{"JWT_SECRET", "", "JWT_SECRET is not set; it should hold the secret that the web app signs its tokens with"},
		{"TOKEN_COOKIE", "my token", `TOKEN_COOKIE holds "my token"; it should hold the name of a cookie`},
		{"DATABASE_URL", "", "DATABASE_URL is not set" + wantURL},
		{"DATABASE_URL", "mysql://root:dbpassw0rd@db/chat", "DATABASE_URL holds mysql://root:hidden@db/chat, where mysql is not supported" + wantURL},
		{"DATABASE_URL", `"` + goodURL + `"`, "DATABASE_URL holds 87 bytes (hidden), where the quotes are part of the value" + wantURL},
		{"DATABASE_URL", "postgres://app:dbpass#w0rd@db/chat",
			"DATABASE_URL holds postgres:… (34 bytes, hidden), which is not a URL: percent-encode special characters in user and password" + wantURL},
		{"DATABASE_URL", "file:", "DATABASE_URL holds file:, where a path is missing" + wantURL},
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
		{"ALLOWED_ORIGINS", "https://bücher.example", `ALLOWED_ORIGINS holds "https://bücher.example", "https://bücher.example" is not as browsers send it: they write such a name as xn--…` + wantOrigins},
		{"CLIENT_FIELDS", "tempId,,fileUrl", `CLIENT_FIELDS holds "tempId,,fileUrl", where a name is empty; it should hold names of fields with commas between them, such as tempId,fileUrl, or * or none`},
		{"CLIENT_FIELDS", "none,tempId", `CLIENT_FIELDS holds "none,tempId", where none stands beside others; it should hold names of fields with commas between them, such as tempId,fileUrl, or * or none`},
		{"USER_QUERY", "SELECT name FROM users", `USER_QUERY holds "SELECT name FROM users"; it should hold a query with $1 for the user's id that gives the user's name`},
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
		{"RELAY_EVENTS", "call@users", `RELAY_EVENTS holds "call@users", "call@users" says neither @user nor @socket` + wantRelays},
		{"RELAY_EVENTS", "call@user:", `RELAY_EVENTS holds "call@user:", "call@user:" does not say in which key the user is` + wantRelays},
		{"RELAY_EVENTS", "@user", `RELAY_EVENTS holds "@user", where a name is empty` + wantRelays},
		{"RELAY_EVENTS", "call=receive_message@user", `RELAY_EVENTS holds "call=receive_message@user", "receive_message" is what MESSAGE_EVENT says` + wantRelays},
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
		_, faults := parse(with(c.name, c.value), ruled)
		if len(faults) != 1 || faults[0] != c.want {
			t.Errorf("%s=%q:\n got %s\nwant %s", c.name, c.value, faults.Error(), c.want)
		}
		if strings.Contains(faults.Error(), "dbpass") || strings.Contains(faults.Error(), goodKey[:8]) {
			t.Errorf("%s: the fault tells a secret: %s", c.name, faults.Error())
		}
	}
}

func TestEveryFaultIsToldAtOnceInTheOrderOfTheTable(t *testing.T) {
	t.Parallel()
	_, faults := parse(environment{
		"LOG_LEVEL": {value: "loud"}, "GATEWAY_PORT": {value: "web", file: ".env.local"}, "PING_TIMEOUT": {value: "x"},
		"MEMBERS_SHAPE": {value: "x"}, "TRUSTED_PROXIES": {value: "x"}, "MAX_PAYLOAD": {value: "2000000"},
	}, ruled)
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
