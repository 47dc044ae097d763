package database

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// translateTLS turns the TLS parameters of Prisma and node-postgres into those of libpq. Prisma's sslcert is the server's
// authority; libpq's is the client's certificate and comes with an sslkey. ssl and no-verify are node-postgres'.
func translateTLS(q map[string]string) error {
	if q["sslcert"] != "" && q["sslkey"] == "" {
		setDefault(q, "sslrootcert", q["sslcert"])
		delete(q, "sslcert")
		delete(q, "sslpassword")
	}
	switch q["ssl"] {
	case "":
	case "false", "0":
		setDefault(q, "sslmode", "disable")
	case "no-verify":
		setDefault(q, "sslmode", "no-verify")
	default: // true, 1, or the options of tls.connect as JSON
		setDefault(q, "sslmode", "require")
	}
	switch {
	case q["sslaccept"] == "strict" && q["sslmode"] != "disable":
		q["sslmode"] = "verify-full"
	case q["sslmode"] == "no-verify":
		q["sslmode"] = "require"
		delete(q, "sslrootcert") // with it, sslmode=require would verify
	case q["sslaccept"] == "accept_invalid_certs":
		delete(q, "sslrootcert")
	}
	if mode := q["sslmode"]; mode != "" && !slices.Contains(sslModes, mode) {
		return fault("where sslmode must be no-verify, " + strings.Join(sslModes[:len(sslModes)-1], ", ") + " or verify-full")
	}
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
		if path := q[name]; path != "" && path != "system" {
			q[name] = besideSchema(path)
		}
	}
	return nil
}

// verifies tells whether the server must show a certificate by an authority that is trusted.
func verifies(q map[string]string) bool {
	return strings.HasPrefix(q["sslmode"], "verify-") || q["sslrootcert"] == "system" || q["sslmode"] == "require" && q["sslrootcert"] != ""
}

func orPrefer(mode string) string { return cmp.Or(mode, "prefer") }

// isPublic tells whether a server may be reached across networks of others. The parameter host wins, as in libpq.
func isPublic(hosts, parameter string) bool {
	return slices.ContainsFunc(strings.Split(cmp.Or(parameter, hosts), ","), func(host string) bool {
		if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			return addr.IsGlobalUnicast() && !addr.IsPrivate()
		}
		if addr, err := netip.ParseAddrPort(host); err == nil {
			return addr.Addr().IsGlobalUnicast() && !addr.Addr().IsPrivate()
		}
		name, _, _ := strings.Cut(strings.ToLower(host), ":")
		_, top, dotted := cutLast(strings.TrimSuffix(name, "."), ".")
		return dotted && !strings.Contains(name, "/") && !slices.Contains(privateTops, top)
	})
}

// privateTops end the names of hosts that can only be in a network of one's own.
var privateTops = []string{"local", "localhost", "localdomain", "internal", "lan", "intranet", "private", "svc", "arpa", "example", "test", "invalid"}
