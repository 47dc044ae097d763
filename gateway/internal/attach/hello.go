package attach

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"time"
)

const (
	helloTimeout = 5 * time.Second // from being connected until the app's HELLO is there
	maxHello     = 64 << 10        // bytes of it
	maxApps      = 64              // links at a time
	maxHellos    = 64              // connections that have not said theirs
	nonceBytes   = 16
)

type gatewayHello struct {
	Socketgate int    `json:"socketgate"` // version of the protocol
	Gateway    string `json:"gateway"`
	Nonce      string `json:"nonce"`
}

type appHello struct {
	Version int        `json:"version"`
	App     string     `json:"app"` // drawn by each process
	Nonce   string     `json:"nonce"`
	Proof   string     `json:"proof"`
	Asks    bool       `json:"asks"`
	Listens bool       `json:"listens"` // for requests that are turned away
	Options appOptions `json:"options"`
	Package string     `json:"package"`  // version of @socketgate/attach
	Server  string     `json:"socketio"` // version of socket.io
}

// appOptions are those of the app's Server that concern connections, which are the gateway's.
type appOptions struct {
	Path              string          `json:"path"`
	PingInterval      int64           `json:"pingInterval"` // milliseconds
	PingTimeout       int64           `json:"pingTimeout"`
	MaxHTTPBufferSize int64           `json:"maxHttpBufferSize"`
	AllowEIO3         bool            `json:"allowEIO3"`
	CORS              json.RawMessage `json:"cors"`
	Transports        []string        `json:"transports"`    // that it names; nil is the default
	AllowUpgrades     *bool           `json:"allowUpgrades"` // nil is the default
	UpgradeTimeout    int64           `json:"upgradeTimeout"`
	ConnectTimeout    int64           `json:"connectTimeout"`
	Unused            []string        `json:"unused"`   // names of options that are set and do nothing here
	Recovery          int64           `json:"recovery"` // milliseconds; 0 is none
	Anew              bool            `json:"anew"`     // clients begin anew with the next process
}

type welcome struct {
	Proof        string   `json:"proof"`
	Mode         string   `json:"mode"`
	Hold         int64    `json:"hold"`
	PingInterval int64    `json:"pingInterval"`
	PingTimeout  int64    `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
	Events       []string `json:"events"`
}

// Refusal is why an app was not let in, as it is told and as metrics count it.
type Refusal string

// Refusals.
const (
	BadKey      Refusal = "bad_key"
	BadVersion  Refusal = "bad_version"
	BadHello    Refusal = "bad_hello" // no HELLO, too large a one, or none within 5 s
	TooManyApps Refusal = "too_many_apps"
	Draining    Refusal = "draining"
)

var refusalTexts = map[Refusal]string{
	BadKey:      "the key is not one of ATTACH_KEY",
	BadVersion:  "this gateway speaks version 1 of the link: use a version of @socketgate/attach that does",
	BadHello:    "what came is no HELLO of @socketgate/attach",
	TooManyApps: "too many processes are attached",
	Draining:    "the gateway is shutting down",
}

type refused struct {
	Code    Refusal `json:"code"`
	Message string  `json:"message"`
}

func newNonce() string {
	var b [nonceBytes]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// proof shows that a side has the key, and to whom: the other's nonce is in it.
func proof(key, side, theirs, own string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(side + ":" + theirs + ":" + own))
	return hex.EncodeToString(mac.Sum(nil))
}

// keyOf returns the key that an app has shown to have, or nothing. All are tried, so that the time tells nothing.
func keyOf(keys []string, hello appHello, nonce string) (shown string) {
	for _, key := range keys {
		if hmac.Equal([]byte(proof(key, "app", nonce, hello.Nonce)), []byte(hello.Proof)) {
			shown = key
		}
	}
	return shown
}

// greet says hello to a connection and hears the app's. A refusal has been told to it. Without one, answer is the frame that lets
// it in, which shows that the gateway has the key too.
func (h *Hub) greet(conn net.Conn) (hello appHello, answer []byte, why Refusal) {
	conn.SetDeadline(time.Now().Add(helloTimeout))
	defer conn.SetDeadline(time.Time{})
	nonce := newNonce()
	if _, err := conn.Write(jsonFrame(opHello, gatewayHello{1, h.options.Name, nonce})); err != nil {
		return hello, nil, BadHello
	}
	o, body, _, err := readFrame(conn, nil, maxHello)
	switch {
	case err != nil || o != opHello || json.Unmarshal(body, &hello) != nil || len(hello.Nonce) != 2*nonceBytes || hello.App == "" || len(hello.App) > 64:
		why = BadHello
	case hello.Version != 1:
		why = BadVersion
	default:
		if key := keyOf(h.options.Keys, hello, nonce); key != "" {
			return hello, h.welcome(proof(key, "gateway", hello.Nonce, nonce)), ""
		}
		why = BadKey
	}
	refuse(conn, why)
	return hello, nil, why
}

func refuse(conn net.Conn, why Refusal) {
	conn.SetWriteDeadline(time.Now().Add(helloTimeout))
	conn.Write(jsonFrame(opRefused, refused{why, refusalTexts[why]}))
}

func (h *Hub) welcome(proof string) []byte {
	o := &h.options
	return jsonFrame(opWelcome, welcome{
		Proof: proof, Mode: o.mode(), Hold: o.Hold.Milliseconds(), PingInterval: o.PingInterval.Milliseconds(),
		PingTimeout: o.PingTimeout.Milliseconds(), MaxPayload: o.MaxPayload, Events: o.Events,
	})
}
