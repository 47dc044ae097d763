package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/socketio"
)

const (
	goodSecret = "a-jwt-secret-nobody-may-ever-see-in-a-log"
	goodKey    = "5ec2e74b9f013ad86c5e27f1908bd3a46e1c750f2b98dd4173a6ce058f32b91e"
	goodURL    = "postgresql://app:dbpassw0rd@db.example:5432/chat?schema=public&sslpassword=alsosecret"
)

// ruled are the rules of a start.
var ruled = Rules{DatabaseURL: database.Check, ReservedEvents: socketio.ReservedEvents(), FoldEvent: contract.Fold}

// with returns a sound environment in which the given pairs of name and value are set.
func with(pairs ...string) environment {
	env := environment{"JWT_SECRET": {value: goodSecret}, "DATABASE_URL": {value: goodURL}, "MESSAGE_ENCRYPTION_KEY": {value: goodKey},
		"ROOM_RULES": {value: "user:$user"}}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = setting{value: pairs[i+1]}
	}
	return env
}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	c, faults := parse(with(), ruled)
	if faults != nil || c.Warnings != nil {
		t.Fatalf("faults %q, warnings %q", faults, c.Warnings)
	}
	want := Config{
		JWTSecret: goodSecret, TokenCookie: "token", TokenMaxAge: 720 * time.Hour,
		DatabaseURL: goodURL, MessageEncryptionKey: goodKey, MessageKeyFormat: "hex", MessageAAD: "off", MessageCipher: "aes-256-gcm", MessageID: "auto", DatabaseTimeout: 4 * time.Second,
		Host: "0.0.0.0", Port: 4000, SocketPath: "/socket.io/", Namespace: "/", Polling: "upgrade", MaxPayload: 1_000_000, SendQueueBytes: 1 << 20,
		RateLimit: 100, UserRateLimit: 500, RelayRate: 10, MaxConnectionsPerIP: 20_000, MaxConnectionsPerUser: 100, MaxPending: 8192, MaxPendingPerIP: 1024, TrustedProxies: privateNetworks,
		PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second, ConnectTimeout: 45 * time.Second, PendingTimeout: 10 * time.Second,
		RoomRules: RoomRules{{Pattern: "user:$user"}}, AccessRecheck: time.Minute, MaxConnectionAge: 24 * time.Hour, AuditLog: "off",
		JoinMode: "single", RequireJoin: true, Echo: true, OnlineShape: "ids", HistorySize: 50, JoinWait: 5 * time.Second, JoinEvents: []string{"join_room"}, LeaveEvents: []string{"leave_room"},
		SendEvents: []string{"send_message"}, MessageEvent: "receive_message", MembersEvent: "room_members", MembersShape: "array",
		MembersLimit: 1000, MembersRate: 64 << 20,
		ClientFields: []string{"*"}, MaxText: 65_536,
		Recovery: "auto", RecoveryWindow: 2 * time.Minute, RecoveryBuffer: 64 << 20, RecoveryLimit: 1000,
		RedisAdapter: "classic", RedisPrefix: "socket.io",
		APIRate: 500, Handlers: "gateway", AttachHold: 30 * time.Second, AttachHoldPackets: 1000, AttachHoldBytes: 64 << 20, AttachQueueBytes: 8 << 20,
		LogFormat: "text", LogLevel: slog.LevelInfo, ShutdownTimeout: 8 * time.Second,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	want.JWTSecret, want.DatabaseURL, want.MessageEncryptionKey, want.RoomRules = "", "", "", nil
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
		"JOIN_EVENTS", "join_room, enterRoom", "LEAVE_EVENTS", "leave-chat", "RELAY_EVENTS", "typing = user_typing, stop_typing, call = ring @ user, ice@socket:peer", "ADMIN_ADDR", ":9090",
		"LOG_FORMAT", "JSON", "LOG_LEVEL", "debug", "TOKEN_COOKIE", "__Host-token",
	), ruled)
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
		"RELAY_EVENTS":      {c.RelayEvents, Relays{{"typing", "user_typing", "", ""}, {"stop_typing", "", "", ""}, {"call", "ring", "user", ""}, {"ice", "", "socket", "peer"}}},
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
		if got, faults := parse(with(c.pairs...), ruled); got.Port != c.port || faults != nil {
			t.Errorf("%q: port %d, %v, want %d", c.pairs, got.Port, faults, c.port)
		}
	}
}

// TestLoadLeavesTheEnvironmentAsItWas is not parallel: it is about the process's own environment.
func TestLoadLeavesTheEnvironmentAsItWas(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, ".env", "JWT_SECRET="+goodSecret+"\nGATEWAY_PORT=web\nOTHER=thing\n${oops\n")
	for name, value := range map[string]string{"PORT": "3000", "GATEWAY_PORT": "4001", "HOST": "", "DATABASE_URL": "none", "NODE_ENV": "test", "ROOM_RULES": "*=all"} {
		t.Setenv(name, value)
	}
	t.Setenv("GATEWAY_BINARY", "") // of scripts/test; Setenv puts it back
	os.Unsetenv("GATEWAY_BINARY")
	before := slices.Sorted(slices.Values(os.Environ()))
	c, err := Load(ruled)
	if err != nil {
		t.Fatal(err)
	}
	if want := ".env, line 4, is not like NAME=value: it is passed over"; !slices.Equal(c.Warnings, []string{want}) {
		t.Errorf("warnings %q, want %q", c.Warnings, want)
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
	write(t, dir, ".env", "oops\n${\nAUTH_SECRET_1=x\n")
	if c, err := LoadSecret(); err != nil || c.AuthSecret1 != "x" {
		t.Errorf("broken lines cost another: %q, %v", string(c.AuthSecret1), err)
	}
}

func write(t *testing.T, dir, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
