package token

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"
)

var sourceSecret = []byte("a secret that is long enough for a test")

func bySources(t *testing.T, sources ...string) *Authenticator {
	t.Helper()
	o := Options{Cookie: "token", Secrets: [][]byte{sourceSecret}}
	for _, text := range sources {
		source, err := ParseSource(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Sources = append(o.Sources, source)
	}
	a, err := NewAuthenticator(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestATokenIsTakenFromThePlacesThatTheAppNamesAndNoOthers(t *testing.T) {
	t.Parallel()
	tok, err := Mint(sourceSecret, "u1", "Ann", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	query := WithQuery(context.Background(), url.Values{"t": {tok}})
	for _, c := range []struct {
		source string
		ctx    context.Context
		header http.Header
		auth   string
	}{
		{"auth.accessToken", context.Background(), nil, `{"n":1,"accessToken":"Bearer ` + tok + `"}`},
		{"query.t", query, nil, ""},
		{"header.x-access-token", context.Background(), http.Header{"X-Access-Token": {tok}}, ""},
	} {
		claims, source, err := bySources(t, c.source).Authenticate(c.ctx, c.header, json.RawMessage(c.auth))
		if err != nil || claims.UserID != "u1" || source == "" || source != c.source[:len(source)] {
			t.Errorf("%s: %q from %q, %v", c.source, claims.UserID, source, err)
		}
		if _, _, err := bySources(t, "auth.other").Authenticate(c.ctx, c.header, json.RawMessage(c.auth)); err == nil {
			t.Errorf("%s: taken without being named", c.source)
		}
		forged := bySources(t, c.source, "auth.token2")
		if _, _, err := forged.Authenticate(c.ctx, c.header, json.RawMessage(`{"token":"forged"}`)); err == nil && c.auth != "" {
			t.Errorf("%s: a forged token let in", c.source)
		}
	}
}

func TestAPlaceThatCannotHoldATokenIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "auth", "auth.", "body.token", "header.Cookie", "header.authorization", "auth.a b", "query.a.b"} {
		if _, err := ParseSource(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzSources(f *testing.F) {
	f.Add(`{"a":"x"}`)
	f.Add(`[1]`)
	f.Add(`{"a":{"a":"b"}}`)
	f.Fuzz(func(t *testing.T, auth string) {
		for _, found := range fromSources(context.Background(), []Source{{"auth", "a"}, {"auth", "b"}}, nil, json.RawMessage(auth)) {
			if found.Token == "" || found.Source != "auth" {
				t.Fatalf("%q has %v", auth, found)
			}
		}
	})
}
