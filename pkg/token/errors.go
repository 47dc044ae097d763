package token

import "errors"

// What this package returns, sometimes wrapped with a detail. Callers tell them apart with errors.Is.
var (
	ErrMissing    = errors.New("no token in the cookie, the auth payload or the Authorization header")
	ErrTooLong    = errors.New("token is longer than 16 KiB")
	ErrMalformed  = errors.New("token is malformed")
	ErrAlgorithm  = errors.New("token is signed by an algorithm that there is no key for (HS256 by JWT_SECRET; RS256, ES256 and EdDSA by TOKEN_JWKS_URL)")
	ErrSignature  = errors.New("token signature does not match the secret")
	ErrExpired    = errors.New("token has expired")
	ErrNotYet     = errors.New("token is not valid yet")
	ErrEncrypted  = errors.New("token is encrypted, and no secret of Auth.js or NextAuth is known")
	ErrDecryption = errors.New("encrypted token does not open with the secret")
	ErrNoSession  = errors.New("no session has this token")
	// ErrUnavailable: nobody knows now whose session it is. A client that comes back later may be let in.
	ErrUnavailable = errors.New("sessions, or the keys of tokens, can't be looked up")
	ErrAudience    = errors.New("token is for another audience than TOKEN_AUDIENCE")
	ErrIssuer      = errors.New("token is of another issuer than TOKEN_ISSUER")
	ErrType        = errors.New("token is not for logging in: its type is another than TOKEN_TYPE, or says that it is for something else")
	ErrClaim       = errors.New("token lacks a claim of TOKEN_CLAIMS")
	ErrUnverified  = errors.New("session cookie is signed (s:…), and SESSION_SECRET, which would tell whether rightly, is not set")
	ErrRevoked     = errors.New("token has been revoked (REVOKED_QUERY)")
	ErrNoIdentity  = errors.New("token names no user: none of the claims userId, id, sub, _id is a text or an integer")
)

// Reason gives a short fixed word for err, fit for a log field or a metric label: the set is closed, and nothing a
// client sends can add to it. It is "ok" for nil and "other" for an error that is not this package's.
func Reason(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrMissing):
		return "no_token"
	case errors.Is(err, ErrTooLong):
		return "too_long"
	case errors.Is(err, ErrMalformed):
		return "malformed"
	case errors.Is(err, ErrAlgorithm):
		return "wrong_algorithm"
	case errors.Is(err, ErrSignature):
		return "bad_signature"
	case errors.Is(err, ErrExpired):
		return "expired"
	case errors.Is(err, ErrNotYet):
		return "not_yet_valid"
	case errors.Is(err, ErrEncrypted):
		return "encrypted"
	case errors.Is(err, ErrDecryption):
		return "bad_encryption"
	case errors.Is(err, ErrNoSession):
		return "no_session"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrAudience):
		return "wrong_audience"
	case errors.Is(err, ErrIssuer):
		return "wrong_issuer"
	case errors.Is(err, ErrType):
		return "wrong_type"
	case errors.Is(err, ErrClaim):
		return "missing_claim"
	case errors.Is(err, ErrUnverified):
		return "unverified_signature"
	case errors.Is(err, ErrRevoked):
		return "revoked"
	case errors.Is(err, ErrNoIdentity):
		return "no_identity"
	}
	return "other"
}
