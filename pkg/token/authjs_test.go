package token

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"strings"
	"testing"
	"time"
)

// What next-auth 4.24.15 and @auth/core 0.41.3 made of {name: 'Ada', email: 'ada@example.com', sub: 'user-1'} with sixty years
// to go.
const (
	nextAuthSecret = "the secret of NextAuth"
	fromNextAuth   = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..Pw5VXJwkQWuLuLv_.X-K9CqvphxI-ns-j21omDBFlA14N1V1ymz8GnUrBY3qud45HuI_H" +
		"tshxeBzxmE0flz5qQetGkosyYmj4sylnD22T08kxWBTp4pm522a7KP8Xsa8DoxpyUeLHKyEaZrfpfQ21pr05QK4k2EmmaXFLTpyE40adR6CR8E" +
		"P01ad67YilnX06Pn9tpzFljvXuTMCZZLXyFUk.XpwZo6Y-5k6W71WChmdMEA"
	authJSSecret = "the secret of Auth.js"
	authJSCookie = "__Secure-authjs.session-token"
	fromAuthJS   = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiV2NTX0dBU1dWMmRxZDYtVUVVb3hCUWxvMWdzX1VWOTVVb2FHamZMSD" +
		"FXMEtzNjZ0dExLVWkyeFpUYUhDSlp0NVIzdUV4b19vOEJTclVXNHdwV0E3X2cifQ..VcBc9z1eanZ1N7fI8pcqBw.1PlViSkY0x5G4AU9_mazd" +
		"HA3oE4vEfInrqJbALFK-FMnAR82SWN6S9OpYRilddPPY1IIc7NGixMFrE864MG3W3e9GFLNmTReZmimMmvqloT9C14nCKa_krhqGG1q-ASCMT4" +
		"F3de10_WZ6npFg8cfK1hV_QgbFA-0KJYyMPQk7bJrvdsZumLtE__tjQNm69OE6ikjv_bntM4SILJNqOwxdg.eJFCZEd-cKEWkB21LCz0-Z_I8S" +
		"kCtj9XVYO4w_EkdVI"
)

func authJS(t testing.TB) *AuthJS {
	t.Helper()
	a, err := NewAuthJS(AuthJSCookies, []byte("the next secret"), []byte(authJSSecret), []byte(nextAuthSecret))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSessionsOfTheLibrariesAreRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tok, cookie string
		want        error
	}{
		"NextAuth":                      {fromNextAuth, "next-auth.session-token", nil},
		"NextAuth under another name":   {fromNextAuth, "mine", nil},
		"NextAuth in no cookie":         {fromNextAuth, "", nil},
		"Auth.js":                       {fromAuthJS, authJSCookie, nil},
		"Auth.js moved to another name": {fromAuthJS, "authjs.session-token", ErrDecryption},
		"Auth.js under an unknown name": {fromAuthJS, "mine", ErrDecryption},
		"Auth.js in no cookie":          {fromAuthJS, "", ErrDecryption},
	} {
		claims, err := authJS(t).Verify(c.tok, c.cookie)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil && (claims.UserID != "user-1" || claims.Username != "Ada" || time.Until(claims.Expires) < 24*time.Hour) {
			t.Errorf("%s: %+v", name, claims)
		}
	}
	stranger, err := NewAuthJS(AuthJSCookies, []byte("another secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tok := range []string{fromNextAuth, fromAuthJS} {
		if _, err := stranger.Verify(tok, authJSCookie); !errors.Is(err, ErrDecryption) {
			t.Errorf("with another secret: %v", err)
		}
	}
}

