//go:build linux

package attack

import "time"

// Many workers wait for the gateway; few never wait. All together there are enough to fill what they are after twice.
const (
	crowd = 2000
	storm = 64
	spate = 16
)

// All is every attack, in the order in which the benchmark runs them. In brackets are rows of the audit that found the first of them.
var All = []Attack{
	// Connections that are no clients (S3).
	{Name: "connections that never send a byte", Workers: 6 * crowd, Addresses: 12, Pause: time.Second, once: silence,
		Sign: `socketgate_arrivals`},
	{Name: "heads a byte at a time", Workers: crowd, Addresses: 2, once: slowHead,
		Sign: `socketgate_arrivals`},
	{Name: "bodies of 32 KiB that do not end", Workers: crowd, Addresses: 8, Pause: time.Second, once: stuckBody,
		Sign: `socketgate_arrivals`},
	{Name: "such bodies behind one proxy", Workers: crowd, Addresses: 8, Proxied: true, Pause: time.Second, once: stuckBody,
		Sign: `socketgate_arrivals`},
	{Name: "storm of requests that are none", Workers: storm, Addresses: 1, once: garbage,
		Sign: `socketgate_handshakes_refused_total{cause="unknown transport"}`},

	// Clients without a login (S1 to S3).
	{Name: "WebSockets that never CONNECT", Workers: 6 * crowd, Addresses: 12, Pause: time.Second, once: neverConnects,
		Sign: `socketgate_pending`},
	{Name: "such WebSockets behind one proxy", Workers: 6 * crowd, Addresses: 12, Proxied: true, Pause: time.Second, once: neverConnects,
		Sign: `socketgate_pending`},
	{Name: "such WebSockets from the honest clients' address", Workers: crowd, Addresses: 0, Pause: time.Second, once: neverConnects,
		Sign: `socketgate_connections_closed_total{reason="gave way"}`},
	{Name: "polling sessions without end", Workers: spate, Addresses: spate, once: pollingSessions,
		Sign: `socketgate_handshakes_refused_total{cause="max pending`},
	{Name: "1 MB before CONNECT", Workers: 60, Addresses: 1, once: megabyteBeforeLogin,
		Sign: `socketgate_connections_closed_total{reason="too much before connect"}`},
	{Name: "64 KiB behind an upgrade", Workers: storm, Addresses: 1, once: behindUpgrade,
		Sign: `socketgate_connections_closed_total{reason="parse error"}`},
	{Name: "storm of forged cookies", Workers: storm, Addresses: 1, once: forgedCookie,
		Sign: `socketgate_authentication_refused_total{reason="bad_signature"}`},
	{Name: "storm of forged auth tokens", Workers: storm, Addresses: 1, once: forgedAuth,
		Sign: `socketgate_authentication_refused_total{reason="bad_signature"}`},

	// Users (S1, S5, S7).
	{Name: "1 MB frames a byte at a time", Workers: spate, Addresses: 1, once: byteByByte},
	{Name: "flood of tiny frames by one client", Workers: 1, Addresses: 1, once: tinyFrames,
		Sign: `socketgate_connections_closed_total{reason="flooding"}`},
	{Name: "flood of noops by one client", Workers: 1, Addresses: 1, once: noops},
	{Name: "JSON of 100,000 levels", Workers: spate, Addresses: 1, once: deepJSON,
		Sign: `socketgate_connections_closed_total{reason="parse error"}`},
	{Name: "joins and leaves in a room of 300", Workers: 300, Addresses: 1, once: joinAndLeave,
		Sign: `socketgate_limited_total`},
	{Name: "connections by one user", Workers: 200, Addresses: 1, once: oneUser,
		Sign: `socketgate_handshakes_refused_total{cause="max connections per user"}`},
	{Name: "storm of reconnects", Workers: 500, Addresses: 1, once: reconnect},
	{Name: "slow readers in a busy room", Workers: 110, Addresses: 1, once: slowReader,
		Sign: `socketgate_connections_closed_total{reason="slow reader"}`},
	{Name: "look-ups of one user", Workers: 60, Addresses: 1, once: lookUps,
		Database: true, Settings: []string{"ROOM_ACCESS_QUERY=SELECT $1 <> $2 FROM pg_sleep(0.01)"},
		Sign: `socketgate_lookups_refused_total`},
}
