package token

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// maxLen bounds the work done for an unauthenticated client. A browser sends at most 4 KiB in one cookie.
const maxLen = 16 << 10

// nbfLeeway is what the clocks of the app and of the gateway may differ by: a token is often used within
// milliseconds of being made. Expiry has no leeway.
const nbfLeeway = 5 * time.Second

// A Verifier checks signed tokens. It may be used from many goroutines at once.
type Verifier struct {
	secrets  []*macs
	keys     *PublicKeys // nil where nobody publishes keys
	expected Expected
	now      func() time.Time
	header   atomic.Pointer[knownHeader] // of the last good token
}

// NewVerifier returns a Verifier for tokens signed with secret, or with one that it has replaced, for as long as such
// tokens are about. None may be empty; they are copied.
func NewVerifier(secret []byte, replaced ...[]byte) (*Verifier, error) {
	return newVerifier(nil, append([][]byte{secret}, replaced...)...)
}

// newVerifier takes published keys, too, which may be nil.
func newVerifier(keys *PublicKeys, secrets ...[]byte) (*Verifier, error) {
	v := &Verifier{keys: keys, now: time.Now}
	for _, s := range secrets {
		if len(s) == 0 {
			return nil, errors.New("token verifier: the secret is empty")
		}
		v.secrets = append(v.secrets, newMACs(s))
	}
	return v, nil
}

// Expect has tokens refused that don't say what is expected. It is called before the first Verify.
func (v *Verifier) Expect(e Expected) { v.expected = e }

// Verify returns the claims of tok if it is signed with a secret by HS256, or by a published key, has not expired (no leeway) and is
// valid already (nbf, 5 s of leeway). Each key has one algorithm: the header has to agree with it, and has no say. ctx bounds the wait for published
// keys, which takes 5 s at most; ErrUnavailable means that nobody can know them now.
//
// The signature is checked over the bytes that came, before the claims are decoded. jwt.Parse of
// the same library takes six times as long (BenchmarkVerify).
func (v *Verifier) Verify(ctx context.Context, tok string) (Claims, error) {
	if tok == "" {
		return Claims{}, ErrMissing
	}
	if len(tok) > maxLen {
		return Claims{}, ErrTooLong
	}
	head, payload, signature, err := jws.SplitCompactString(tok)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: it does not have three parts", ErrMalformed)
	}
	h, err := v.headerOf(head)
	if err != nil {
		return Claims{}, err
	}
	mac, err := decodePart(signature)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: signature is not base64url", ErrMalformed)
	}
	signed := tok[:len(head)+1+len(payload)]
	if err := v.signed(ctx, h, []byte(signed), mac); err != nil {
		return Claims{}, err
	}
	v.remember(head, h)
	body, err := decodePart(payload)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: claims are not base64url", ErrMalformed)
	}
	claims, fields, err := readClaims(body, v.now())
	if err == nil {
		err = v.expected.check(&claims, fields, h.typ, v.now())
	}
	if err != nil {
		return Claims{}, err
	}
	return claims, nil
}

// signed is nil when the text is signed by whom the header's algorithm belongs to.
func (v *Verifier) signed(ctx context.Context, h header, text, signature []byte) error {
	if h.alg != jwa.HS256 {
		return v.keys.signedBy(ctx, h, text, signature)
	}
	for _, secret := range v.secrets {
		if secret.made(text, signature) {
			return nil
		}
	}
	return ErrSignature
}

// macs are the keyed hashes of one secret, HMAC-SHA256. Making one costs as much as using it.
type macs struct{ idle sync.Pool }

func newMACs(secret []byte) *macs {
	secret = bytes.Clone(secret)
	return &macs{sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

// made tells whether mac is the one of text, in constant time.
func (m *macs) made(text, mac []byte) bool {
	h := m.idle.Get().(hash.Hash)
	defer m.idle.Put(h)
	h.Reset()
	h.Write(text)
	var sum [sha256.Size]byte
	return hmac.Equal(h.Sum(sum[:0]), mac)
}

// header is what a token says of itself.
type header struct {
	alg      jwa.SignatureAlgorithm
	typ, kid string
}

// knownHeader is the header of a token, as it came, that checkHeader has let pass.
type knownHeader struct {
	part string
	header
}

// headerOf is checkHeader, which an app's tokens need once: all have the same header.
func (v *Verifier) headerOf(part []byte) (header, error) {
	if known := v.header.Load(); known != nil && known.part == string(part) {
		return known.header, nil
	}
	return v.checkHeader(part)
}

// remember keeps the header of a token that was signed: nobody else has a say in which one is kept.
func (v *Verifier) remember(part []byte, h header) {
	if known := v.header.Load(); known == nil || known.part != string(part) {
		v.header.Store(&knownHeader{string(part), h})
	}
}

// checkHeader refuses what the verifier would not honour: an algorithm that none of its keys has, or an extension (crit) that RFC 7515
// says must be understood.
func (v *Verifier) checkHeader(part []byte) (header, error) {
	decoded, err := decodePart(part)
	if err != nil {
		return header{}, fmt.Errorf("%w: header is not base64url", ErrMalformed)
	}
	var h struct {
		Alg  string          `json:"alg"`
		Typ  json.RawMessage `json:"typ"`
		Kid  json.RawMessage `json:"kid"`
		Crit json.RawMessage `json:"crit"`
	}
	if err := json.Unmarshal(decoded, &h); err != nil {
		return header{}, fmt.Errorf("%w: header is not a JSON object", ErrMalformed)
	}
	alg := jwa.SignatureAlgorithm(h.Alg)
	switch {
	case alg == jwa.HS256 && len(v.secrets) > 0:
	case v.keys != nil && slices.Contains(published, alg):
	default:
		return header{}, ErrAlgorithm
	}
	if h.Crit != nil {
		return header{}, fmt.Errorf("%w: header asks for an unknown extension", ErrMalformed)
	}
	return header{alg, strings.Join(texts(h.Typ), " "), strings.Join(texts(h.Kid), " ")}, nil
}

// strict refuses what encoding/base64 would let pass: bits beyond the last byte, by which one signature could be
// written in several ways.
var strict = base64.RawURLEncoding.Strict()

func decodePart(part []byte) ([]byte, error) {
	for _, c := range part {
		if c == '\n' || c == '\r' { // the decoder skips these
			return nil, base64.CorruptInputError(0)
		}
	}
	out := make([]byte, strict.DecodedLen(len(part)))
	n, err := strict.Decode(out, part)
	return out[:n], err
}
