package token

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
)

// AuthJSCookies are the names under which NextAuth 4 and Auth.js 5 keep their sessions. Those with a prefix, which only the
// site itself can set over HTTPS, come first.
var AuthJSCookies = []string{
	"__Host-authjs.session-token", "__Secure-authjs.session-token", "authjs.session-token",
	"__Host-next-auth.session-token", "__Secure-next-auth.session-token", "next-auth.session-token",
}

// AuthJS reads the encrypted sessions of NextAuth 4 and Auth.js 5. It may be used from many goroutines at once.
//
// Both encrypt directly with a key that HKDF-SHA256 makes of the secret: NextAuth 4 one for all cookies, by A256GCM; Auth.js
// 5 one for each name of a cookie, by A256CBC-HS512. These two are all that is read, and nothing compressed.
type AuthJS struct {
	keys map[string][]jwe.DecryptOption // by algorithm, for Auth.js followed by the cookie's name
	now  func() time.Time
}

// NewAuthJS makes the keys for cookies of these names. Of the secrets each may be the one; none may be empty. It takes about
// 10 µs for each key.
func NewAuthJS(cookies []string, secrets ...[]byte) (*AuthJS, error) {
	if len(secrets) == 0 {
		return nil, errors.New("sessions of Auth.js: no secret")
	}
	a := &AuthJS{keys: map[string][]jwe.DecryptOption{}, now: time.Now}
	for _, secret := range secrets {
		if len(secret) == 0 {
			return nil, errors.New("sessions of Auth.js: the secret is empty")
		}
		key, err := nextAuthKey(secret)
		if err != nil {
			return nil, err
		}
		a.add(jwa.A256GCM, "", key)
		for _, cookie := range cookies {
			key, err := hkdf.Key(sha256.New, secret, []byte(cookie), "Auth.js Generated Encryption Key ("+cookie+")", 64)
			if err != nil {
				return nil, fmt.Errorf("key of Auth.js: %w", err)
			}
			a.add(jwa.A256CBC_HS512, cookie, key)
		}
	}
	return a, nil
}

func nextAuthKey(secret []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "NextAuth.js Generated Encryption Key", 32)
	if err != nil {
		return nil, fmt.Errorf("key of NextAuth: %w", err)
	}
	return key, nil
}

func (a *AuthJS) add(enc jwa.ContentEncryptionAlgorithm, cookie string, key []byte) {
	name := enc.String() + cookie
	a.keys[name] = append(a.keys[name], jwe.WithKey(jwa.DIRECT, key))
}

// Verify returns the claims of tok, which came in a cookie of that name, or elsewhere if the name is empty: then only
// NextAuth 4's can be read. It has no leeway for exp, like Verifier, though the libraries have 15 s. Costs 30 µs.
func (a *AuthJS) Verify(tok, cookie string) (Claims, error) {
	if tok == "" {
		return Claims{}, ErrMissing
	}
	if len(tok) > maxLen {
		return Claims{}, ErrTooLong
	}
	enc, err := checkEncryption(tok)
	if err != nil {
		return Claims{}, err
	}
	if enc == jwa.A256GCM {
		cookie = ""
	}
	keys := a.keys[enc.String()+cookie]
	if keys == nil {
		return Claims{}, fmt.Errorf("%w: it depends on a cookie's name, and came in none that is known", ErrDecryption)
	}
	claims, err := jwe.Decrypt([]byte(tok), keys...)
	if err != nil {
		return Claims{}, ErrDecryption // what jwx says may hold parts of the token
	}
	c, _, err := readClaims(claims, a.now())
	return c, err
}

// sizes are bytes of the parts that each algorithm has.
var sizes = map[jwa.ContentEncryptionAlgorithm]struct{ iv, tag int }{
	jwa.A256GCM:       {12, 16},
	jwa.A256CBC_HS512: {16, 32},
}

// checkEncryption refuses everything but what the two libraries make before any of it is worked on.
func checkEncryption(tok string) (jwa.ContentEncryptionAlgorithm, error) {
	parts := strings.SplitN(tok, ".", 6)
	if len(parts) != 5 {
		return "", fmt.Errorf("%w: it does not have five parts", ErrMalformed)
	}
	text, err := decodePart([]byte(parts[0]))
	if err != nil {
		return "", fmt.Errorf("%w: header is not base64url", ErrMalformed)
	}
	var header struct {
		Alg  string                         `json:"alg"`
		Enc  jwa.ContentEncryptionAlgorithm `json:"enc"`
		Zip  json.RawMessage                `json:"zip"`
		Crit json.RawMessage                `json:"crit"`
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return "", fmt.Errorf("%w: header is not that of an encrypted token", ErrMalformed)
	}
	size, ok := sizes[header.Enc]
	if header.Alg != jwa.DIRECT.String() || !ok {
		return "", fmt.Errorf("%w, nor encrypted directly with A256GCM or A256CBC-HS512", ErrAlgorithm)
	}
	if header.Zip != nil || header.Crit != nil {
		return "", fmt.Errorf("%w: header asks for compression or an unknown extension", ErrMalformed)
	}
	if parts[1] != "" || !holds(parts[2], size.iv) || !holds(parts[4], size.tag) {
		return "", fmt.Errorf("%w: key, iv or tag is not of the right size", ErrMalformed)
	}
	if _, err := decodePart([]byte(parts[3])); err != nil {
		return "", fmt.Errorf("%w: claims are not base64url", ErrMalformed)
	}
	return header.Enc, nil
}

func holds(part string, size int) bool {
	b, err := decodePart([]byte(part))
	return err == nil && len(b) == size
}
