package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// keys are the digests of the secrets that let in: what is compared is of one length, whatever is asked with.
type keys [][sha256.Size]byte

func newKeys(secrets []string) (all keys) {
	for _, secret := range secrets {
		all = append(all, sha256.Sum256([]byte(secret)))
	}
	return all
}

// has tells whether a header Authorization brings one of the keys, in a time that does not tell how much of one was right.
func (all keys) has(authorization string) bool {
	scheme, secret, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return false
	}
	asked, found := sha256.Sum256([]byte(secret)), 0
	for _, key := range all {
		found |= subtle.ConstantTimeCompare(asked[:], key[:])
	}
	return found == 1
}
