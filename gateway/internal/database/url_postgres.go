package database

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const errPostgresURL = fault("which is not a URL: percent-encode special characters in user and password")

// parsePostgres reads what follows the scheme and its colon. Characters that a URL should have percent-encoded are taken as
// they are where they can't mean anything else, as node-postgres and Prisma do.
func parsePostgres(scheme, rest string) (URL, error) {
	rest, found := strings.CutPrefix(rest, "//")
	if !found || strings.ContainsAny(rest, "#\x00") {
		return URL{}, errPostgresURL
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, database, _ := strings.Cut(rest, "/")
	user, hosts, hasUser := cutLast(authority, "@")
	if strings.Contains(database, "@") || !hasUser && strings.Contains(query, "@") { // a / or ? in the password
		return URL{}, errPostgresURL
	}
	user, password, _ := strings.Cut(user, ":")
	q := readParameters(query)
	u := url.URL{Scheme: scheme}
	if hasUser {
		u.User = url.User(percentDecoded(user))
	}
	if database = percentDecoded(strings.TrimSuffix(database, "/")); database != "" || strings.Contains(rest, "/") {
		u.Path = "/" + database
	}
	var err error
	if u.Host, err = readHosts(hosts, q); err != nil {
		return URL{}, err
	}
	if u.Host == "" && u.Path == "" {
		u.Path = "/" // or the URL would have no //
	}
	t := URL{Kind: Postgres, password: percentDecoded(password), Schema: q["schema"]}
	t.password = cmp.Or(q["password"], t.password) // the parameter wins, as in libpq and node-postgres
	if strings.Contains(u.Path+t.password+u.User.String(), "\x00") {
		return URL{}, errPostgresURL
	}
	if err := t.heed(q, hosts); err != nil {
		return URL{}, err
	}
	u.RawQuery = writeParameters(q)
	t.dsn = u.String()
	return t, nil
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(separator):], true
}

// readHosts checks host:port pairs with commas between them. Folders of Unix sockets, such as %2Fvar%2Frun%2Fpostgresql, have
// no place in a Go URL: they become the parameters host and port.
func readHosts(text string, q map[string]string) (string, error) {
	var names, ports, pairs []string
	for _, pair := range strings.Split(text, ",") {
		name, port := pair, ""
		if i := strings.LastIndexByte(pair, ':'); i >= 0 && !strings.Contains(pair[i:], "]") {
			name, port = pair[:i], pair[i+1:]
		}
		name = percentDecoded(name)
		if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) || !isHost(name) {
			return "", errPostgresURL
		}
		names, ports = append(names, name), append(ports, port)
		pairs = append(pairs, strings.TrimSuffix(name+":"+port, ":"))
	}
	if !strings.Contains(strings.Join(names, ""), "/") {
		return strings.Join(pairs, ","), nil
	}
	setDefault(q, "host", strings.Join(names, ","))
	setDefault(q, "port", strings.Trim(strings.Join(ports, ","), ","))
	return "", nil
}

// isHost tells a name, a path or an address in brackets from the rest of a password.
func isHost(name string) bool {
	if address, ok := strings.CutPrefix(name, "["); ok {
		_, err := netip.ParseAddr(strings.TrimSuffix(address, "]"))
		return err == nil && strings.HasSuffix(address, "]")
	}
	return !strings.ContainsAny(name, ":[]<>{}|\"\\^`@?#% \x7f") && !strings.ContainsFunc(name, unicode.IsControl)
}

// readParameters reads a query. Of two with one name the last counts, and one without a value is as good as none.
func readParameters(query string) map[string]string {
	q := map[string]string{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = percentDecoded(name), percentDecoded(strings.ReplaceAll(value, "+", " "))
		if value != "" && !strings.Contains(name+value, "\x00") {
			q[name] = value
		}
	}
	return q
}

// writeParameters does without the + of url.Values, which libpq and pgx don't take for a space.
func writeParameters(q map[string]string) string {
	values := url.Values{}
	for name, value := range q {
		values.Set(name, value)
	}
	return strings.ReplaceAll(values.Encode(), "+", "%20")
}

// percentDecoded leaves a % that begins no code as it is.
func percentDecoded(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func setDefault(q map[string]string, name, value string) {
	if q[name] == "" && value != "" {
		q[name] = value
	}
}

// heeded are the parameters that pgx and the server are given: libpq's as far as pgx knows them, and settings of a session.
// All others, such as gssencmode, keepalives_idle, pool_timeout or max, are about a driver that is not here.
var heeded = []string{
	"host", "port", "user", "dbname", "passfile", "service", "servicefile", "connect_timeout", "target_session_attrs",
	"sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslsni", "sslnegotiation", "sslcertmode",
	"channel_binding", "require_auth", "min_protocol_version", "max_protocol_version", "krbsrvname", "krbspn",
	"application_name", "options",
	"search_path", "timezone", "TimeZone", "role", "statement_timeout", "lock_timeout", "transaction_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout",
	"statement_cache_capacity", "description_cache_capacity", "default_query_exec_mode",
}

// unheeded are parameters that were meant to make a connection safer, and that can't be kept.
var unheeded = []string{"sslidentity", "sslcrl", "sslcrldir", "requirepeer", "ssl_min_protocol_version"}

// heed takes from q what is told to pgx by other means, and leaves in it what pgx understands.
func (t *URL) heed(q map[string]string, hosts string) error {
	var err error
	if t.PgBouncer, err = flag(q, "pgbouncer"); err != nil {
		return err
	}
	if q["statement_cache_size"] == "0" {
		t.PgBouncer = true // the same wish in other words
	}
	if limit := q["connection_limit"]; limit != "" {
		if t.Connections, err = strconv.Atoi(limit); err != nil || t.Connections < 1 {
			return fault("where connection_limit must be a number above 0")
		}
	}
	if q["gssencmode"] == "require" {
		return fault("where gssencmode=require can't be met: the gateway encrypts by TLS (sslmode)")
	}
	if n, err := strconv.Atoi(q["connect_timeout"]); err != nil || n < 0 {
		delete(q, "connect_timeout") // libpq's are seconds
	}
	if _, err := flag(q, "sslsni"); err != nil {
		return err
	}
	setDefault(q, "application_name", q["fallback_application_name"])
	if hosts == "" {
		setDefault(q, "host", q["hostaddr"])
	}
	if err := translateTLS(q); err != nil {
		return err
	}
	for _, name := range unheeded {
		if q[name] != "" {
			t.warnings = append(t.warnings, "DATABASE_URL has "+name+", which the gateway does not heed")
		}
	}
	for name := range q {
		if !slices.Contains(heeded, name) && !strings.Contains(name, ".") { // app.tenant is a setting of the app's own
			delete(q, name)
		}
	}
	if mode := q["sslmode"]; !verifies(q) && isPublic(hosts, q["host"]) {
		t.warnings = append(t.warnings, "DATABASE_URL trusts whoever answers in the server's place (sslmode="+orPrefer(mode)+
			"): across networks of others it should have sslmode=verify-full, with sslrootcert=system or the provider's certificate")
	}
	return nil
}

func flag(q map[string]string, name string) (bool, error) {
	if q[name] == "" {
		return false, nil
	}
	v, err := strconv.ParseBool(q[name])
	if err != nil {
		return false, fault("where " + name + " must be true or false")
	}
	return v, nil
}
