package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// service is a login service that publishes keys.
type service struct {
	*httptest.Server
	asked atomic.Int32
	away  atomic.Bool

	mu   sync.Mutex
	keys jwk.Set
}

func newService(t *testing.T, keys ...jwk.Key) *service {
	t.Helper()
	s := &service{}
	s.publish(t, keys...)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		if s.away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		json.NewEncoder(w).Encode(s.keys)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) publish(t *testing.T, keys ...jwk.Key) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = jwk.NewSet()
	for _, key := range keys {
		public, err := key.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		s.keys.AddKey(public)
	}
}

// signer makes a private key with that id.
func signer(t *testing.T, id string, alg jwa.SignatureAlgorithm) jwk.Key {
	t.Helper()
	var private crypto.PrivateKey
	var err error
	switch alg {
	case jwa.RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jwa.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwk.FromRaw(private)
	if err != nil {
		t.Fatal(err)
	}
	if id != "" {
		key.Set(jwk.KeyIDKey, id)
	}
	key.Set(jwk.AlgorithmKey, alg)
	return key
}

func signedBy(t *testing.T, key jwk.Key, user string) string {
	t.Helper()
	tok, err := jwt.NewBuilder().Subject(user).Expiration(time.Now().Add(time.Hour)).Build()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Sign(tok, jwt.WithKey(key.Algorithm(), key))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func publishedBy(t *testing.T, s *service, secrets ...[]byte) (*Verifier, *PublicKeys) {
	t.Helper()
	keys := NewPublicKeys(s.URL)
	v, err := newVerifier(keys, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return v, keys
}

func TestTokensOfALoginServiceAreVerifiedByItsPublishedKeys(t *testing.T) {
	t.Parallel()
	rs, es, ed := signer(t, "rs", jwa.RS256), signer(t, "es", jwa.ES256), signer(t, "", jwa.EdDSA)
	s := newService(t, rs, es, ed)
	v, _ := publishedBy(t, s, []byte(secret))
	for _, key := range []jwk.Key{rs, es, ed} {
		if c, err := v.Verify(t.Context(), signedBy(t, key, "ann")); err != nil || c.UserID != "ann" {
			t.Errorf("%v: %+v, %v", key.Algorithm(), c, err)
		}
	}
	tok, _ := Mint([]byte(secret), "u1", "Ada", time.Hour)
	if c, err := v.Verify(t.Context(), tok); err != nil || c.UserID != "u1" {
		t.Errorf("of the secret beside: %v", err)
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times for four tokens", n)
	}
}

func TestNoPublishedKeyIsTakenForASecret(t *testing.T) {
	t.Parallel()
	rs := signer(t, "rs", jwa.RS256)
	s := newService(t, rs)
	public, _ := rs.PublicKey()
	pem, err := jwk.Pem(public)
	if err != nil {
		t.Fatal(err)
	}
	without, _ := publishedBy(t, s)
	beside, _ := publishedBy(t, s, []byte(secret))
	stranger := signer(t, "rs", jwa.RS256)
	hmac, _ := Mint(pem, "eve", "Eve", time.Hour)
	for name, tok := range map[string]string{
		"HMAC by the public key": hmac,
		"another's key, same id": signedBy(t, stranger, "eve"),
		"another type, same id":  signedBy(t, signer(t, "rs", jwa.ES256), "eve"),
		"no signature":           sign(`{"alg":"none"}`, `{"sub":"eve"}`),
	} {
		for _, v := range []*Verifier{without, beside} {
			if c, err := v.Verify(t.Context(), tok); !errors.Is(err, ErrSignature) && !errors.Is(err, ErrAlgorithm) {
				t.Errorf("%s: %+v, %v", name, c, err)
			}
		}
	}
}

func TestKeysAreRotatedAndMadeUpIdsCostOneRequestInTenSeconds(t *testing.T) {
	t.Parallel()
	old, next := signer(t, "1", jwa.ES256), signer(t, "2", jwa.ES256)
	s := newService(t, old)
	v, keys := publishedBy(t, s)
	now := time.Now()
	keys.now = func() time.Time { return now }
	verify := func(key jwk.Key) error { _, err := v.Verify(t.Context(), signedBy(t, key, "ann")); return err }
	if err := verify(old); err != nil {
		t.Fatal(err)
	}
	s.publish(t, next)
	for range 50 {
		if err := verify(signer(t, rand.Text(), jwa.ES256)); !errors.Is(err, ErrSignature) {
			t.Fatal(err)
		}
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("50 made-up ids within 10 s of the first fetch caused %d requests more", n-1)
	}
	now = now.Add(keysPause)
	if err := verify(next); err != nil {
		t.Errorf("a new key: %v", err)
	}
	if err := verify(old); !errors.Is(err, ErrSignature) {
		t.Errorf("a key that was taken back: %v", err)
	}
}

func TestWhileTheServiceIsAwayKnownKeysStayGoodAndNobodyIsLoggedOut(t *testing.T) {
	t.Parallel()
	key := signer(t, "1", jwa.RS256)
	s := newService(t, key)
	v, keys := publishedBy(t, s)
	now := time.Now()
	keys.now = func() time.Time { return now }
	verify := func() error { _, err := v.Verify(t.Context(), signedBy(t, key, "ann")); return err }
	s.away.Store(true)
	if err := verify(); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no key is known yet: %v", err)
	}
	s.away.Store(false)
	now = now.Add(keysPause)
	if err := verify(); err != nil {
		t.Errorf("the service is back: %v", err)
	}
	s.away.Store(true)
	now = now.Add(2 * keysAge)
	if err := verify(); err != nil {
		t.Errorf("the service is away again: %v", err)
	}
}
