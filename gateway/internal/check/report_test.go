package check

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

func TestReportHasOneLineForEachStep(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := &report{out: &out}
	r.ok("table", "%s", `"Message"`)
	r.table([][]string{{"id", "text", "NOT NULL", "a cuid"}, {"createdAt", "timestamp", "", "über"}})
	r.skip("key", "because")
	r.warn("port", "in use")
	r.fault("database", errors.Join(errors.New("refused"), errors.New("refused"), errors.New("no TLS")).Error(), "A=1", "", "B=2")
	want := `ok         table       "Message"
                       id         text       NOT NULL  a cuid
                       createdAt  timestamp            über
not tried  key         because
warning    port        in use
fault      database    refused no TLS
                       → A=1
                       → B=2
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if err := r.verdict(false); err == nil || err.Error() != "1 fault, 1 warning: change the lines named above and check again" {
		t.Errorf("verdict %v", err)
	}
}

func TestWarningsAreNoFaults(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := &report{out: &out}
	r.warn("port", "in use")
	out.Reset()
	if err := r.verdict(true); err != nil || out.String() != "no faults, 1 warning: a start would work, and clients get through from outside\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestTokenMayBeGivenAsTheCookieThatItIs(t *testing.T) {
	t.Parallel()
	c := config.Default()
	for given, want := range map[string]string{
		"a.b.c":                             "token=a.b.c",
		"YWJj==":                            "token=YWJj==",
		"other=a.b.c":                       "other=a.b.c",
		"__Secure-authjs.session-token.0=x": "__Secure-authjs.session-token.0=x",
		"a=1; b=2":                          "a=1; b=2",
		"session.c2lnbmF0dXJl=":             "token=session.c2lnbmF0dXJl=",
	} {
		if got := cookieOf(c, given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestABareTokenIsTriedInEveryCookieThatTheAppMayHave(t *testing.T) {
	t.Parallel()
	got := cookiesOf(config.Default(), "a..b.c.d")
	for _, want := range []string{"token=a..b.c.d", "authjs.session-token=a..b.c.d", "better-auth.session_token=a..b.c.d"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if got := cookiesOf(config.Default(), "a=1; b=2"); !slices.Equal(got, []string{"a=1; b=2"}) {
		t.Errorf("cookies became %q", got)
	}
}
