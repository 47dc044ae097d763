package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Secret is a text that no log, error or dump shows: formatted in any way it tells only its length. Convert it to
// string or []byte to use it.
type Secret string

// String hides the secret.
func (s Secret) String() string { return fmt.Sprintf("%d bytes (hidden)", len(s)) }

// GoString hides it from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides it from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A DatabaseURL is shown without its password and parameters. Convert it to string to connect with it.
type DatabaseURL string

// None tells that messages are to be relayed without being stored.
func (d DatabaseURL) None() bool { return d == "none" }

// String gives what may be shown: scheme, user, host and database. Of a text that is not surely a URL it gives less,
// as the password may be anywhere in it.
func (d DatabaseURL) String() string {
	text := string(d)
	if d.None() {
		return text
	}
	u, err := url.Parse(text)
	scheme, _, isURL := strings.Cut(text, ":")
	switch {
	case err == nil && u.Scheme == "file":
		text, _, _ = strings.Cut(text, "?")
		return text
	case err == nil && u.Host != "" && !strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"):
		return withoutPassword(u)
	case isURL && strings.HasPrefix(scheme, "postgres"):
		return fmt.Sprintf("%.12s:… (%d bytes, hidden)", scheme, len(text))
	default:
		return fmt.Sprintf("%d bytes (hidden)", len(text))
	}
}

// withoutPassword gives scheme, user, host and path.
func withoutPassword(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if _, has := u.User.Password(); has {
		shown.User = url.UserPassword(u.User.Username(), "hidden")
	} else {
		shown.User = u.User
	}
	return shown.String()
}

// A RedisURL is shown without its password and parameters. Convert it to string to connect with it.
type RedisURL string

// Set tells that gateways are to be one.
func (r RedisURL) Set() bool { return r != "" && r != "none" }

// String gives what may be shown: scheme, user, host and database, or less of a text that is not surely a URL.
func (r RedisURL) String() string {
	u, err := url.Parse(string(r))
	switch {
	case !r.Set():
		return string(r)
	case err == nil && u.Scheme == "unix", err == nil && u.Host != "" && !strings.Contains(u.Path+u.RawQuery+u.Fragment, "@"):
		return withoutPassword(u)
	}
	return fmt.Sprintf("%d bytes (hidden)", len(r))
}

// GoString hides the password from %#v.
func (r RedisURL) GoString() string { return r.String() }

// MarshalText hides the password from JSON.
func (r RedisURL) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// GoString hides the password from %#v.
func (d DatabaseURL) GoString() string { return d.String() }

// MarshalText hides the password from JSON.
func (d DatabaseURL) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Proxies are the networks whose X-Forwarded-For is believed; or, of Hops, only as many zero prefixes as there are hops.
type Proxies []netip.Prefix

// maxHops is more proxies in a row than anybody has.
const maxHops = 16

// Hops is how many proxies every request passes, where that is known instead of their addresses. 0 means that it is not.
func (p Proxies) Hops() int {
	if len(p) > 0 && !p[0].IsValid() {
		return len(p)
	}
	return 0
}

// Named tells whether addr belongs to a trusted proxy by something narrower than the networks that private stands for, which
// may be full of users.
func (p Proxies) Named(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(addr) && !slices.Contains(privateNetworks, n) })
}

// privateNetworks are what the word private stands for: loopback, RFC 1918 and fc00::/7.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
}

// Contain tells whether addr, which may be an IPv4 address in IPv6 form, belongs to a trusted proxy. With Hops, whoever
// connects is one.
func (p Proxies) Contain(addr netip.Addr) bool {
	if p.Hops() > 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// Decode reads the form of TRUSTED_PROXIES; envconfig calls it.
func (p *Proxies) Decode(value string) error {
	networks := Proxies{}
	if hops, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		if hops < 1 || hops > maxHops {
			return hint("%d is no number of proxies in a row: 1 to %d, or none", hops, maxHops)
		}
		*p = make(Proxies, hops)
		return nil
	}
	for _, item := range strings.Split(value, ",") {
		item = strings.TrimSpace(item)
		if item == "none" && item == value {
			break
		}
		if item == "private" {
			networks = append(networks, privateNetworks...)
			continue
		}
		network, err := netip.ParsePrefix(item)
		if addr, addrErr := netip.ParseAddr(item); addrErr == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return hint("%q is neither an address nor a network", item)
		}
		if addr := network.Addr(); addr.Is4In6() && network.Bits() >= 96 { // no address in IPv4 form would be in it
			network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
		}
		networks = append(networks, network.Masked())
	}
	*p = networks
	return nil
}

