package nodecrypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"strings"
	"unicode/utf8"
)

// cbc writes "iv:ciphertext", each as hex or base64. Nothing shows that a row was changed, unless its padding breaks or it
// is no UTF-8 any more.
type cbc struct {
	block    cipher.Block
	encoding textEncoding
}

func newCBC(key []byte, e textEncoding) (*cbc, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	return &cbc{block: block, encoding: e}, nil
}

func (c *cbc) Encrypt(text string) (string, error) {
	var iv [aes.BlockSize]byte
	if _, err := rand.Read(iv[:]); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return c.encrypt(iv[:], text), nil
}

func (c *cbc) encrypt(iv []byte, text string) string {
	return c.encoding.encode(iv) + ":" + c.encoding.encode(sealCBC(c.block, iv, nil, text))
}

func (c *cbc) Decrypt(stored string) (string, error) {
	ivText, bodyText, ok := strings.Cut(stored, ":")
	if !ok {
		return "", ErrFormat
	}
	iv, err := c.encoding.decode(ivText)
	if err != nil || len(iv) != aes.BlockSize {
		return "", ErrFormat
	}
	body, err := c.encoding.decode(bodyText)
	if err != nil {
		return "", ErrFormat
	}
	return openCBC(c.block, iv, body)
}

// sealCBC appends text, encrypted under PKCS #7 padding, to head.
func sealCBC(block cipher.Block, iv, head []byte, text string) []byte {
	padding := aes.BlockSize - len(text)%aes.BlockSize
	out := make([]byte, 0, len(head)+len(text)+padding)
	out = append(append(out, head...), text...)
	out = append(out, bytes.Repeat([]byte{byte(padding)}, padding)...)
	body := out[len(head):]
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(body, body)
	return out
}

// openCBC decrypts body in place. A wrong key shows by the padding 255 times of 256, and by what is no UTF-8 nearly always
// else.
func openCBC(block cipher.Block, iv, body []byte) (string, error) {
	if len(body) == 0 || len(body)%aes.BlockSize != 0 {
		return "", ErrFormat
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(body, body)
	padding := int(body[len(body)-1])
	if padding == 0 || padding > aes.BlockSize {
		return "", ErrAuthentication
	}
	text, tail := body[:len(body)-padding], body[len(body)-padding:]
	if bytes.Count(tail, []byte{byte(padding)}) != padding || !utf8.Valid(text) {
		return "", ErrAuthentication
	}
	return string(text), nil
}
