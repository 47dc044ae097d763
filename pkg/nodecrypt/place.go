package nodecrypt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A PlaceCipher also binds a text to where it stands, as additional authenticated data: a stored text that somebody moves to
// another place, another room say, is ErrAuthentication there. The ciphers with GCM are such.
type PlaceCipher interface {
	Cipher
	// EncryptFor is Encrypt for this place. An empty place is that of Encrypt.
	EncryptFor(text string, place []byte) (string, error)
	// DecryptFor is Decrypt for this place.
	DecryptFor(stored string, place []byte) (string, error)
}

// ErrNoPlace means that a cipher can't bind a text to its place: only GCM can.
var ErrNoPlace = errors.New("this cipher can't bind a text to its place, only those with GCM can")

// Bind returns the cipher as one that binds texts to their places. The error is ErrNoPlace.
func Bind(c Cipher) (PlaceCipher, error) {
	if p, ok := c.(PlaceCipher); ok {
		return p, nil
	}
	return nil, ErrNoPlace
}

// At returns c for one place.
func At(c PlaceCipher, place []byte) Cipher { return at{c, place} }

type at struct {
	cipher PlaceCipher
	place  []byte
}

func (a at) Encrypt(text string) (string, error)   { return a.cipher.EncryptFor(text, a.place) }
func (a at) Decrypt(stored string) (string, error) { return a.cipher.DecryptFor(stored, a.place) }

// Place makes a place of parts, such as a room's id and a user's: as an app does in Node by
//
//	cipher.setAAD(Buffer.from(JSON.stringify([roomId, userId])))
//
// with ids that are text. No two lists of parts make the same place.
func Place(parts ...string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(parts) // texts can't fail
	place := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	place = bytes.ReplaceAll(place, []byte(`\u2028`), []byte("\u2028")) // which JSON.stringify leaves as they are
	return bytes.ReplaceAll(place, []byte(`\u2029`), []byte("\u2029"))
}

// Rotated returns a cipher that encrypts as current and reads what current or one of the previous ones has written, while
// the app goes over to a new key. Where all are PlaceCiphers, so is what it returns.
func Rotated(current Cipher, previous ...Cipher) Cipher {
	if len(previous) == 0 {
		return current
	}
	all := make([]PlaceCipher, 0, 1+len(previous))
	for _, c := range append([]Cipher{current}, previous...) {
		p, err := Bind(c)
		if err != nil {
			return rotated{current, previous}
		}
		all = append(all, p)
	}
	return rotatedPlaces{rotated{current, previous}, all}
}

type rotated struct {
	Cipher
	previous []Cipher
}

func (r rotated) Decrypt(stored string) (string, error) {
	text, err := r.Cipher.Decrypt(stored)
	for _, c := range r.previous {
		if err == nil {
			break
		}
		if old, errOld := c.Decrypt(stored); errOld == nil {
			return old, nil
		}
	}
	return text, err
}

type rotatedPlaces struct {
	rotated
	all []PlaceCipher
}

func (r rotatedPlaces) EncryptFor(text string, place []byte) (string, error) {
	return r.all[0].EncryptFor(text, place)
}

func (r rotatedPlaces) DecryptFor(stored string, place []byte) (string, error) {
	var first error
	for _, c := range r.all {
		text, err := c.DecryptFor(stored, place)
		if err == nil {
			return text, nil
		}
		if first == nil {
			first = err
		}
	}
	return "", fmt.Errorf("with this key and the previous ones: %w", first)
}
