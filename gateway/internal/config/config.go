package config

import (
	"log/slog"
	"os"
	"time"
)

// Config is what the gateway runs with. Its values have been checked: lists are trimmed, origins and the socket path
// are normalised, choices are in lower case.
//
// A field's tags say everything about its variable: the name (envconfig), the default, what being unset means (unset),
// the bounds (min, max, oneof), what a fault says it should hold where bounds don't tell (want), and its meaning (desc).
// A topic begins a section of the page of variables, which the fields behind it belong to as well.
type Config struct {
	JWTSecret         Secret        `topic:"Login" envconfig:"JWT_SECRET" unset:"required" want:"the secret that the web app signs its tokens with" desc:"secret that the web app signs its tokens with (HS256); not needed with AUTH_SECRET, NEXTAUTH_SECRET, SESSION_QUERY, TOKEN_JWKS_URL or HANDLERS=app"`
	JWTSecretPrevious Secret        `envconfig:"JWT_SECRET_PREVIOUS" unset:"none" want:"the secret that JWT_SECRET replaces" desc:"the secret that JWT_SECRET replaces: tokens signed with it are still good"`
	TokenCookie       string        `envconfig:"TOKEN_COOKIE" default:"token" want:"the name of a cookie" desc:"cookie that holds the token or session; those of Auth.js, NextAuth and Better Auth are found without it"`
	AuthSecret        Secret        `envconfig:"AUTH_SECRET" unset:"none" want:"the secret of Auth.js" desc:"secret of Auth.js: lets in by its encrypted session cookies"`
	AuthSecret1       Secret        `envconfig:"AUTH_SECRET_1" unset:"none" want:"another secret of Auth.js" desc:"another secret of Auth.js, as it is rotated; so are the next two"`
	AuthSecret2       Secret        `envconfig:"AUTH_SECRET_2" unset:"none" want:"another secret of Auth.js" desc:"see AUTH_SECRET_1"`
	AuthSecret3       Secret        `envconfig:"AUTH_SECRET_3" unset:"none" want:"another secret of Auth.js" desc:"see AUTH_SECRET_1"`
	NextauthSecret    Secret        `envconfig:"NEXTAUTH_SECRET" unset:"none" want:"the secret of NextAuth" desc:"secret of NextAuth 4: lets in by its encrypted session cookies"`
	SessionQuery      string        `envconfig:"SESSION_QUERY" unset:"none" want:"a query with $1 for the session's token that gives the user's id, name and, if it ends, when" desc:"SQL for sessions kept in the database: $1 is the cookie's token; a row is the user's id, name and when it ends"`
	UserQuery         string        `envconfig:"USER_QUERY" unset:"the table that the sender's column refers to" want:"a query with $1 for the user's id that gives the user's name" desc:"SQL for the names of users whose token has none: $1 is the user's id; a row is the name"`
	SessionSecret     Secret        `envconfig:"SESSION_SECRET" unset:"none" want:"the secret of express-session" desc:"secret of express-session: with SESSION_QUERY, its signed cookies (s:…) are checked; without it they are refused"`
	BetterAuthSecret  Secret        `envconfig:"BETTER_AUTH_SECRET" unset:"none" want:"the secret of Better Auth" desc:"secret of Better Auth: with SESSION_QUERY, cookies must carry its signature"`
	TokenJWKSURL      string        `topic:"Tokens" envconfig:"TOKEN_JWKS_URL" unset:"none" want:"an https URL such as https://app.example.com/.well-known/jwks.json" desc:"where a login service (Clerk, Auth0, Supabase) publishes the keys of its tokens (RS256, ES256, EdDSA), which let in then; set TOKEN_ISSUER too"`
	TokenSources      []string      `envconfig:"TOKEN_SOURCES" unset:"none" want:"auth.NAME, query.NAME and header.NAME with commas between them" desc:"where else a handshake has the token: auth.accessToken,query.token,header.x-access-token; queries get into proxies' logs"`
	TokenAudience     []string      ` envconfig:"TOKEN_AUDIENCE" unset:"any" want:"audiences with commas between them" desc:"a signed token's aud must have one of these"`
	TokenIssuer       string        `envconfig:"TOKEN_ISSUER" unset:"any" want:"what iss holds" desc:"a signed token's iss must be this"`
	TokenType         string        `envconfig:"TOKEN_TYPE" unset:"any login" want:"what the token's type holds" desc:"a signed token's type (typ, token_use, purpose, …) must be this; unset, only refresh, reset and the like are refused"`
	TokenClaims       Claims        `envconfig:"TOKEN_CLAIMS" unset:"none" want:"claim=value pairs with commas between them, such as role=member,sid=" desc:"further claims that a signed token must have: claim=value,…; claim= with any value"`
	TokenMaxAge       time.Duration `envconfig:"TOKEN_MAX_AGE" default:"720h" min:"0s" max:"87600h" desc:"how long after its iat a signed token without exp is good; 0s is for ever"`
	RevokedQuery      string        `envconfig:"REVOKED_QUERY" unset:"none" want:"a query with $1 for the user, $2 for the token's id (jti) or $3 for its iat" desc:"SQL that says whether a login has been ended: $1 is the user, $2 the token's jti or NULL, $3 its iat in seconds or NULL; true means ended"`

	DatabaseURL                  DatabaseURL   `topic:"Storage" envconfig:"DATABASE_URL" unset:"required" want:"postgres://user:password@host/database, file:./dev.db for SQLite, or none" desc:"where messages are stored: postgres://…, postgresql://…, file:./dev.db (SQLite), or none to relay without storing"`
	DatabaseTimeout              time.Duration `envconfig:"DATABASE_TIMEOUT" default:"4s" min:"100ms" max:"30s" desc:"longest wait for the database before a sender is told unavailable"`
	MessageTable                 string        `envconfig:"MESSAGE_TABLE" unset:"found by looking" desc:"table of messages, may be schema.table"`
	MessageTextColumn            string        `envconfig:"MESSAGE_TEXT_COLUMN" unset:"found by looking" desc:"its column for the text"`
	MessageUserColumn            string        `envconfig:"MESSAGE_USER_COLUMN" unset:"found by looking" desc:"its column for the sender's id"`
	MessageRoomColumn            string        `envconfig:"MESSAGE_ROOM_COLUMN" unset:"found by looking" desc:"its column for the room's id"`
	MessageReceiverColumn        string        `envconfig:"MESSAGE_RECEIVER_COLUMN" unset:"found by looking" desc:"its column for the id of the one user whom a message is for; such messages reach that user's sockets and the sender's"`
	MessageID                    string        `envconfig:"MESSAGE_ID" default:"auto" oneof:"auto cuid uuid database" desc:"who makes the ids: the gateway (cuid or uuid), the database's default (database), or by the column's type (auto)"`
	MessageConstants             Constants     `envconfig:"MESSAGE_CONSTANTS" unset:"none" want:"column=value pairs with commas between them, such as type=TEXT,status=SENT" desc:"values for columns that nobody else fills: column=value,…"`
	MessageFields                Fields        `envconfig:"MESSAGE_FIELDS" unset:"none" want:"names of columns with commas between them, such as type,fileUrl or image=fileUrl" desc:"further columns that a client's message fills, stored and told: type,fileUrl,…; image=fileUrl where clients call it otherwise"`
	MessageEncryptionKey         Secret        `envconfig:"MESSAGE_ENCRYPTION_KEY" unset:"required" want:"64 hex characters, the same as in the web app (a new key: openssl rand -hex 32), or a key as MESSAGE_KEY_FORMAT says" desc:"key for text at rest, the same as in the web app; not needed if MESSAGE_CIPHER is plaintext or DATABASE_URL is none"`
	MessageEncryptionKeyPrevious Secret        `envconfig:"MESSAGE_ENCRYPTION_KEY_PREVIOUS" unset:"none" want:"the key that MESSAGE_ENCRYPTION_KEY replaces, written in the same form" desc:"the key that MESSAGE_ENCRYPTION_KEY replaces: what it has encrypted is still read"`
	MessageKeyFormat             string        `envconfig:"MESSAGE_KEY_FORMAT" default:"hex" oneof:"hex base64 utf8 sha256 scrypt" desc:"how MESSAGE_ENCRYPTION_KEY is written: hex, base64, utf8 (32 characters as they are), or made of a secret by sha256 or scrypt (salt \"salt\")"`
	MessageCipher                string        `envconfig:"MESSAGE_CIPHER" default:"aes-256-gcm" oneof:"aes-256-gcm aes-256-gcm-iv12 aes-256-gcm-base64 aes-256-gcm-iv12-base64 aes-256-cbc aes-256-cbc-base64 cryptojs plaintext" desc:"text at rest: aes-256-gcm, aes-256-gcm-iv12, aes-256-gcm-base64, aes-256-gcm-iv12-base64, aes-256-cbc, aes-256-cbc-base64, cryptojs or plaintext"`
	MessageAAD                   string        `envconfig:"MESSAGE_AAD" default:"off" oneof:"off room room-user" desc:"what the text is bound to by GCM, so that a row that was moved is noticed: off, room (its room's id) or room-user (the sender's too)"`

	Host           string   `topic:"Listening" envconfig:"HOST" default:"0.0.0.0" want:"an IP address or a host name, without a port" desc:"address to listen on"`
	Port           int      `envconfig:"PORT" default:"4000" min:"0" max:"65535" desc:"port to listen on; 0 takes a free one"`
	SocketPath     string   `envconfig:"SOCKET_PATH" default:"/socket.io/" want:"a path below the root, such as /socket.io/" desc:"path of the sockets, the client's option path"`
	Namespace      string   `envconfig:"NAMESPACE" default:"/" want:"a namespace such as /chat" desc:"namespace that clients connect to: /chat where they say io(\"/chat\"); the chat is there and nowhere else"`
	AllowedOrigins []string `envconfig:"ALLOWED_ORIGINS" unset:"same host" want:"origins like https://app.example.com with commas between them, or *" desc:"other origins whose pages may connect, scheme://host[:port],…; * lets every web site act as the user who visits it: dangerous with cookies"`
	Polling        string   `envconfig:"POLLING" default:"upgrade" oneof:"upgrade full off" desc:"HTTP long-polling: upgrade (clients begin with it and have 10s to go on to a WebSocket), full (they may stay with it) or off"`
	AllowEIO3      bool     `envconfig:"ALLOW_EIO3" default:"false" want:"true or false" desc:"let in clients of Socket.IO v2 (socket.io-client 2.x) too"`

	RateLimit             int     `topic:"Limits" envconfig:"RATE_LIMIT" default:"100" min:"0" max:"1000000" desc:"events per second from one connection, twice that in a burst; 0 is no limit"`
	UserRateLimit         int     `envconfig:"USER_RATE_LIMIT" default:"500" min:"0" max:"100000000" desc:"events per second from all connections of one user; other limits grow alike; 0 is no limit, and so is RATE_LIMIT=0"`
	RelayRate             int     `envconfig:"RELAY_RATE" default:"10" min:"0" max:"1000000" desc:"events of RELAY_EVENTS per second from one connection; less in proportion in rooms of more than 100; 0 is no limit but RATE_LIMIT"`
	MaxText               int     `envconfig:"MAX_TEXT" default:"65536" min:"1" max:"100000000" desc:"most bytes in the text of one message; a whole message may have a quarter of SEND_QUEUE_BYTES"`
	MaxPayload            int     `envconfig:"MAX_PAYLOAD" default:"1000000" min:"1000" max:"100000000" desc:"most bytes in one packet from a client"`
	SendQueueBytes        int     `envconfig:"SEND_QUEUE_BYTES" default:"1048576" min:"1000" max:"1000000000" desc:"most bytes waiting for one slow client before it is disconnected; at least MAX_PAYLOAD"`
	MaxConnections        int     `envconfig:"MAX_CONNECTIONS" default:"0" min:"0" max:"100000000" desc:"most connections at once that are logged in; 0 is no limit"`
	MaxConnectionsPerIP   int     `envconfig:"MAX_CONNECTIONS_PER_IP" default:"20000" min:"0" max:"100000000" desc:"most connections at once from one address (of IPv6, one /64); 0 is no limit"`
	MaxConnectionsPerUser int     `envconfig:"MAX_CONNECTIONS_PER_USER" default:"100" min:"0" max:"100000000" desc:"most connections at once of one user: tabs and devices; one more is told too_many_connections; 0 is no limit"`
	MaxPending            int     `envconfig:"MAX_PENDING" default:"8192" min:"0" max:"100000000" desc:"most connections at once that are not logged in yet, beside MAX_CONNECTIONS; an address has at most as many as are free; 0 counts them as connections"`
	MaxPendingPerIP       int     `envconfig:"MAX_PENDING_PER_IP" default:"1024" min:"0" max:"100000000" desc:"most of MAX_PENDING from one address (of IPv6, one /64); who has a valid cookie does not count; 0 is no limit of its own"`
	TrustedProxies        Proxies `envconfig:"TRUSTED_PROXIES" default:"private" want:"private, none, or addresses and networks like 10.0.0.0/8 with commas between them" desc:"proxies whose X-Forwarded-For, -Host, -Proto and -Port are believed: private (networks and loopback), none, how many in a row (1), or a list of CIDRs"`

	PingInterval     time.Duration `topic:"Heartbeat and deadlines" envconfig:"PING_INTERVAL" default:"25s" min:"100ms" max:"1h" desc:"time between pings"`
	PingTimeout      time.Duration `envconfig:"PING_TIMEOUT" default:"20s" min:"100ms" max:"1h" desc:"longest wait for a pong"`
	ConnectTimeout   time.Duration `envconfig:"CONNECT_TIMEOUT" default:"45s" min:"100ms" max:"1h" desc:"longest wait for a connection to join a namespace"`
	PendingTimeout   time.Duration `envconfig:"PENDING_TIMEOUT" default:"10s" min:"100ms" max:"1h" desc:"longest wait, within CONNECT_TIMEOUT, for a connection to send its login (CONNECT)"`
	MaxConnectionAge time.Duration `envconfig:"MAX_CONNECTION_AGE" default:"24h" min:"0s" max:"8760h" desc:"longest life of a connection, up to a tenth less by chance; then the client comes back and is verified anew; 0s is no limit"`

	RoomAccessQuery string        `topic:"Rooms" envconfig:"ROOM_ACCESS_QUERY" unset:"anyone" want:"a query with $1 for the room and $2 for the user" desc:"SQL that decides who may join: $1 is the room, $2 the user; true or a number that is not 0 means yes"`
	RoomRules       RoomRules     `envconfig:"ROOM_RULES" unset:"none" want:"patterns with commas between them, such as user:$user,private-*=none,lobby=all" desc:"who may join rooms of such names: user:$user (that user alone), private-*=none, lobby=all; ROOM_ACCESS_QUERY decides on the others"`
	AccessRecheck   time.Duration `envconfig:"ACCESS_RECHECK" default:"60s" min:"0s" max:"24h" desc:"how long a right may outlive its end: within it ROOM_ACCESS_QUERY, REVOKED_QUERY and SESSION_QUERY are asked again about who is connected; 0s is never"`
	JoinMode        string        `envconfig:"JOIN_MODE" default:"single" oneof:"single multi" desc:"joining a room leaves the others (single) or keeps them (multi)"`
	RequireJoin     bool          `envconfig:"REQUIRE_JOIN" default:"true" want:"true or false" desc:"only those who joined a room may send to it"`
	JoinWait        time.Duration `envconfig:"JOIN_WAIT" default:"5s" min:"0s" max:"1m" desc:"how long a message that a client sends before its first join waits for it; 0s is not at all"`
	MembersShape    string        `envconfig:"MEMBERS_SHAPE" default:"array" want:"array, object or count" desc:"what MEMBERS_EVENT holds: array [{userId, username}], object {roomId, count, members}, count {roomId, count}, or JSON of $members, $ids, $count, $room"`
	MembersLimit    int           `envconfig:"MEMBERS_LIMIT" default:"1000" min:"0" max:"10000000" desc:"most members listed in one event; 0 lists all"`
	MembersRate     int           `envconfig:"MEMBERS_RATE" default:"67108864" min:"0" max:"100000000000" desc:"bytes per second that the member lists of all rooms may cost, every copy counted; others wait; 0 is no limit"`
	ClientFields    []string      `envconfig:"CLIENT_FIELDS" default:"*" want:"names of fields with commas between them, such as tempId,fileUrl, or * or none" desc:"clients' own fields that rooms are told: tempId,fileUrl,…; * is all but roles, avatars and the like, which need naming (*,avatar); or none"`

	UserRoomsQuery   string `topic:"Rooms that the server chooses" envconfig:"USER_ROOMS_QUERY" unset:"clients join" want:"a query with $1 for the user that gives the rooms" desc:"SQL for the rooms of a user, who is in them without joining: $1 is the user, a row is a room; ROOM_ACCESS_QUERY or ROOM_RULES open others"`
	UserRoomsChannel string `envconfig:"USER_ROOMS_CHANNEL" unset:"none" want:"the name of a channel of Postgres, such as user_rooms" desc:"channel of Postgres on which the app tells whose rooms have changed: pg_notify('user_rooms', the user's id), or '' for everybody's"`
	PersonalRoom     string `envconfig:"PERSONAL_ROOM" unset:"none" want:"the name of a room with $user for the user's id, such as user:$user" desc:"room that all of a user's connections are in, and nobody else's, for what the app emits to a user: user:$user, or $user where joins are checked"`
	DefaultRoom      string `envconfig:"DEFAULT_ROOM" unset:"none" want:"the name of a room, or $auth.room or $query.room" desc:"room in which everybody is who connects; $query.room or $auth.room is the one that the client names as it connects, and may join"`

	OnlineEvent      string `topic:"Who is online" envconfig:"ONLINE_EVENT" unset:"nobody is told" want:"the name of an event" desc:"event that tells clients who is connected in the whole app, when they connect and whenever that changes"`
	OnlineShape      string `envconfig:"ONLINE_SHAPE" default:"ids" oneof:"ids users mixed" desc:"what it holds: ids [userId], users [{userId, username}], or mixed (ids, and {userId, username} of one who comes or goes)"`
	UserOnlineEvent  string `envconfig:"USER_ONLINE_EVENT" unset:"the whole list" want:"the name of an event" desc:"event that tells everybody of one user who has come, in the place of the whole list"`
	UserOfflineEvent string `envconfig:"USER_OFFLINE_EVENT" unset:"the whole list" want:"the name of an event" desc:"event that tells everybody of one user who has gone with their last connection, in the place of the whole list"`

	JoinEvents   []string `topic:"Names of events" envconfig:"JOIN_EVENTS" default:"join_room" want:"names of events with commas between them" desc:"events that join a room; snake, camel and kebab case are all understood"`
	LeaveEvents  []string `envconfig:"LEAVE_EVENTS" default:"leave_room" want:"names of events with commas between them" desc:"events that leave a room"`
	SendEvents   []string `envconfig:"SEND_EVENTS" default:"send_message" want:"names of events with commas between them" desc:"events that send a message"`
	RelayEvents  Relays   `envconfig:"RELAY_EVENTS" unset:"none" want:"names of events with commas between them, such as typing,stop_typing, typing=user_typing or call=incoming_call@user" desc:"events passed on to the others in the room, never stored: typing,…; typing=user_typing renames; call=ring@user and signal@socket go to one of these"`
	RelayAnyone  bool     `envconfig:"RELAY_ANYONE" default:"false" want:"true or false" desc:"whether RELAY_EVENTS with @user reach anybody who is connected; otherwise who is in a room with the sender, or anybody where messages go to persons"`
	Echo         bool     `envconfig:"ECHO" default:"true" want:"true or false" desc:"whether a message comes to the connection that sent it too; false is for clients that show it by themselves and hear of it by the ack"`
	MessageEvent string   `envconfig:"MESSAGE_EVENT" default:"receive_message" want:"the name of an event" desc:"event that brings a message to the room"`
	MembersEvent string   `envconfig:"MEMBERS_EVENT" default:"room_members" want:"the name of an event" desc:"event that tells who is in the room"`

	SendArgs     []string `topic:"Shapes" envconfig:"SEND_ARGS" unset:"one object" want:"names with commas between them, such as text,room" desc:"what the arguments of SEND_EVENTS are, besides one object: text,room is for emit(event, text, room); with it {message: {text}} is understood too"`
	MessageShape string   `envconfig:"MESSAGE_SHAPE" unset:"the row" want:"JSON with $row in it" desc:"what MESSAGE_EVENT holds: {\"message\": $row}, {...$row, \"_id\": $row.id}, …; in a .env file write \\$row"`
	AckShape     string   `envconfig:"ACK_SHAPE" unset:"{ok, success, status, message}" want:"JSON with $row in it" desc:"what the ack of a stored message holds: $row, {\"success\": true, \"data\": $row}, …; failures are told as ever"`

	HistoryEvent string `topic:"History" envconfig:"HISTORY_EVENT" unset:"pages load it" want:"the name of an event" desc:"event that tells whoever joins a room its latest messages, decrypted, the oldest first"`
	HistorySize  int    `envconfig:"HISTORY_SIZE" default:"50" min:"1" max:"1000" desc:"how many messages it holds at most, as far as they fit into a quarter of SEND_QUEUE_BYTES"`
	HistoryShape string `envconfig:"HISTORY_SHAPE" unset:"the list" want:"JSON with $rows and $room in it" desc:"what HISTORY_EVENT holds: {\"messages\": $rows, \"roomId\": $room}, …; each row is as MESSAGE_EVENT has it; in a .env file write \\$rows"`

	Recovery       string        `topic:"Recovery" envconfig:"RECOVERY" default:"auto" oneof:"auto on off" desc:"clients that lose their connection get what they missed: auto (where messages are stored), on (with DATABASE_URL=none from memory) or off"`
	RecoveryWindow time.Duration `envconfig:"RECOVERY_WINDOW" default:"2m" min:"1s" max:"1h" desc:"how long a client may be away and still get what it missed"`
	RecoveryBuffer int           `envconfig:"RECOVERY_BUFFER" default:"67108864" min:"65536" max:"100000000000" desc:"most bytes of the latest messages in memory, for those who come back; what is older is read from the message table"`
	RecoveryLimit  int           `envconfig:"RECOVERY_LIMIT" default:"1000" min:"1" max:"100000" desc:"most messages that a client may have missed; who missed more starts anew, and loads the history as a fresh page does"`

	RedisURL        RedisURL      `topic:"Several gateways" envconfig:"REDIS_URL" unset:"none: this gateway is alone" want:"redis://user:password@host:6379/0, rediss://…, unix:///path or none" desc:"Redis that makes gateways one: redis://, rediss:// or unix://; ?master_set= of Sentinel, ?addr= of further nodes; Postgres or DATABASE_URL=none"`
	RedisAdapter    string        `envconfig:"REDIS_ADAPTER" default:"classic" oneof:"classic sharded" desc:"how servers on that Redis talk: classic (as @socket.io/redis-adapter) or sharded (as its createShardedAdapter)"`
	RedisPrefix     string        `envconfig:"REDIS_PREFIX" default:"socket.io" want:"a word such as socket.io" desc:"what channels begin with, the option key of @socket.io/redis-adapter; gateways of one app have the same"`
	RedisKey        Secret        `envconfig:"REDIS_KEY" unset:"none" want:"a long random text, the same for all gateways (openssl rand -base64 48)" desc:"seals what gateways tell each other over Redis, and sessions there, by AES-256-GCM; Node servers and emitters are not heard then"`
	RedisStream     string        `envconfig:"REDIS_STREAM" unset:"none" want:"the name of a stream, such as socket.io" desc:"stream of the web app's emitter of @socket.io/redis-streams-adapter, its option streamName; what it adds is told to rooms"`
	PostgresEmitter bool          `envconfig:"POSTGRES_EMITTER" default:"false" want:"true or false" desc:"hear @socket.io/postgres-emitter in the web app's database: its emits are told once their transaction is committed"`
	SQLEmit         bool          `envconfig:"SQL_EMIT" default:"false" want:"true or false" desc:"tell rooms what the web app emits within its own transactions in Postgres: SELECT socketgate.emit(room, event, payload)"`
	DrainDelay      time.Duration `envconfig:"DRAIN_DELAY" default:"0s" min:"0s" max:"1h" desc:"how long /readyz is red before connections are closed at the end, so that the proxy sends nobody any more"`

	APIAddr string  `topic:"From the web app" envconfig:"API_ADDR" unset:"off" want:"host:port, such as 127.0.0.1:4001, or the path of a unix socket, of at most 107 bytes" desc:"where the app's own server emits, sends and asks by HTTP (POST /api/…): host:port or the path of a unix socket; keep it private; on all gateways"`
	APIKey  Secrets `envconfig:"API_KEY" unset:"none" want:"a long random text (openssl rand -base64 48), or several with commas between them" desc:"secret that requests to API_ADDR bring as their Bearer; several with commas between them while one is replaced"`
	APIRate int     `envconfig:"API_RATE" default:"500" min:"0" max:"1000000" desc:"requests per second to API_ADDR, twice that in a burst; 0 is no limit"`
	APIUser string  `envconfig:"API_USER" unset:"each names its user" want:"a user's id of at most 256 bytes" desc:"id of the user as whom the app sends messages that are no user's: the system"`

	Handlers          string        `topic:"The app's own handlers" envconfig:"HANDLERS" default:"gateway" oneof:"gateway app" desc:"who handles events: gateway, or app (all go to the app's own socket.io server, which dials ATTACH_ADDR; needs neither login, key nor database)"`
	AttachAddr        string        `envconfig:"ATTACH_ADDR" unset:"no app is let in" want:"host:port such as 127.0.0.1:4001, or the path of a unix socket, of at most 107 bytes, such as /run/socketgate/attach.sock" desc:"where the app's own server dials (@socketgate/attach): host:port or the path of a unix socket; keep it private"`
	AttachKey         Secrets       `envconfig:"ATTACH_KEY" unset:"none" want:"a long random text, the same as the app has (openssl rand -base64 48); while it is changed, both with a comma between them" desc:"key that the app's own server shows; several with commas between them are all good, so that it can be changed"`
	AttachHold        time.Duration `envconfig:"ATTACH_HOLD" default:"30s" min:"1s" max:"1h" desc:"how long clients and what they say wait for the app while none is attached, as in a deploy; then they are closed and come back"`
	AttachHoldPackets int           `envconfig:"ATTACH_HOLD_PACKETS" default:"1000" min:"1" max:"1000000" desc:"most packets that wait of one client, SEND_QUEUE_BYTES in all; with more it is closed and comes back"`
	AttachHoldBytes   int           `envconfig:"ATTACH_HOLD_BYTES" default:"67108864" min:"65536" max:"100000000000" desc:"most bytes that wait of all clients"`
	AttachQueueBytes  int           `envconfig:"ATTACH_QUEUE_BYTES" default:"8388608" min:"65536" max:"1000000000" desc:"most bytes on the way to one process of the app, before its clients' packets are held"`

	AdminAddr       string        `topic:"Operation" envconfig:"ADMIN_ADDR" unset:"off" want:"host:port, such as 127.0.0.1:9090" desc:"host:port for metrics and pprof; keep it private"`
	LogFormat       string        `envconfig:"LOG_FORMAT" default:"text" oneof:"text json" desc:"text or json"`
	LogLevel        slog.Level    `envconfig:"LOG_LEVEL" default:"info" want:"debug, info, warn or error" desc:"debug, info, warn or error"`
	AuditLog        string        `envconfig:"AUDIT_LOG" default:"off" want:"off, stderr or the path of a file" desc:"who logged in, joined and was refused, as one JSON object a line: off, stderr or the path of a file"`
	ShutdownTimeout time.Duration `envconfig:"SHUTDOWN_TIMEOUT" default:"8s" min:"100ms" max:"10s" desc:"longest wait for accepted messages at the end; Docker kills after 10s"`

	// Production is what NODE_ENV=production says of the process, to Next.js too. Everything else is development.
	Production bool `ignored:"true"`

	// Warnings are lines for the log: what was understood, but is probably not what was meant.
	Warnings []string `ignored:"true"`
}

// Recovers tells whether clients get what they missed while they were away (RECOVERY).
func (c Config) Recovers() bool {
	return c.Recovery == "on" || c.Recovery == "auto" && !c.DatabaseURL.None()
}

// Load reads the environment of the process and the .env files in the working directory. The error is a [Faults] with
// one line for each thing to fix. Call it while nothing else reads the environment: the variables of the gateway are
// changed while it runs and put back before it returns (see decode).
func Load(rules Rules) (Config, error) {
	env, faults, warnings := readEnvironment(".", os.Environ())
	c, more := parse(env, rules)
	c.Warnings = append(warnings, c.Warnings...)
	return c, append(faults, more...).orNil()
}

// Default returns what an empty environment gives, without the variables that are required. It reads no files, and the
// warning of [Load] holds for it too.
func Default() Config {
	c, _ := parse(environment{}, Rules{})
	c.Warnings = nil
	return c
}

// parse is Load for an environment that has been read.
func parse(env environment, rules Rules) (Config, Faults) {
	faults := newReport(env, rules)
	c := decode(env, faults)
	c.Production = env["NODE_ENV"].value == "production"
	checkBounds(&c, faults)
	c.check(faults)
	c.warn(env)
	return c, faults.inOrder()
}