// A Relay is an event that is passed on to the others in a room, to one user or to one socket.
type Relay struct {
	Event string // that comes in
	As    string // that goes out; empty means as it came
	To    string // "user", "socket" or, empty, a room
	Key   string // that names the user or the socket; empty means a usual one
}

func (r Relay) told() string { return cmp.Or(r.As, r.Event) }

// Relays are events to pass on.
type Relays []Relay

// Decode reads the form of RELAY_EVENTS; envconfig calls it.
func (r *Relays) Decode(value string) error {
	relays := Relays{}
	for _, item := range strings.Split(value, ",") {
		item = strings.TrimSpace(item)
		names, target, addressed := strings.Cut(item, "@")
		event, as, renamed := strings.Cut(names, "=")
		to, key, keyed := strings.Cut(target, ":")
		relay := Relay{strings.TrimSpace(event), strings.TrimSpace(as), strings.TrimSpace(to), strings.TrimSpace(key)}
		switch {
		case renamed && relay.As == "":
			return hint("%q does not say what is to go out", item)
		case addressed && relay.To != "user" && relay.To != "socket":
			return hint("%q says neither @user nor @socket", item)
		case keyed && !argumentName.MatchString(relay.Key):
			return hint("%q does not say in which key the %s is", item, relay.To)
		}
		relays = append(relays, relay)
	}
	*r = relays
	return nil
}

// Constants are values for columns of the message table, by column.
type Constants map[string]string

// Decode reads the form of MESSAGE_CONSTANTS; envconfig calls it.
func (c *Constants) Decode(value string) (err error) {
	*c, err = pairs(value, "column")
	return err
}

// Claims are what claims of a token must hold, by claim.
type Claims map[string]string

// Decode reads the form of TOKEN_CLAIMS; envconfig calls it.
func (c *Claims) Decode(value string) (err error) {
	*c, err = pairs(value, "claim")
	return err
}

// pairs reads a list of things and what they hold, each thing once.
func pairs(value, thing string) (map[string]string, error) {
	held := map[string]string{}
	for _, item := range strings.Split(value, ",") {
		name, text, ok := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, hint("%q is not %s=value", strings.TrimSpace(item), thing)
		}
		if _, twice := held[name]; twice {
			return nil, hint("%s %q is there twice", thing, name)
		}
		held[name] = strings.TrimSpace(text)
	}
	return held, nil
}

// A RoomRule says who may join the rooms whose names fit its pattern.
type RoomRule struct {
	// Pattern is a name with * for any text and $user for the id of the user who alone may join.
	Pattern string
	Anybody bool // may join; without it, and without $user, nobody may
}

// RoomRules are all of them. A room that some fit may be joined by whom one of those lets in.
type RoomRules []RoomRule

// Decode reads the form of ROOM_RULES; envconfig calls it.
func (r *RoomRules) Decode(value string) error {
	var rules RoomRules
	for _, item := range strings.Split(value, ",") {
		item = strings.TrimSpace(item)
		pattern, who, said := strings.Cut(item, "=")
		pattern, who = strings.TrimSpace(pattern), strings.TrimSpace(who)
		byUser := strings.Contains(pattern, "$user")
		switch {
		case pattern == "":
			return hint("%q has no name of a room", item)
		case strings.Contains(strings.ReplaceAll(pattern, "$user", ""), "$"):
			return hint("%q has a $ that is not $user", item)
		case byUser && said && who != "user":
			return hint("%q says $user, and then something else", item)
		case !byUser && who != "all" && who != "none":
			return hint("%q says neither $user nor =all or =none", item)
		}
		rules = append(rules, RoomRule{pattern, who == "all"})
	}
	*r = rules
	return nil
}
