package compose

import (
	"net/http"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
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
		identity, err := OpenIdentity(t.Context(), c, nil)
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
	if _, err := OpenIdentity(t.Context(), c, nil); err == nil {
		t.Error("opened")
	}
}

func TestTokensAreHeldAgainstWhatTheVariablesExpect(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*config.Config){
		"TOKEN_AUDIENCE": func(c *config.Config) { c.TokenAudience = []string{"chat"} },
		"TOKEN_ISSUER":   func(c *config.Config) { c.TokenIssuer = "https://app.example" },
		"TOKEN_TYPE":     func(c *config.Config) { c.TokenType = "access" },
		"TOKEN_CLAIMS":   func(c *config.Config) { c.TokenClaims = config.Constants{"role": "member"} },
	} {
		c := config.Default()
		c.JWTSecret = "a secret that is long enough for tests"
		set(&c)
		identity, err := OpenIdentity(t.Context(), c, nil)
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
