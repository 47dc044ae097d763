package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// How a set of keys is fetched. Whoever sends tokens with made-up key ids causes no more than one request in keysPause.
const (
	keysTimeout = 5 * time.Second
	keysPause   = 10 * time.Second
	keysAge     = time.Hour // after which a key that its owner has taken back is forgotten
	maxKeysBody = 1 << 20
	maxKeys     = 64
)

// PublicKeys are the keys by which a login service signs (RFC 7517), as it publishes them at a URL. They are fetched when a token needs
// one: at first, for an id that is new, and after an hour. While the URL can't be reached those that are known stay good. Methods
// may be called from any goroutine.
type PublicKeys struct {
	url    string
	client *http.Client
	now    func() time.Time

	fetching lockorder.Mutex[PublicKeys] // held while the keys are fetched; guards tried
	tried    time.Time
	known    atomic.Pointer[publicKeys]
}

type publicKeys struct {
	all     []publicKey
	fetched time.Time
}

type publicKey struct {
	id  string
	alg jwa.SignatureAlgorithm
	raw any
}

// NewPublicKeys returns the keys that are published at a URL. It fetches nothing yet.
func NewPublicKeys(url string) *PublicKeys {
	return &PublicKeys{url: url, now: time.Now, client: &http.Client{Timeout: keysTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != via[0].URL.Scheme || len(via) > 3 {
			return errors.New("a redirect to another scheme")
		}
		return nil
	}}}
}

// Fetch fetches the keys now, and tells how many there are. Whoever starts a gateway tries the URL by it.
func (p *PublicKeys) Fetch(ctx context.Context) (int, error) {
	p.fetching.Lock()
	defer p.fetching.Unlock()
	if err := p.fetch(ctx); err != nil {
		return 0, err
	}
	return len(p.known.Load().all), nil
}

// find returns the keys that may have made a signature: that of the id, or, where the token names none, all of its algorithm. The error is
// ErrSignature where there is none, and ErrUnavailable where nobody can know.
func (p *PublicKeys) find(ctx context.Context, id string, alg jwa.SignatureAlgorithm) ([]publicKey, error) {
	known := p.known.Load()
	fresh := known != nil && p.now().Sub(known.fetched) < keysAge
	fits := known.fitting(id, alg)
	if len(fits) > 0 && fresh {
		return fits, nil
	}
	if len(fits) > 0 { // good enough for all but who asks for newer ones
		if p.fetching.TryLock() {
			defer p.fetching.Unlock()
			p.again(ctx)
		}
	} else {
		p.fetching.Lock()
		defer p.fetching.Unlock()
		if err := p.again(ctx); err != nil {
			return nil, err
		}
	}
	if fits = p.known.Load().fitting(id, alg); len(fits) == 0 {
		return nil, fmt.Errorf("%w: the published keys have none of that id and algorithm", ErrSignature)
	}
	return fits, nil
}

// again fetches the keys unless that was tried a moment ago. It fails while there have never been any. fetching is held.
func (p *PublicKeys) again(ctx context.Context) error {
	if p.now().Sub(p.tried) >= keysPause {
		p.fetch(ctx)
	}
	if p.known.Load() == nil {
		return fmt.Errorf("%w: the keys of TOKEN_JWKS_URL can't be fetched", ErrUnavailable)
	}
	return nil
}

// fetch keeps what it has after an error. fetching is held.
func (p *PublicKeys) fetch(ctx context.Context) error {
	p.tried = p.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout) // others wait for it too
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return fmt.Errorf("fetch public keys: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("fetch public keys: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeysBody))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the server answers %s", response.Status)
	}
	if err != nil {
		return fmt.Errorf("fetch public keys: %w", err)
	}
	set, err := jwk.Parse(body)
	if err != nil {
		return fmt.Errorf("read public keys: it is no JSON Web Key Set")
	}
	known := &publicKeys{fetched: p.now()}
	for i := range min(set.Len(), maxKeys) {
		if key, isThere := set.Key(i); isThere {
			known.add(key)
		}
	}
	if len(known.all) == 0 {
		return errors.New("read public keys: none of them signs by RS256, ES256 or EdDSA")
	}
	p.known.Store(known)
	return nil
}

// signing are the algorithms of public keys: what Clerk, Auth0, Supabase, Better Auth and their like sign by.
var (
	signing   = map[jwa.KeyType]jwa.SignatureAlgorithm{jwa.RSA: jwa.RS256, jwa.EC: jwa.ES256, jwa.OKP: jwa.EdDSA}
	published = slices.Collect(maps.Values(signing))
)

// add takes a key that signs. Its algorithm follows from its type, whatever a token says: a public key must never be taken for the secret of an
// HMAC (CVE-2015-9235).
func (k *publicKeys) add(key jwk.Key) {
	alg, isKnown := signing[key.KeyType()]
	if said := key.Algorithm().String(); !isKnown || said != "" && said != alg.String() || key.KeyUsage() == string(jwk.ForEncryption) {
		return
	}
	if public, err := key.PublicKey(); err == nil {
		var raw any
		if public.Raw(&raw) == nil && strongEnough(raw) {
			k.all = append(k.all, publicKey{key.KeyID(), alg, raw})
		}
	}
}

func (k *publicKeys) fitting(id string, alg jwa.SignatureAlgorithm) []publicKey {
	if k == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(k.all), func(one publicKey) bool { return one.alg != alg || id != "" && one.id != "" && one.id != id })
}

// minRSA is what RFC 7518 asks of RS256 (section 3.3), in bits.
const minRSA = 2048

func strongEnough(raw any) bool {
	switch key := raw.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSA
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return true
	}
	return false
}

// maxTries bounds the signatures that are checked for a token that names no key.
const maxTries = 4

// signedBy tells whether one of the published keys has made a signature over text.
func (p *PublicKeys) signedBy(ctx context.Context, h header, text, signature []byte) error {
	keys, err := p.find(ctx, h.kid, h.alg)
	if err != nil {
		return err
	}
	verifier, err := jws.NewVerifier(h.alg)
	if err != nil {
		return ErrAlgorithm
	}
	for _, key := range keys[:min(len(keys), maxTries)] {
		if verifier.Verify(text, signature, key.raw) == nil {
			return nil
		}
	}
	return ErrSignature
}
