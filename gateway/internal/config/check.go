package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// checkBounds holds each field against its tags min, max and oneof.
func checkBounds(c *Config, faults *report) {
	for _, v := range variables {
		field := reflect.ValueOf(c).Elem().Field(v.field)
		if choices := v.choices(); len(choices) > 0 {
			field.SetString(strings.ToLower(field.String()))
			if !slices.Contains(choices, field.String()) {
				faults.add(v.name, nil)
			}
		}
		if low, high, ok := v.bounds(); ok && (field.Int() < low || field.Int() > high) {
			faults.add(v.name, nil)
		}
	}
}

// bounds gives min and max as the field's integers. A test parses every tag, so errors need no place here.
func (v variable) bounds() (low, high int64, ok bool) {
	parse := func(tag string) int64 {
		if v.isDuration() {
			d, _ := time.ParseDuration(v.tag.Get(tag))
			return int64(d)
		}
		n, _ := strconv.ParseInt(v.tag.Get(tag), 10, 64)
		return n
	}
	return parse("min"), parse("max"), v.tag.Get("max") != ""
}

// check normalises and checks what tags cannot express.
func (c *Config) check(faults *report) {
	c.checkAttach(faults)
	c.checkSecrets(faults)
	c.checkListening(faults)
	if !c.AppHandles() {
		c.checkHandlers(faults)
	}
}

// checkHandlers checks what the gateway's own handlers need.
func (c *Config) checkHandlers(faults *report) {
	c.checkIdentity(faults)
	if !token.MatchString(c.TokenCookie) {
		faults.add("TOKEN_COOKIE", nil)
	}
	switch {
	case c.RequireJoin:
	case c.RoomAccessQuery != "":
		faults.add("REQUIRE_JOIN", detail("which lets everybody send past ROOM_ACCESS_QUERY"))
	case len(c.RoomRules) > 0:
		faults.add("REQUIRE_JOIN", detail("which lets everybody send past ROOM_RULES"))
	case c.UserRoomsQuery != "":
		faults.add("REQUIRE_JOIN", detail("which lets everybody send past USER_ROOMS_QUERY"))
	case c.PersonalRoom != "":
		faults.add("REQUIRE_JOIN", detail("which lets everybody send to a PERSONAL_ROOM"))
	}
	c.checkTokenSources(faults)
	c.checkStorage(faults)
	c.checkEvents(faults)
	c.checkClientFields(faults)
	c.checkServerRooms(faults)
	c.checkNamespace(faults)
	c.checkShapes(faults)
	c.checkGateways(faults)
	c.checkAPI(faults)
}

func (c *Config) checkClientFields(faults *report) {
	for i, field := range c.ClientFields {
		field = strings.TrimSpace(field)
		c.ClientFields[i] = field
		switch {
		case field == "":
			faults.add("CLIENT_FIELDS", hint("where a name is empty"))
		case field == "none" && len(c.ClientFields) > 1:
			faults.add("CLIENT_FIELDS", hint("where none stands beside others"))
		}
	}
}

// checkIdentity wants one way at least to tell who somebody is.
func (c *Config) checkIdentity(faults *report) {
	const betterAuth = `SELECT u.id, u.name, s."expiresAt" FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = $1`
	switch {
	case c.SessionQuery != "" && !strings.Contains(c.SessionQuery, "$1"):
		faults.add("SESSION_QUERY", nil)
	case c.SessionQuery != "" && c.DatabaseURL.None():
		faults.add("SESSION_QUERY", hint("but DATABASE_URL is none"))
	case c.SessionQuery != "" || c.JWTSecret != "" || c.TokenJWKSURL != "" || len(c.AuthSecrets()) > 0:
	case c.BetterAuthSecret != "":
		faults.add("SESSION_QUERY", hint("and Better Auth keeps its sessions in the database; with its own tables: %s", betterAuth))
	default:
		faults.add("JWT_SECRET", faults.env.alias("JWT_SECRET", secretAliases))
	}
	if u, err := url.Parse(c.TokenJWKSURL); c.TokenJWKSURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		faults.add("TOKEN_JWKS_URL", nil)
	}
	if c.UserQuery != "" && !strings.Contains(c.UserQuery, "$1") {
		faults.add("USER_QUERY", nil)
	} else if c.UserQuery != "" && c.DatabaseURL.None() {
		faults.add("USER_QUERY", hint("but DATABASE_URL is none"))
	}
	switch {
	case c.RevokedQuery != "" && !anyParameter.MatchString(c.RevokedQuery):
		faults.add("REVOKED_QUERY", nil)
	case c.RevokedQuery != "" && c.DatabaseURL.None():
		faults.add("REVOKED_QUERY", hint("but DATABASE_URL is none"))
	}
	if c.JWTSecretPrevious != "" && c.JWTSecret == "" {
		faults.add("JWT_SECRET", hint("but JWT_SECRET_PREVIOUS is"))
	}
}

