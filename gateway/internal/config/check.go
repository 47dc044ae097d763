package config

import (
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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
	if c.JWTSecret == "" {
		faults.add("JWT_SECRET", nil)
	}
	if !token.MatchString(c.TokenCookie) {
		faults.add("TOKEN_COOKIE", nil)
	}
	if c.RoomAccessQuery != "" && !c.RequireJoin {
		faults.add("REQUIRE_JOIN", detail("which lets everybody send past ROOM_ACCESS_QUERY"))
	}
	c.checkStorage(faults)
	c.checkListening(faults)
	c.checkEvents(faults)
}

// token is what RFC 9110 allows as the name of a cookie.
var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (c *Config) checkStorage(faults *report) {
	if err := checkDatabaseURL(string(c.DatabaseURL)); err != nil {
		faults.add("DATABASE_URL", err)
	}
	if c.MessageCipher != "plaintext" && !c.DatabaseURL.None() {
		if err := checkKey(string(c.MessageEncryptionKey)); err != nil {
			faults.add("MESSAGE_ENCRYPTION_KEY", err)
		}
	}
	if q := c.RoomAccessQuery; q != "" && !(strings.Contains(q, "$1") && strings.Contains(q, "$2")) {
		faults.add("ROOM_ACCESS_QUERY", nil)
	}
}

// errForm says no more than that a value does not have the form it should have.
var errForm = errors.New("wrong form")

func checkDatabaseURL(text string) error {
	if text == "none" || strings.HasPrefix(text, "file:") && text != "file:" {
		return nil
	}
	if !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
		return errForm
	}
	if _, err := url.Parse(text); err != nil {
		return hint("which is not a URL: percent-encode special characters in user and password")
	}
	return nil
}

func checkKey(key string) error {
	raw, err := hex.DecodeString(key)
	switch {
	case strings.TrimSpace(key) != key:
		return hint("with white space around the key")
	case err != nil && len(key) == 64:
		return hint("and not all of them are hex")
	case err != nil || len(raw) != 32:
		return errForm
	}
	return nil
}

func (c *Config) checkListening(faults *report) {
	c.Host = strings.Trim(c.Host, "[]")
	if _, err := netip.ParseAddr(c.Host); err != nil && !hostName.MatchString(c.Host) {
		faults.add("HOST", nil)
	}
	if c.AdminAddr != "" {
		host, port, err := net.SplitHostPort(c.AdminAddr)
		if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strings.Contains(host, "/") {
			faults.add("ADMIN_ADDR", nil)
		}
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
			if err := eventName(event); err != nil {
				faults.add(list.name, err)
			} else if other := taken[folded(event)]; other != "" && other != list.name {
				faults.add(list.name, hint("%q is in %s too", event, other))
			}
			taken[folded(event)] = list.name
		}
	}
	if err := eventName(c.MessageEvent); err != nil {
		faults.add("MESSAGE_EVENT", err)
	}
	if err := eventName(c.MembersEvent); err != nil {
		faults.add("MEMBERS_EVENT", err)
	}
}

// reserved are the events of Socket.IO itself, folded.
var reserved = []string{"connect", "connecterror", "disconnect", "disconnecting", "newlistener", "removelistener"}

func eventName(name string) error {
	switch {
	case name == "":
		return hint("where a name is empty")
	case slices.Contains(reserved, folded(name)):
		return hint("where %q is a name that Socket.IO keeps for itself", name)
	}
	return nil
}

// folded makes one of the snake, camel and kebab forms of a name, which clients may use alike.
func folded(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
