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
		identity, err := OpenIdentity(t.Context(), c)
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
	if _, err := OpenIdentity(t.Context(), c); err == nil {
		t.Error("opened")
	}
}
