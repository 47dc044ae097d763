package token

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

const (
	secret = "a secret that is thirty-two bytes"
	hs256  = `{"alg":"HS256","typ":"JWT"}`
)

func TestTokenFromJWTioIsRead(t *testing.T) {
	t.Parallel()
	const tok = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
		"eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ." +
		"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
	v, err := NewVerifier([]byte("your-256-bit-secret"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Verify(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	if c.UserID != "1234567890" || string(c.UserIDJSON) != `"1234567890"` || c.Username != "John Doe" || !c.Expires.IsZero() {
		t.Errorf("got %+v", c)
	}
}

func TestMintedTokenIsRead(t *testing.T) {
	t.Parallel()
	tok, err := Mint([]byte(secret), "u1", "Ada", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c, err := verifier(t).Verify(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	left := time.Until(c.Expires)
	if c.UserID != "u1" || string(c.UserIDJSON) != `"u1"` || c.Username != "Ada" || left < 59*time.Minute || left > time.Hour {
		t.Errorf("got %+v", c)
	}
	var claims map[string]any
	if err := json.Unmarshal(part(t, tok, 1), &claims); err != nil {
		t.Fatal(err)
	}
	if len(claims) != 4 || claims["iat"] == nil {
		t.Errorf("claims %v, want userId, username, iat, exp", claims)
	}
}

func TestMintRefusesWhatCouldNotBeVerified(t *testing.T) {
	t.Parallel()
	if _, err := Mint(nil, "u1", "Ada", time.Hour); err == nil {
		t.Error("minted with an empty secret")
	}
	if _, err := Mint([]byte(secret), "", "Ada", time.Hour); err == nil {
		t.Error("minted without a user")
	}
	if _, err := NewVerifier(nil); err == nil {
		t.Error("a verifier with an empty secret: everybody could sign")
	}
}

func TestIdentityIsTheFirstClaimOfTheRightType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ claims, id, idJSON, name string }{
		{`{"userId":"u1","username":"Ada"}`, "u1", `"u1"`, "Ada"},
		{`{"_id":"d","sub":"c","id":"b","userId":"a","email":"e@x.com","name":"n","username":"u"}`, "a", `"a"`, "u"},
		{`{"_id":"d","sub":"c","id":"b","email":"e","name":"n"}`, "b", `"b"`, "n"},
		{`{"_id":"d","sub":"c","email":"e@x.com"}`, "c", `"c"`, "c"},
		{`{"sub":"c","username":"e@x.com","name":"n"}`, "c", `"c"`, "n"},
		{`{"sub":"c","username":"@c","name":"n"}`, "c", `"c"`, "@c"},
		{`{"sub":"ann@x.com","email":"ann@x.com"}`, "ann@x.com", `"ann@x.com"`, "ann"},
		{`{"_id":"d"}`, "d", `"d"`, "d"},
		{`{"id":42}`, "42", `42`, "42"},
		{`{"id":9007199254740991}`, "9007199254740991", `9007199254740991`, "9007199254740991"},
		{`{"id":9007199254740993}`, "9007199254740993", `"9007199254740993"`, "9007199254740993"}, // rooms would be told 9007199254740992
		{`{"id":-123456789012345678901234567890}`, "-123456789012345678901234567890", `"-123456789012345678901234567890"`, "-123456789012345678901234567890"},
		{`{"id":-0}`, "0", `0`, "0"},
		{`{"id":-7}`, "-7", `-7`, "-7"},
		{`{"id":"42","name":7}`, "42", `"42"`, "7"},
		{`{"userId":{"$oid":"x"},"id":null,"sub":true,"_id":"d"}`, "d", `"d"`, "d"},
		{`{"userId":1.5,"id":1e3,"sub":"","_id":["x"],"_id":"d"}`, "d", `"d"`, "d"},
		{`{"UserId":"imposter","userId":"u1","USERNAME":"imposter"}`, "u1", `"u1"`, "u1"},
		{`{"sub":"caf\u00e9 \"x\""}`, `café "x"`, `"caf\u00e9 \"x\""`, `café "x"`},
		{"{\"sub\":\"bad \xff utf\"}", "bad \ufffd utf", "\"bad \ufffd utf\"", "bad \ufffd utf"},
	} {
		got, err := verifier(t).Verify(t.Context(), sign(hs256, c.claims))
		if err != nil {
			t.Errorf("%s: %v", c.claims, err)
			continue
		}
		if got.UserID != c.id || string(got.UserIDJSON) != c.idJSON || got.Username != c.name {
			t.Errorf("%s: got %q %s %q, want %q %s %q", c.claims, got.UserID, got.UserIDJSON, got.Username, c.id, c.idJSON, c.name)
		}
	}
}

func TestValidityIsKeptToTheSecond(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	v := verifier(t)
	v.now = func() time.Time { return now }
	for _, c := range []struct {
		claims string
		want   error
		exp    int64
	}{
		{`{"sub":"x"}`, nil, 0},
		{`{"sub":"x","exp":1800000001}`, nil, 1800000001},
		{`{"sub":"x","exp":1800000000.5}`, nil, 1800000000},
		{`{"sub":"x","exp":1800000000}`, ErrExpired, 0},
		{`{"sub":"x","exp":1799999999}`, ErrExpired, 0},
		{`{"sub":"x","exp":0}`, ErrExpired, 0},
		{`{"sub":"x","exp":-1e300}`, ErrExpired, 0},
		{`{"sub":"x","exp":1e300}`, nil, 253402300799},
		{`{"sub":"x","exp":1e400}`, ErrMalformed, 0},
		{`{"sub":"x","exp":"1900000000"}`, ErrMalformed, 0},
		{`{"sub":"x","exp":null}`, ErrMalformed, 0},
		{`{"sub":"x","nbf":1800000005}`, nil, 0},
		{`{"sub":"x","nbf":1800000006}`, ErrNotYet, 0},
		{`{"sub":"x","nbf":[]}`, ErrMalformed, 0},
		{`{"sub":"x","iat":1900000000}`, nil, 0},
	} {
		got, err := v.Verify(t.Context(), sign(hs256, c.claims))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.claims, err, c.want)
		} else if err == nil && c.exp != 0 && got.Expires.Unix() != c.exp {
			t.Errorf("%s: expires %v, want %v", c.claims, got.Expires.Unix(), c.exp)
		} else if c.exp == 0 && !got.Expires.IsZero() {
			t.Errorf("%s: expires %v, want never", c.claims, got.Expires)
		}
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	const ada = `{"userId":"ada"}`
	good := sign(hs256, ada)
	header, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	for name, c := range map[string]struct {
		tok  string
		want error
	}{
		"empty":                         {"", ErrMissing},
		"dots only":                     {"..", ErrMalformed},
		"many dots":                     {strings.Repeat(".", 10_000), ErrMalformed},
		"two parts":                     {header + "." + signature, ErrMalformed},
		"trailing part":                 {good + ".x", ErrMalformed},
		"trailing garbage":              {good + "!", ErrMalformed},
		"trailing line feed":            {good + "\n", ErrMalformed},
		"padded signature":              {good + "=", ErrMalformed},
		"stray bits in the signature":   {lastBitFlipped(good), ErrMalformed},
		"not base64":                    {"a b.c.d", ErrMalformed},
		"header is not an object":       {b64("[]") + "." + rest, ErrMalformed},
		"JSON serialization":            {`{"payload":"e30","signatures":[]}`, ErrMalformed},
		"encrypted (JWE)":               {b64(`{"alg":"dir","enc":"A256GCM"}`) + "..a.b.c", ErrMalformed},
		"alg none, no signature":        {b64(`{"alg":"none"}`) + "." + b64(ada) + ".", ErrAlgorithm},
		"alg none, old signature":       {b64(`{"alg":"none"}`) + "." + rest, ErrAlgorithm},
		"alg none, signed all the same": {sign(`{"alg":"none"}`, ada), ErrAlgorithm},
		"alg missing":                   {sign(`{"typ":"JWT"}`, ada), ErrAlgorithm},
		"alg in another case":           {sign(`{"alg":"hs256"}`, ada), ErrAlgorithm},
		"HS512 with the secret":         {signWith(sha512.New, `{"alg":"HS512"}`, ada, secret), ErrAlgorithm},
		"HS512 that says HS256":         {signWith(sha512.New, hs256, ada, secret), ErrSignature},
		"RS256 with the secret as key":  {sign(`{"alg":"RS256"}`, ada), ErrAlgorithm},
		"RS256 with a key of its own":   {signRS256(t, ada), ErrAlgorithm},
		"another secret":                {signWith(sha256.New, hs256, ada, "another secret"), ErrSignature},
		"empty secret":                  {signWith(sha256.New, hs256, ada, ""), ErrSignature},
		"no signature":                  {header + "." + b64(ada) + ".", ErrSignature},
		"short signature":               {good[:len(good)-4], ErrSignature},
		"other claims under it":         {header + "." + b64(`{"userId":"eve"}`) + "." + signature, ErrSignature},
		"unknown extension (crit)":      {sign(`{"alg":"HS256","crit":["b64"],"b64":false}`, ada), ErrMalformed},
		"claims are not JSON":           {sign(hs256, `userId=ada`), ErrMalformed},
		"claims are a list":             {sign(hs256, `["ada"]`), ErrMalformed},
		"claims go deep":                {sign(hs256, `{"sub":`+strings.Repeat("[", 11_000)), ErrMalformed},
		"no identity":                   {sign(hs256, `{"role":"admin","username":"ada"}`), ErrNoIdentity},
		"null claims":                   {sign(hs256, `null`), ErrNoIdentity},
		"17 KiB":                        {sign(hs256, `{"userId":"ada","x":"`+strings.Repeat("x", 17<<10)+`"}`), ErrTooLong},
		"1 MB":                          {strings.Repeat("x", 1_000_000), ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verifier(t).Verify(t.Context(), c.tok)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if got.UserID != "" || got.UserIDJSON != nil {
				t.Errorf("claims %+v beside an error", got)
			}
			for _, p := range strings.Split(c.tok, ".") {
				if len(p) > 4 && strings.Contains(err.Error(), p) {
					t.Errorf("the error holds part of the token: %v", err)
				}
			}
		})
	}
}

func TestTokensOfAReplacedSecretAreStillGood(t *testing.T) {
	t.Parallel()
	v, err := NewVerifier([]byte("the new secret"), []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]error{"the new secret": nil, secret: nil, "another": ErrSignature, "": ErrSignature} {
		if _, err := v.Verify(t.Context(), signWith(sha256.New, hs256, `{"userId":"ada"}`, s)); !errors.Is(err, want) {
			t.Errorf("signed with %q: %v, want %v", s, err, want)
		}
	}
	if _, err := NewVerifier([]byte(secret), nil); err == nil {
		t.Error("an empty secret replaced: everybody could sign")
	}
}

func TestReasonsAreDistinctWords(t *testing.T) {
	t.Parallel()
	seen := map[string]error{}
	for _, err := range []error{nil, errors.New("x"), ErrMissing, ErrTooLong, ErrMalformed, ErrAlgorithm, ErrSignature,
		ErrExpired, ErrNotYet, ErrNoIdentity, ErrEncrypted, ErrDecryption, ErrNoSession, ErrUnavailable} {
		word := Reason(err)
		if other, ok := seen[word]; ok {
			t.Errorf("%v and %v are both %q", err, other, word)
		}
		if strings.ContainsAny(word, " -") {
			t.Errorf("%q is no word for a metric label", word)
		}
		if err != nil && Reason(fmt.Errorf("connect: %w", err)) != word {
			t.Errorf("wrapped, %v is no longer %q", err, word)
		}
		seen[word] = err
	}
}

func TestVerifierServesManyGoroutines(t *testing.T) {
	t.Parallel()
	v := verifier(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			id := fmt.Sprintf("u%d", i)
			tok := sign(hs256, `{"userId":"`+id+`"}`)
			for range 200 {
				if c, err := v.Verify(t.Context(), tok); err != nil || c.UserID != id {
					t.Errorf("got %q, %v, want %q", c.UserID, err, id)
					return
				}
			}
		})
	}
	wg.Wait()
}

