package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestEveryFailureOfADatabaseHasAFix(t *testing.T) {
	t.Parallel()
	wrapped := func(err error) error { return fmt.Errorf("connect to database: %w", err) }
	for _, c := range []struct {
		err  error
		want string
	}{
		{wrapped(syscall.ECONNREFUSED), "running Postgres"},
		{wrapped(&net.DNSError{Err: "no such host", Name: "db"}), "name of a host"},
		{wrapped(context.DeadlineExceeded), "firewall"},
		{wrapped(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), "sslrootcert"},
		{wrapped(errors.New("server refused TLS connection")), "sslmode=disable"},
		{errors.New(`FATAL: no pg_hba.conf entry for host "10.0.0.1", user "a", no encryption (SQLSTATE 28000)`), "sslmode=require"},
		{errors.New(`FATAL: password authentication failed (SQLSTATE 28P01) and then no encryption (SQLSTATE 28000)`), "right user and password"},
		{errors.New(`FATAL: database "x" does not exist (SQLSTATE 3D000)`), "behind the last /"},
		{errors.New(`permission denied for table Message (SQLSTATE 42501)`), "GRANT"},
		{errors.New(`FATAL: sorry, too many clients already (SQLSTATE 53300)`), "connection_limit"},
		{errors.New("tls error: server refused TLS connection\nFATAL: unrecognized configuration parameter \"foo\" (SQLSTATE 42704)"), "no parameter"},
		{errors.New(`try an insert of no rows into "Message": SQLSTATE P0001`), "trigger"},
		{errors.New(`read the tables of /app/dev.db: file is not a database (26)`), "SQLite"},
		{errors.New(`message table: looked for Message in schema "public", which has no tables; set MESSAGE_TABLE`), "migrate deploy"},
	} {
		if got := strings.Join(databaseFix(c.err), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want …%s…", c.err, got, c.want)
		}
	}
	if got := databaseFix(errors.New("message table: no text column; set MESSAGE_TEXT_COLUMN")); got != nil {
		t.Errorf("an error that names its variable gets another: %q", got)
	}
}