func TestEncryptedSessionEndsToTheSecond(t *testing.T) {
	t.Parallel()
	a := authJS(t)
	claims, err := a.Verify(fromAuthJS, authJSCookie)
	if err != nil {
		t.Fatal(err)
	}
	a.now = func() time.Time { return claims.Expires.Add(-time.Second) }
	if _, err := a.Verify(fromAuthJS, authJSCookie); err != nil {
		t.Errorf("a second before: %v", err)
	}
	a.now = func() time.Time { return claims.Expires }
	if _, err := a.Verify(fromAuthJS, authJSCookie); !errors.Is(err, ErrExpired) {
		t.Errorf("at its end: %v", err)
	}
}

func TestMintedSessionIsRead(t *testing.T) {
	t.Parallel()
	tok, err := MintEncrypted([]byte(nextAuthSecret), "u1", "Ada", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := authJS(t).Verify(tok, ""); err != nil || c.UserID != "u1" || c.Username != "Ada" || time.Until(c.Expires) > time.Hour {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := MintEncrypted(nil, "u1", "Ada", time.Hour); err == nil {
		t.Error("minted with an empty secret")
	}
}

// sealed makes an encrypted token by hand, so that its header can lie.
func sealed(t testing.TB, header, claims string) string {
	t.Helper()
	key, err := nextAuthKey([]byte(nextAuthSecret))
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, 12)
	out := gcm.Seal(nil, iv, []byte(claims), []byte(b64(header)))
	body, tag := out[:len(claims)], out[len(claims):]
	return strings.Join([]string{b64(header), "", b64(string(iv)), b64(string(body)), b64(string(tag))}, ".")
}

func TestForgedSessionsAreRefused(t *testing.T) {
	t.Parallel()
	const direct, ada = `{"alg":"dir","enc":"A256GCM"}`, `{"sub":"ada"}`
	good := sealed(t, direct, ada)
	if _, err := authJS(t).Verify(good, ""); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	parts := strings.Split(good, ".")
	with := func(i int, part string) string {
		changed := append([]string(nil), parts...)
		changed[i] = part
		return strings.Join(changed, ".")
	}
	var bomb bytes.Buffer
	w, _ := flate.NewWriter(&bomb, flate.BestCompression)
	w.Write(bytes.Repeat([]byte(" "), 10<<20))
	w.Close()
	for name, c := range map[string]struct {
		tok  string
		want error
	}{
		"empty":                    {"", ErrMissing},
		"dots only":                {"....", ErrMalformed},
		"many dots":                {strings.Repeat(".", 10_000), ErrMalformed},
		"signed":                   {sign(hs256, ada), ErrMalformed},
		"a sixth part":             {good + ".x", ErrMalformed},
		"16 KiB":                   {sealed(t, direct, `{"sub":"`+strings.Repeat("x", 16<<10)+`"}`), ErrTooLong},
		"compressed":               {sealed(t, `{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, bomb.String()), ErrMalformed},
		"zip null":                 {sealed(t, `{"alg":"dir","enc":"A256GCM","zip":null}`, ada), ErrMalformed},
		"unknown extension (crit)": {sealed(t, `{"alg":"dir","enc":"A256GCM","crit":["x"],"x":1}`, ada), ErrMalformed},
		"alg missing":              {sealed(t, `{"enc":"A256GCM"}`, ada), ErrAlgorithm},
		"alg none":                 {sealed(t, `{"alg":"none","enc":"A256GCM"}`, ada), ErrAlgorithm},
		"a key that came along":    {sealed(t, `{"alg":"A256KW","enc":"A256GCM"}`, ada), ErrAlgorithm},
		"a password":               {sealed(t, `{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":1000000000,"p2s":"AAAA"}`, ada), ErrAlgorithm},
		"a public key":             {sealed(t, `{"alg":"RSA-OAEP","enc":"A256GCM"}`, ada), ErrAlgorithm},
		"enc missing":              {sealed(t, `{"alg":"dir"}`, ada), ErrAlgorithm},
		"enc A128GCM":              {sealed(t, `{"alg":"dir","enc":"A128GCM"}`, ada), ErrAlgorithm},
		"enc of Auth.js":           {sealed(t, `{"alg":"dir","enc":"A256CBC-HS512"}`, ada), ErrMalformed},
		"header is no object":      {sealed(t, `[]`, ada), ErrMalformed},
		"header is no base64":      {with(0, "!"), ErrMalformed},
		"an encrypted key":         {with(1, "AAAA"), ErrMalformed},
		"no iv":                    {with(2, ""), ErrMalformed},
		"an iv of 16":              {with(2, b64(strings.Repeat("x", 16))), ErrMalformed},
		"no tag":                   {with(4, ""), ErrMalformed},
		"a tag of 12":              {with(4, parts[4][:16]), ErrMalformed},
		"a tag of 17":              {with(4, b64(strings.Repeat("x", 17))), ErrMalformed},
		"another iv":               {with(2, b64(strings.Repeat("x", 12))), ErrDecryption},
		"another tag":              {with(4, b64(strings.Repeat("x", 16))), ErrDecryption},
		"no text":                  {with(3, ""), ErrDecryption},
		"another text":             {with(3, b64(`{"sub":"eve"}`)), ErrDecryption},
		"another header":           {with(0, b64(`{"alg":"dir","enc":"A256GCM" }`)), ErrDecryption},
		"line feed in the text":    {with(3, parts[3][:2]+"\n"+parts[3][2:]), ErrMalformed},
		"text is no base64":        {with(3, "!"), ErrMalformed},
		"claims are not JSON":      {sealed(t, direct, "sub=ada"), ErrMalformed},
		"a signed token inside":    {sealed(t, `{"alg":"dir","enc":"A256GCM","cty":"JWT"}`, sign(hs256, ada)), ErrMalformed},
		"no identity":              {sealed(t, direct, `{"name":"ada"}`), ErrNoIdentity},
		"expired":                  {sealed(t, direct, `{"sub":"ada","exp":1}`), ErrExpired},
		"exp is a text":            {sealed(t, direct, `{"sub":"ada","exp":"never"}`), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := authJS(t).Verify(c.tok, "")
			if !errors.Is(err, c.want) || got.UserID != "" {
				t.Errorf("%+v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestSecretOfAuthJSMayNotBeEmpty(t *testing.T) {
	t.Parallel()
	if _, err := NewAuthJS(AuthJSCookies); err == nil {
		t.Error("without a secret")
	}
	if _, err := NewAuthJS(AuthJSCookies, []byte("x"), nil); err == nil {
		t.Error("with an empty secret: everybody could make sessions")
	}
}

// FuzzAuthJS checks that only what the key has sealed is let in, in both algorithms.
func FuzzAuthJS(f *testing.F) {
	f.Add(fromNextAuth, `{"alg":"dir","enc":"A256GCM"}`, `{"sub":"ada"}`)
	f.Add(fromAuthJS, `{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, "{")
	f.Add("....", `{"alg":["dir"],"enc":{}}`, `[[`)
	a := authJS(f)
	f.Fuzz(func(t *testing.T, tok, header, claims string) {
		if c, err := a.Verify(tok, authJSCookie); err == nil && tok != fromNextAuth && tok != fromAuthJS {
			t.Errorf("let in %q by %q", c.UserID, tok)
		} else if err != nil && Reason(err) == "other" {
			t.Errorf("%v is not one of ours", err)
		}
		if c, err := a.Verify(sealed(t, header, claims), ""); err != nil && (c.UserID != "" || Reason(err) == "other") {
			t.Errorf("%+v beside %v", c, err)
		}
	})
}

func BenchmarkAuthJS(b *testing.B) {
	a, err := NewAuthJS(AuthJSCookies, []byte(authJSSecret), []byte(nextAuthSecret))
	if err != nil {
		b.Fatal(err)
	}
	for name, tok := range map[string]string{"NextAuth 4": fromNextAuth, "Auth.js 5": fromAuthJS} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Verify(tok, authJSCookie); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
