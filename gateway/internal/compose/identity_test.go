package compose

import (
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/pkg/token"
)

func TestAMintedTokenIsAccepted(t *testing.T) {
	t.Parallel()
	const secret = "a secret that is long enough for tests"
	for name, set := range map[string]func(*config.Config){
		"token":                func(c *config.Config) { c.JWTSecret = secret },
		"authjs.session-token": func(c *config.Config) { c.AuthSecret = secret },
	} {
		c := config.Default()
		if minted, err := Mint(c, "u7", "Ann", time.Hour); err == nil {
			t.Fatalf("minted %q without a secret", minted)
		}
		set(&c)
		minted, err := Mint(c, "u7", "Ann", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		identity, err := OpenIdentity(t.Context(), c, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(identity.Close)
		claims, _, err := identity.Authenticate(t.Context(), http.Header{"Cookie": {name + "=" + minted}}, nil)
		if err != nil || claims.UserID != "u7" || claims.Username != "Ann" {
			t.Errorf("%s: %+v, %v", name, claims, err)
		}
	}
}

func TestAnIdentityThatCannotAskItsDatabaseDoesNotOpen(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.JWTSecret = "a secret that is long enough for tests"
	c.SessionQuery, c.DatabaseURL = "SELECT $1", "none"
	if _, err := OpenIdentity(t.Context(), c, slog.New(slog.DiscardHandler), nil); err == nil {
		t.Error("opened")
	}
}

func TestTokensAreHeldAgainstWhatTheVariablesExpect(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*config.Config){
		"TOKEN_AUDIENCE": func(c *config.Config) { c.TokenAudience = []string{"chat"} },
		"TOKEN_ISSUER":   func(c *config.Config) { c.TokenIssuer = "https://app.example" },
		"TOKEN_TYPE":     func(c *config.Config) { c.TokenType = "access" },
		"TOKEN_CLAIMS":   func(c *config.Config) { c.TokenClaims = config.Claims{"role": "member"} },
	} {
		c := config.Default()
		c.JWTSecret = "a secret that is long enough for tests"
		set(&c)
		identity, err := OpenIdentity(t.Context(), c, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(identity.Close)
		minted, err := Mint(c, "u7", "Ann", time.Hour) // which has none of it
		if err != nil {
			t.Fatal(err)
		}
		if claims, _, err := identity.Authenticate(t.Context(), http.Header{"Cookie": {"token=" + minted}}, nil); err == nil {
			t.Errorf("%s: let in %+v", name, claims)
		}
	}
}

func TestOnlyAGoodCookieIsWhoSomebodyIsBeforeConnect(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.JWTSecret = "a secret that is long enough for tests"
	identity, err := OpenIdentity(t.Context(), c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(identity.Close)
	good, err := Mint(c, "u7", "Ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	old, err := Mint(c, "u7", "Ann", -time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		header       http.Header
		user         string
		spareConnect bool // the cookie that CONNECT would look at first
	}{
		"none":                    {http.Header{}, "", false},
		"good cookie":             {http.Header{"Cookie": {"token=" + good}}, "u7", true},
		"bad one before it":       {http.Header{"Cookie": {"token=bad; token=" + good}}, "u7", true},
		"good header":             {http.Header{"Authorization": {"Bearer " + good}}, "u7", false}, // auth.token comes before it
		"bad cookie":              {http.Header{"Cookie": {"token=bad"}}, "", false},
		"expired cookie":          {http.Header{"Cookie": {"token=" + old}}, "", false},
		"bad cookie, good header": {http.Header{"Cookie": {"token=bad"}, "Authorization": {"Bearer " + good}}, "u7", false},
	} {
		got := identity.Identify(&http.Request{Header: test.header})
		if got.User != test.user || (got.Claims != nil) != test.spareConnect {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestALoginThatTheAppHasEndedIsNoLoginAnyMore(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.JWTSecret = "a secret that is long enough for tests"
	c.DatabaseURL = config.DatabaseURL("file:" + filepath.Join(t.TempDir(), "test.db"))
	db := dbtest.SQLite(t, string(c.DatabaseURL), `CREATE TABLE banned (id TEXT); CREATE TABLE session (token TEXT, owner TEXT); INSERT INTO session VALUES ('s1', 'ann')`)
	c.SessionQuery = `SELECT owner FROM session WHERE token = $1`
	c.RevokedQuery = `SELECT EXISTS (SELECT 1 FROM banned WHERE id = $1)`
	identity, err := OpenIdentity(t.Context(), c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(identity.Close)
	minted, err := Mint(c, "bob", "Bob", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var logins []token.Login
	authenticate := func(cookie string) error {
		claims, _, err := identity.Authenticate(t.Context(), http.Header{"Cookie": {cookie}}, nil)
		if err == nil {
			logins = append(logins, claims.Login())
		}
		return err
	}
	for _, cookie := range []string{"token=s1", "token=" + minted} {
		if err := authenticate(cookie); err != nil {
			t.Fatalf("%s: %v", cookie, err)
		}
	}
	for _, step := range []struct {
		sql  string
		want []bool
	}{
		{`SELECT 1`, []bool{false, false}},
		{`INSERT INTO banned VALUES ('bob')`, []bool{false, true}},
		{`DELETE FROM session`, []bool{true, true}},
		{`DELETE FROM banned`, []bool{true, false}},
		{`INSERT INTO session VALUES ('s1', 'eve')`, []bool{true, false}},
	} {
		if _, err := db.Exec(step.sql); err != nil {
			t.Fatal(err)
		}
		if ended, err := identity.Ended(t.Context(), logins); err != nil || !slices.Equal(ended, step.want) {
			t.Errorf("after %s: %v, %v, want %v", step.sql, ended, err, step.want)
		}
	}
	if _, err := db.Exec(`INSERT INTO banned VALUES ('bob'), ('eve')`); err != nil {
		t.Fatal(err)
	}
	for _, cookie := range []string{"token=s1", "token=" + minted} {
		if err := authenticate(cookie); !errors.Is(err, token.ErrRevoked) {
			t.Errorf("%s: %v, want ErrRevoked", cookie, err)
		}
	}
	// While one of the two can't be asked, what the other says holds all the same.
	if _, err := db.Exec(`DROP TABLE session`); err != nil {
		t.Fatal(err)
	}
	if ended, err := identity.Ended(t.Context(), logins); !errors.Is(err, token.ErrUnavailable) || !slices.Equal(ended, []bool{false, true}) {
		t.Errorf("%v, %v", ended, err)
	}
}
