package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"regexp"
	"strings"
	"syscall"
)

// databaseFix names what to change when a database can't be used. An error that names its variable
// itself needs no more than that.
func databaseFix(err error) []string {
	if err == nil {
		return nil
	}
	var name *net.DNSError
	var untrusted *tls.CertificateVerificationError
	text := err.Error()
	if fix := stateFix(text); fix != nil {
		return fix
	}
	switch {
	case errors.As(err, &untrusted):
		return []string{"DATABASE_URL should end in ?sslmode=require, or name the authority: ?sslmode=verify-full&sslrootcert=/path/ca.pem"}
	case strings.Contains(text, "refused TLS") && stateOf(text) == "":
		return []string{"DATABASE_URL asks for TLS, which this server has not: it should end in ?sslmode=disable"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return []string{"DATABASE_URL should hold host and port of a running Postgres",
			"in a container, localhost is the container itself: name the service, as in postgres://user:password@db:5432/app"}
	case errors.As(err, &name):
		return []string{"DATABASE_URL should hold the name of a host that exists; a # / ? or @ in the password is written %23 %2F %3F %40"}
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return []string{"DATABASE_URL should hold a host that answers: a firewall, or the wrong port, looks like this"}
	case strings.Contains(text, "is not a database"):
		return []string{"DATABASE_URL should hold the path of the app's SQLite file"}
	case strings.Contains(text, "no tables"):
		return []string{"DATABASE_URL should hold the app's database, after its migrations: npx prisma migrate deploy"}
	}
	return nil
}

// sqlState finds the code of an error that Postgres answered. Of several attempts to connect the
// first tells most: the others do without TLS, or without a server.
var sqlState = regexp.MustCompile(`\bSQLSTATE ([0-9A-Z]{5})\b`)

func stateOf(text string) string {
	if match := sqlState.FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

// stateFix goes by the codes that Postgres has for errors.
func stateFix(text string) []string {
	switch state := stateOf(text); {
	case state == "28000" && (strings.Contains(text, "no encryption") || strings.Contains(text, "SSL off")):
		return []string{"this server wants TLS: DATABASE_URL should end in ?sslmode=require"}
	case strings.HasPrefix(state, "28"):
		return []string{"DATABASE_URL should hold the right user and password; in a password, # / ? @ : % are written %23 %2F %3F %40 %3A %25"}
	case state == "3D000":
		return []string{"DATABASE_URL should hold a database that is there: the app's (its name is behind the last /), or make it: npx prisma migrate deploy"}
	case state == "42501":
		return []string{"the user of DATABASE_URL should be allowed to use the table: GRANT SELECT, INSERT, DELETE ON … TO …"}
	case state == "42704" && strings.Contains(text, "configuration parameter"):
		return []string{"DATABASE_URL should have no parameter (behind the ?) that neither Prisma nor Postgres knows"}
	case strings.HasPrefix(state, "P0"):
		return []string{"a trigger of the table raises this: change it, or let MESSAGE_TABLE name another table"}
	case state == "53300":
		return []string{"the server has no connection left: DATABASE_URL should end in ?connection_limit=3, or max_connections be larger"}
	}
	return nil
}

// insertFix names what to change when a row is refused.
func insertFix(err error) []string {
	switch text := err.Error(); stateOf(text) {
	case "23502", "23514":
		return []string{"MESSAGE_CONSTANTS=column=value fills a column that the gateway knows nothing of"}
	case "22P02", "22007", "42804":
		return []string{"MESSAGE_CONSTANTS should hold values of the columns' types"}
	case "42501", "P0001":
		return stateFix(text)
	}
	return []string{"MESSAGE_TABLE and MESSAGE_…_COLUMN choose another table or column, MESSAGE_CONSTANTS fills more of them"}
}

// networkFix names what to change when a URL can't be reached.
func networkFix(err error) string {
	var name *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &untrusted), errors.As(err, &authority):
		return "browsers would not trust it either: nginx: ssl_certificate should name the full chain; Caddy gets one by itself for a public name"
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS"):
		return "there is no TLS on this port: --url http://…, or nginx: listen 443 ssl;"
	case errors.As(err, &name):
		return "the name has no address yet: set its DNS record, or give --url another"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: start the proxy, or give --url its port"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "no answer: a firewall, or the wrong port in --url"
	}
	return ""
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
