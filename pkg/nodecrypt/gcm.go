package nodecrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"unsafe"
)

const (
	ivSize  = 16 // what such apps use; GCM's own choice would be 12
	tagSize = 16

	tagAt  = 2*ivSize + 1 // offsets in "iv:tag:ciphertext"
	textAt = tagAt + 2*tagSize + 1
)

var (
	// ErrFormat means that the text is not "iv:tag:ciphertext" in hex: most likely it was never encrypted.
	ErrFormat = errors.New("not in the form iv:tag:ciphertext")
	// ErrAuthentication means that the text was encrypted with another key, or was changed since.
	ErrAuthentication = errors.New("encrypted with another key, or changed since")
)

// A Cipher encrypts and decrypts with one key. It may be used from many goroutines at once.
type Cipher struct {
	aead cipher.AEAD
}

// New returns a Cipher for a key of 32 bytes.
func New(key []byte) (*Cipher, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("encryption key has %d bytes, want %d", len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	aead, err := cipher.NewGCMWithNonceSize(block, ivSize)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	return &Cipher{aead: aead}, nil
}

// Encrypt returns text under a fresh random IV: 66 bytes and two for each byte of text, lower-case hex.
func (c *Cipher) Encrypt(text string) (string, error) {
	var iv [ivSize]byte
	if _, err := rand.Read(iv[:]); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return c.encrypt(iv, text), nil
}

// encrypt allocates twice: the sealed bytes, and the text made of them.
func (c *Cipher) encrypt(iv [ivSize]byte, text string) string {
	sealed := make([]byte, ivSize+len(text)+tagSize)
	nonce, body := sealed[:ivSize], sealed[ivSize:ivSize+len(text)]
	copy(nonce, iv[:])
	copy(body, text)
	c.aead.Seal(body[:0], nonce, body, nil)

	out := make([]byte, 0, textAt+2*len(text))
	out = append(hex.AppendEncode(out, nonce), ':')
	out = append(hex.AppendEncode(out, sealed[ivSize+len(text):]), ':')
	out = hex.AppendEncode(out, body)
	return unsafe.String(unsafe.SliceData(out), len(out)) // nobody else has out: saves the copy, as strings.Builder does
}

// Decrypt returns the text that Encrypt, or Node, was given. The error is ErrFormat or ErrAuthentication. A tag shorter
// than 16 bytes is refused: Node would accept one that can be guessed.
func (c *Cipher) Decrypt(s string) (string, error) {
	if len(s) < textAt || s[tagAt-1] != ':' || s[textAt-1] != ':' {
		return "", ErrFormat
	}
	ivHex, tagHex, bodyHex := s[:tagAt-1], s[tagAt:textAt-1], s[textAt:]

	sealed := make([]byte, 0, ivSize+len(bodyHex)/2+tagSize)
	for _, part := range []string{ivHex, bodyHex, tagHex} { // the order that Open wants
		var err error
		if sealed, err = hex.AppendDecode(sealed, []byte(part)); err != nil {
			return "", ErrFormat
		}
	}
	body := sealed[ivSize:]
	text, err := c.aead.Open(body[:0], sealed[:ivSize], body, nil)
	if err != nil {
		return "", ErrAuthentication
	}
	return string(text), nil
}
