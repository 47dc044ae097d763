package nodecrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"unsafe"
)

const (
	maxIV   = 16 // what many such apps use; GCM's own choice would be 12
	tagSize = 16
)

// gcm writes "iv:tag:ciphertext" in lower-case hex. It reads tags of 16 bytes only: Node would accept a shorter one, which
// can be guessed.
type gcm struct {
	aead   cipher.AEAD
	ivSize int
}

func newGCM(key []byte, ivSize int) (*gcm, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	aead, err := cipher.NewGCMWithNonceSize(block, ivSize)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	return &gcm{aead: aead, ivSize: ivSize}, nil
}

// Encrypt returns 66 bytes (58 with an IV of 12) and two for each byte of text.
func (c *gcm) Encrypt(text string) (string, error) { return c.EncryptFor(text, nil) }

func (c *gcm) EncryptFor(text string, place []byte) (string, error) {
	var iv [maxIV]byte
	if _, err := rand.Read(iv[:c.ivSize]); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return c.encrypt(iv[:c.ivSize], text, place), nil
}

// encrypt allocates twice: the sealed bytes, and the text made of them.
func (c *gcm) encrypt(iv []byte, text string, place []byte) string {
	nonce, body, tag := c.seal(iv, text, place)
	out := make([]byte, 0, 2*(len(nonce)+len(tag)+len(body))+2)
	out = append(hex.AppendEncode(out, nonce), ':')
	out = append(hex.AppendEncode(out, tag), ':')
	out = hex.AppendEncode(out, body)
	return ownText(out)
}

// seal returns the parts of one new piece of memory.
func (c *gcm) seal(iv []byte, text string, place []byte) (nonce, body, tag []byte) {
	sealed := make([]byte, c.ivSize+len(text)+tagSize)
	nonce, body = sealed[:c.ivSize], sealed[c.ivSize:c.ivSize+len(text)]
	copy(nonce, iv)
	copy(body, text)
	c.aead.Seal(body[:0], nonce, body, place)
	return nonce, body, sealed[c.ivSize+len(text):]
}

func (c *gcm) Decrypt(stored string) (string, error) { return c.DecryptFor(stored, nil) }

func (c *gcm) DecryptFor(stored string, place []byte) (string, error) {
	tagAt := 2*c.ivSize + 1
	textAt := tagAt + 2*tagSize + 1
	if len(stored) < textAt || stored[tagAt-1] != ':' || stored[textAt-1] != ':' {
		return "", ErrFormat
	}
	sealed := make([]byte, 0, len(stored)/2)
	for _, part := range []string{stored[:tagAt-1], stored[textAt:], stored[tagAt : textAt-1]} { // the order that Open wants
		var err error
		if sealed, err = hex.AppendDecode(sealed, []byte(part)); err != nil {
			return "", ErrFormat
		}
	}
	return c.open(sealed[:c.ivSize], sealed[c.ivSize:], place)
}

// open decrypts body, which ends with its tag, in place.
func (c *gcm) open(nonce, body, place []byte) (string, error) {
	text, err := c.aead.Open(body[:0], nonce, body, place)
	if err != nil {
		return "", ErrAuthentication
	}
	return string(text), nil
}

// packedGCM writes the bytes of iv, tag and ciphertext, in this order, as one base64 text.
type packedGCM struct{ *gcm }

func newPackedGCM(key []byte, ivSize int) (packedGCM, error) {
	c, err := newGCM(key, ivSize)
	return packedGCM{c}, err
}

func (c packedGCM) Encrypt(text string) (string, error) { return c.EncryptFor(text, nil) }

func (c packedGCM) EncryptFor(text string, place []byte) (string, error) {
	var iv [maxIV]byte
	if _, err := rand.Read(iv[:c.ivSize]); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return c.encrypt(iv[:c.ivSize], text, place), nil
}

func (c packedGCM) encrypt(iv []byte, text string, place []byte) string {
	nonce, body, tag := c.seal(iv, text, place)
	packed := make([]byte, 0, len(nonce)+len(tag)+len(body))
	packed = append(append(append(packed, nonce...), tag...), body...)
	return base64.StdEncoding.EncodeToString(packed)
}

func (c packedGCM) Decrypt(stored string) (string, error) { return c.DecryptFor(stored, nil) }

func (c packedGCM) DecryptFor(stored string, place []byte) (string, error) {
	packed, err := base64Text{}.decode(stored)
	if err != nil || len(packed) < c.ivSize+tagSize {
		return "", ErrFormat
	}
	nonce, tag, body := packed[:c.ivSize], packed[c.ivSize:c.ivSize+tagSize], packed[c.ivSize+tagSize:]
	return c.open(nonce, append(body[:len(body):len(body)], tag...), place)
}

// ownText saves the copy, as strings.Builder does: nobody else may have b.
func ownText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
