package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// BetterAuthCookies are the names under which Better Auth keeps the token of a session.
var BetterAuthCookies = []string{"__Secure-better-auth.session_token", "better-auth.session_token"}

// unsign takes the signature off a cookie of Better Auth, "token.signature": base64 of an HMAC-SHA256 over the token.
func unsign(value string, secret []byte) (token string, ok bool) {
	dot := strings.LastIndexByte(value, '.')
	if dot <= 0 {
		return "", false
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(value[dot+1:])
	if err != nil {
		return "", false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(value[:dot]))
	return value[:dot], hmac.Equal(signature, mac.Sum(nil))
}

// cookieSigned is how values begin that express-session, or cookie-parser, has signed.
const cookieSigned = "s:"

// unsignExpress takes the signature off a value of express-session, "s:token.signature": base64 without padding of an
// HMAC-SHA256 over the token, as the npm package cookie-signature makes it.
func unsignExpress(value string, secret []byte) (token string, ok bool) {
	value = strings.TrimPrefix(value, cookieSigned)
	dot := strings.LastIndexByte(value, '.')
	if dot <= 0 {
		return "", false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(value[:dot]))
	want := base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
	return value[:dot], hmac.Equal([]byte(value[dot+1:]), []byte(want))
}