// FuzzVerify checks that only what was signed with the secret gets in. The seeds include valid tokens, so mutations
// work on both sides of the signature; claims are also fuzzed under a good signature.
func FuzzVerify(f *testing.F) {
	good := sign(hs256, `{"userId":"u1","username":"Ada","exp":4102444800}`)
	f.Add(good, `{"sub":7}`)
	f.Add("..", `{"exp":1e400}`)
	f.Add(b64(`{"alg":"none"}`)+".e30.", `[[[[`)
	f.Add(strings.Replace(good, ".", "..", 1), "{\"_id\":\"\xff\\ud800\"}")
	v, err := NewVerifier([]byte(secret))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, tok, claims string) {
		if _, err := v.Verify(t.Context(), tok); err == nil {
			end := strings.LastIndexByte(tok, '.')
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(tok[:end]))
			if tok[end+1:] != b64(string(mac.Sum(nil))) {
				t.Errorf("accepted %q", tok)
			}
		} else if Reason(err) == "other" {
			t.Errorf("%q: %v is not one of ours", tok, err)
		}
		c, err := v.Verify(t.Context(), sign(hs256, claims))
		if err != nil {
			if c.UserID != "" || Reason(err) == "other" {
				t.Errorf("%q: %+v beside %v", claims, c, err)
			}
			return
		}
		if c.UserID == "" || c.Username == "" || !json.Valid(c.UserIDJSON) {
			t.Errorf("%q: %+v", claims, c)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	tok, err := Mint([]byte(secret), "clx1a2b3c4d5e6f7g8h9i0j1k", "ada", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	v, err := NewVerifier([]byte(secret))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(context.Background(), tok); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jwt.Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := jwt.ParseString(tok, jwt.WithKey(jwa.HS256, []byte(secret))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func verifier(t *testing.T) *Verifier {
	t.Helper()
	v, err := NewVerifier([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign makes a token by hand, so that its header can lie.
func sign(header, claims string) string { return signWith(sha256.New, header, claims, secret) }

func signWith(hash func() hash.Hash, header, claims, secret string) string {
	signed := b64(header) + "." + b64(claims)
	mac := hmac.New(hash, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + b64(string(mac.Sum(nil)))
}

func signRS256(t *testing.T, claims string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64(`{"alg":"RS256"}`) + "." + b64(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(string(signature))
}

// lastBitFlipped writes the same signature bytes with other unused bits in the last character.
func lastBitFlipped(tok string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, tok[len(tok)-1])
	return tok[:len(tok)-1] + alphabet[last^1:last^1+1]
}

func part(t *testing.T, tok string, i int) []byte {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(tok, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	return text
}