var anyParameter = regexp.MustCompile(`\$[123]`)

// What apps call these secrets too.
var (
	secretAliases = []string{"ACCESS_TOKEN_SECRET", "JWT_ACCESS_SECRET"}
	keyAliases    = []string{"ENCRYPTION_KEY", "ENCRYPTION_SECRET", "SECRET_KEY"}
)

// AuthSecrets are the secrets of Auth.js and NextAuth that are set.
func (c Config) AuthSecrets() []Secret {
	all := []Secret{c.AuthSecret, c.AuthSecret3, c.AuthSecret2, c.AuthSecret1, c.NextauthSecret}
	return slices.DeleteFunc(all, func(s Secret) bool { return s == "" })
}

// token is what RFC 9110 allows as the name of a cookie.
var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (c *Config) checkStorage(faults *report) {
	c.checkDatabaseURL(faults)
	if c.MessageCipher != "plaintext" && !c.DatabaseURL.None() {
		err := c.checkKey(string(c.MessageEncryptionKey))
		if alias := faults.env.alias("MESSAGE_ENCRYPTION_KEY", keyAliases); c.MessageEncryptionKey == "" && alias != nil {
			err = hint("%v, or MESSAGE_CIPHER=plaintext if the app stores plain text", alias)
		}
		if err != nil {
			faults.add("MESSAGE_ENCRYPTION_KEY", err)
		}
	}
	if q := c.RoomAccessQuery; q != "" && !(strings.Contains(q, "$1") && strings.Contains(q, "$2")) {
		faults.add("ROOM_ACCESS_QUERY", nil)
	}
}

// errForm says no more than that a value does not have the form it should have.
var errForm = errors.New("wrong form")

func (c *Config) checkDatabaseURL(faults *report) {
	if c.DatabaseURL == "" {
		faults.add("DATABASE_URL", nil)
	} else if faults.rules.DatabaseURL != nil {
		warnings, err := faults.rules.DatabaseURL(string(c.DatabaseURL))
		if err != nil {
			faults.add("DATABASE_URL", hint("%v", err))
		}
		c.Warnings = append(c.Warnings, warnings...)
	}
}

// checkKey holds the key against MESSAGE_KEY_FORMAT. What has the form of another format is told, not guessed: a wrong
// guess would store what the app can't read.
func (c *Config) checkKey(key string) error {
	format := c.MessageKeyFormat
	if c.MessageCipher == "cryptojs" {
		format = "passphrase"
	}
	switch {
	case key == "":
		return hint("where an app that stores plain text, as most do, sets MESSAGE_CIPHER=plaintext instead")
	case format == "utf8" && len(key) != 32:
		return hint("where MESSAGE_KEY_FORMAT=utf8 needs 32")
	case format == "base64" && !isBase64Key(key):
		return hint("which is no base64 of 32 bytes, as MESSAGE_KEY_FORMAT says")
	case format == "hex":
		return checkHexKey(key)
	}
	return nil
}

func checkHexKey(key string) error {
	raw, err := hex.DecodeString(key)
	switch {
	case strings.TrimSpace(key) != key:
		return hint("with white space around the key")
	case err != nil && len(key) == 64:
		return hint("and not all of them are hex")
	case isBase64Key(key):
		return hint("and looks like base64: set MESSAGE_KEY_FORMAT=base64 if the web app decodes it so")
	case len(key) == 32:
		return hint("which is a key by itself or a secret that one is made of: set MESSAGE_KEY_FORMAT=utf8, sha256 or scrypt, as the web app does it")
	case err != nil || len(raw) != 32:
		return errForm
	}
	return nil
}

func isBase64Key(key string) bool {
	text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(key, "="))
	raw, err := base64.RawStdEncoding.DecodeString(text)
	return err == nil && len(raw) == 32
}

func (c *Config) checkListening(faults *report) {
	c.Host = strings.Trim(c.Host, "[]")
	if _, err := netip.ParseAddr(c.Host); err != nil && !hostName.MatchString(c.Host) {
		faults.add("HOST", nil)
	}
	if c.AdminAddr != "" && !isAddress(c.AdminAddr) {
		faults.add("ADMIN_ADDR", nil)
	}
	c.SocketPath = strings.TrimSuffix(path.Clean("/"+c.SocketPath), "/") + "/"
	if c.SocketPath == "/" || strings.ContainsAny(c.SocketPath, "?#%:* \t\\") {
		faults.add("SOCKET_PATH", nil)
	}
	for i, text := range c.AllowedOrigins {
		var err error
		if c.AllowedOrigins[i], err = origin(strings.TrimSpace(text)); err != nil {
			faults.add("ALLOWED_ORIGINS", err)
		}
	}
	if !faults.has("MAX_PAYLOAD", "SEND_QUEUE_BYTES") && c.SendQueueBytes < c.MaxPayload {
		faults.add("SEND_QUEUE_BYTES", hint("less than MAX_PAYLOAD (%d), so that a large message could never be delivered", c.MaxPayload))
	}
}

