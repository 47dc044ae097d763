package nodecrypt

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

// cryptoJS writes what CryptoJS.AES.encrypt(text, passphrase).toString() does: base64 of "Salted__", a salt of 8 bytes and
// the text under AES-256-CBC, with key and IV by OpenSSL's EVP_BytesToKey. One round of MD5 does nothing for a passphrase
// that can be guessed, and nothing shows that a row was changed.
type cryptoJS struct{ passphrase []byte }

var saltedMark = []byte("Salted__")

const saltSize = 8

func newCryptoJS(passphrase []byte) (Cipher, error) { return cryptoJS{passphrase}, nil }

func (c cryptoJS) Encrypt(text string) (string, error) {
	var salt [saltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return c.encrypt(salt[:], text)
}

func (c cryptoJS) encrypt(salt []byte, text string) (string, error) {
	key, iv := c.derive(salt)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	head := append(bytes.Clone(saltedMark), salt...)
	return base64.StdEncoding.EncodeToString(sealCBC(block, iv, head, text)), nil
}

func (c cryptoJS) Decrypt(stored string) (string, error) {
	raw, err := base64Text{}.decode(stored)
	if err != nil || len(raw) < len(saltedMark)+saltSize || !bytes.HasPrefix(raw, saltedMark) {
		return "", ErrFormat
	}
	salt, body := raw[len(saltedMark):len(saltedMark)+saltSize], raw[len(saltedMark)+saltSize:]
	key, iv := c.derive(salt)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", ErrAuthentication
	}
	return openCBC(block, iv, body)
}

// derive is EVP_BytesToKey with MD5 and one round: each hash goes over the one before, the passphrase and the salt.
func (c cryptoJS) derive(salt []byte) (key, iv []byte) {
	var made []byte
	for len(made) < keySize+aes.BlockSize {
		h := md5.New()
		h.Write(made[max(len(made)-md5.Size, 0):])
		h.Write(c.passphrase)
		h.Write(salt)
		made = h.Sum(made)
	}
	return made[:keySize], made[keySize:]
}
