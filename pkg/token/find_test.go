package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestTokenIsFoundInTheOrderOfTheSources(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cookie, auth, authorization string
		tok, from                   string
	}{
		"all three":                       {"token=C", `{"token":"A"}`, "Bearer H", "C", "cookie"},
		"auth before the header":          {"other=C", `{"token":"A"}`, "Bearer H", "A", "auth"},
		"header last":                     {"", `{}`, "Bearer H", "H", "header"},
		"header without a scheme":         {"", "", "H", "H", "header"},
		"header with spaces":              {"", "", "  bEaReR   H ", "H", "header"},
		"other schemes":                   {"", `{"token":"JWT A"}`, "", "A", "auth"},
		"other schemes in the header":     {"", "", "Token H", "H", "header"},
		"Basic is not a token":            {"", "", "Basic dXNlcjpwdw==", "", ""},
		"Bearer alone":                    {"", `{"token":"Bearer "}`, "Bearer", "", ""},
		"Bearer in auth.token":            {"", `{"token":"Bearer A"}`, "", "A", "auth"},
		"Bearer in auth.token, shouted":   {"", `{"token":"BEARER A"}`, "", "A", "auth"},
		"Bearer in the cookie":            {"token=Bearer%20C", "", "", "C", "cookie"},
		"percent-encoded cookie":          {"token=a%2Eb%2Ec", "", "", "a.b.c", "cookie"},
		"plus is not a space":             {"token=a+b%2Ec", "", "", "a+b.c", "cookie"},
		"bad percent-encoding stays":      {"token=a%2", "", "", "a%2", "cookie"},
		"quoted cookie":                   {`token="C"`, "", "", "C", "cookie"},
		"duplicates: the first":           {"token=first; x=y; token=second", "", "", "first", "cookie"},
		"cookie among malformed ones":     {"bad name=1; =2; ;; x; token=C", "", "", "C", "cookie"},
		"name in another case":            {"Token=C", "", "Bearer H", "H", "header"},
		"empty cookie: the next source":   {"token=", `{"token":"A"}`, "", "A", "auth"},
		"auth is null":                    {"", `null`, "", "", ""},
		"auth is a string":                {"", `"A"`, "", "", ""},
		"auth.token is a number":          {"", `{"token":42}`, "Bearer H", "H", "header"},
		"auth.token is an object":         {"", `{"token":{"a":1}}`, "", "", ""},
		"auth is not JSON":                {"", `{"token":`, "", "", ""},
		"auth has other things beside it": {"", `{"room":{"a":[1]},"token":"A"}`, "", "A", "auth"},
		"nothing":                         {"", "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if c.cookie != "" {
				h.Set("Cookie", c.cookie)
			}
			if c.authorization != "" {
				h.Set("Authorization", c.authorization)
			}
			tok, from, err := find(h, c.auth, "token")
			if tok != c.tok || from != c.from {
				t.Errorf("found %q in %q, want %q in %q", tok, from, c.tok, c.from)
			}
			if (c.tok == "") != errors.Is(err, ErrMissing) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// find gives the token that is tried first.
func find(h http.Header, auth, cookie string) (tok, from string, err error) {
	found, err := Find(h, json.RawMessage(auth), cookie)
	if len(found) == 0 {
		return "", "", err
	}
	return found[0].Token, found[0].Source, err
}

func TestEachOfSeveralCookiesIsFoundInTheirOrder(t *testing.T) {
	t.Parallel()
	h := http.Header{"Cookie": {"b.1=two; c=C; b.0=one%2B; d=; a.0=; b.2=three; b.4=no; e.1=no; b.=no; b.x=no; f=F; f.0=no; g.00=no"}, "Authorization": {"H"}}
	found, err := Find(h, json.RawMessage(`{"token":"A"}`), "a", "b", "c", "d", "e", "f", "g", "h")
	want := []Found{{"one+twothree", "cookie", "b"}, {"one+two", "cookie", "b"}, {"one+", "cookie", "b"}, {"C", "cookie", "c"}, {"F", "cookie", "f"}, {"no", "cookie", "f"}, {"A", "auth", ""}, {"H", "header", ""}}
	if !slices.Equal(found, want) || err != nil {
		t.Errorf("found %q, %v, want %q", found, err, want)
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("token.%d=x", i)
	}
	if tok, _, _ := find(http.Header{"Cookie": {strings.Join(many, "; ")}}, "", "token"); len(tok) != maxChunks {
		t.Errorf("%d chunks", len(tok))
	}
}

func TestEveryDuplicateIsFoundAndAFloodOfThemHidesNeitherAuthNorHeader(t *testing.T) {
	t.Parallel()
	h := http.Header{"Cookie": {strings.Repeat("token=x; ", 1000)}, "Authorization": {"H"}}
	found, err := Find(h, json.RawMessage(`{"token":"A"}`), "token")
	if err != nil || len(found) != maxFound || found[maxFound-2].Source != "auth" || found[maxFound-1].Source != "header" {
		t.Errorf("%d found, %v", len(found), err)
	}
	found, _ = Find(http.Header{"Cookie": {"token=one; token=; x=y; token=two"}}, nil, "token")
	if len(found) != 2 || found[0].Token != "one" || found[1].Token != "two" {
		t.Errorf("found %v", found)
	}
}

// Whoever can set cookies for a sibling domain can set a whole one beside the site's chunks, or one of them a second time.
func TestACookieInChunksIsFoundWhateverStandsBesideIt(t *testing.T) {
	t.Parallel()
	for _, cookies := range []string{
		"s=bad; s.0=a; s.1=b", "s.0=a; s.1=b; s=bad", "s.0=bad; s.0=a; s.1=b", "s.0=a; s.1=bad; s.0=bad; s.1=b", "s.1=bad; s.0=bad; s.1=b; s.0=a",
		strings.Repeat("s.2=bad; ", 100) + "s.0=a; s.1=b", "s.1=bad; s.0=ab",
	} {
		found, err := Find(http.Header{"Cookie": {cookies}}, nil, "s")
		if err != nil || !slices.ContainsFunc(found, func(f Found) bool { return f.Token == "ab" }) || len(found) > maxCookies {
			t.Errorf("%.40s: found %v, %v", cookies, found, err)
		}
	}
}

func TestCookieMayHaveAnotherName(t *testing.T) {
	t.Parallel()
	h := http.Header{"Cookie": {"token=T; accessToken=A"}}
	if tok, _, err := find(h, "", "accessToken"); tok != "A" || err != nil {
		t.Errorf("found %q, %v", tok, err)
	}
	if _, err := Find(nil, nil, "token"); !errors.Is(err, ErrMissing) {
		t.Errorf("no header at all: %v", err)
	}
}

func TestCookieNamesAreBoundedAndHoldNoToken(t *testing.T) {
	t.Parallel()
	got := CookieNames(http.Header{"Cookie": {"a=1; b=2", "__Secure-next-auth.session-token=3"}})
	if want := []string{"a", "b", "__Secure-next-auth.session-token"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "%s%d=v; ", strings.Repeat("n", 100), i)
	}
	got = CookieNames(http.Header{"Cookie": {many.String()}})
	if len(got) != 20 || len(got[0]) != 40 {
		t.Errorf("%d names of %d bytes", len(got), len(got[0]))
	}
	tok := sign(hs256, `{"userId":"ada"}`)
	payload := strings.Split(tok, ".")[1]
	if got = CookieNames(http.Header{"Cookie": {tok}}); strings.Contains(got[0], payload[:6]) {
		t.Errorf("a token sent as a name is told: %q", got)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("token=a.b.c; x=y", `{"token":"Bearer A"}`, "Bearer H", "token")
	f.Add("token=%42earer%20x; token=", `{"Token":1}`, "Basic eA==", "token")
	f.Add(`a="b;c"; ;;=; __proto__=1`, `[[[[`, "bearer", "__proto__")
	f.Fuzz(func(t *testing.T, cookie, auth, authorization, name string) {
		h := http.Header{"Cookie": {cookie}, "Authorization": {authorization}}
		tok, from, err := find(h, auth, name)
		if (err == nil) != (tok != "") || (err == nil) != (from != "") {
			t.Errorf("%q, %q, %v", tok, from, err)
		}
		if tok != strings.TrimSpace(tok) {
			t.Errorf("%q has space around it", tok)
		}
		if len(tok) > len(cookie)+len(auth)+len(authorization)+3*len(auth) {
			t.Errorf("%d bytes out of nowhere", len(tok))
		}
		if len(CookieNames(h)) > 20 {
			t.Error("more than 20 names")
		}
	})
}