var hostName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?$`)

// origin gives an origin the form in which browsers send it: lower case, without a default port.
func origin(text string) (string, error) {
	if text == "*" {
		return text, nil
	}
	u, err := url.Parse(strings.ToLower(text))
	switch {
	case err != nil || u.Scheme == "" || u.Host == "":
		return "", hint("%q is not scheme://host", text)
	case strings.Contains(u.Host, "*"):
		return "", hint("%q has a *, which has a meaning only by itself", text)
	case u.Path != "" && u.Path != "/":
		return "", hint("%q has a path", text)
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c > unicode.MaxASCII }):
		return "", hint("%q is not as browsers send it: they write such a name as xn--…", text)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", hint("%q has more than scheme, host and port", text)
	}
	host := u.Host
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, nil
}

// checkEvents refuses names that Socket.IO keeps for itself, and incoming names that would mean two things.
func (c *Config) checkEvents(faults *report) {
	taken := map[string]string{}
	for _, list := range []struct {
		name   string
		events []string
	}{{"JOIN_EVENTS", c.JoinEvents}, {"LEAVE_EVENTS", c.LeaveEvents}, {"SEND_EVENTS", c.SendEvents}} {
		for i, event := range list.events {
			event = strings.TrimSpace(event)
			list.events[i] = event
			if err := faults.eventName(event); err != nil {
				faults.add(list.name, err)
			} else if other := taken[faults.folded(event)]; other != "" && other != list.name {
				faults.add(list.name, hint("%q is in %s too", event, other))
			}
			taken[faults.folded(event)] = list.name
		}
	}
	c.checkRelays(taken, c.checkSaid(faults), faults)
}

// checkSaid refuses to let the gateway say two things by one name, and tells what says each name.
func (c *Config) checkSaid(faults *report) (said map[string]string) {
	said = map[string]string{}
	for _, own := range []struct {
		variable, event string
		mayBeUnset      bool // nothing is said by it then
	}{
		{"MESSAGE_EVENT", c.MessageEvent, false}, {"MEMBERS_EVENT", c.MembersEvent, false},
		{"ONLINE_EVENT", c.OnlineEvent, true}, {"USER_ONLINE_EVENT", c.UserOnlineEvent, true}, {"USER_OFFLINE_EVENT", c.UserOfflineEvent, true},
		{"HISTORY_EVENT", c.HistoryEvent, true},
	} {
		if own.event == "" && own.mayBeUnset {
			continue
		}
		if err := faults.newName(own.event, said); err != nil {
			faults.add(own.variable, err)
		}
		said[faults.folded(own.event)] = own.variable
	}
	return said
}

// checkRelays refuses relays that are something else already: of what comes in, and of what the gateway itself says,
// which nobody may put into its mouth.
func (c *Config) checkRelays(taken, said map[string]string, faults *report) {
	for _, relay := range c.RelayEvents {
		for _, event := range []string{relay.Event, relay.told()} {
			if err := faults.newName(event, said); err != nil {
				faults.add("RELAY_EVENTS", err)
			}
		}
		if other := taken[faults.folded(relay.Event)]; other != "" {
			faults.add("RELAY_EVENTS", hint("%q is in %s too", relay.Event, other))
		}
		taken[faults.folded(relay.Event)] = "RELAY_EVENTS"
	}
}

// newName refuses a name by which clients are told something else already.
func (r *report) newName(event string, said map[string]string) error {
	if r.folded(event) == "error" {
		return hint("where %q is how the gateway says that something failed", event)
	}
	if owner := said[r.folded(event)]; owner != "" {
		return hint("%q is what %s says", event, owner)
	}
	return r.eventName(event)
}

func (r *report) eventName(name string) error {
	isName := func(reserved string) bool { return r.folded(reserved) == r.folded(name) }
	switch {
	case name == "":
		return hint("where a name is empty")
	case slices.ContainsFunc(r.rules.ReservedEvents, isName):
		return hint("where %q is a name that Socket.IO keeps for itself", name)
	}
	return nil
}

// folded is what all spellings of an event's name have in common.
func (r *report) folded(event string) string {
	if r.rules.FoldEvent == nil {
		return event
	}
	return r.rules.FoldEvent(event)
}
