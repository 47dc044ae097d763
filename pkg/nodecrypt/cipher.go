package nodecrypt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

var (
	// ErrFormat means that the text is not in the cipher's form: most likely it was encrypted by another, or never.
	ErrFormat = errors.New("not in the form of this cipher")
	// ErrAuthentication means that the text was encrypted with another key, or was changed since.
	ErrAuthentication = errors.New("encrypted with another key, or changed since")
)

// A Cipher encrypts and decrypts in one format with one key. It may be used from many goroutines at once.
type Cipher interface {
	// Encrypt returns text under a fresh random IV, or salt.
	Encrypt(text string) (string, error)
	// Decrypt returns the text that Encrypt, or the app, was given. The error is ErrFormat or ErrAuthentication.
	Decrypt(stored string) (string, error)
}

// formats are the ciphers by name. A passphrase is any text; every other key has keySize bytes.
var formats = map[string]struct {
	open       func(key []byte) (Cipher, error)
	passphrase bool
}{
	"aes-256-gcm":             {open: func(key []byte) (Cipher, error) { return newGCM(key, 16) }},
	"aes-256-gcm-iv12":        {open: func(key []byte) (Cipher, error) { return newGCM(key, 12) }},
	"aes-256-gcm-base64":      {open: func(key []byte) (Cipher, error) { return newPackedGCM(key, 16) }},
	"aes-256-gcm-iv12-base64": {open: func(key []byte) (Cipher, error) { return newPackedGCM(key, 12) }},
	"aes-256-cbc":             {open: func(key []byte) (Cipher, error) { return newCBC(key, hexText{}) }},
	"aes-256-cbc-base64":      {open: func(key []byte) (Cipher, error) { return newCBC(key, base64Text{}) }},
	"cryptojs":                {open: newCryptoJS, passphrase: true},
}

// New returns the cipher of that name. The key is in one of [KeyFormats]; for cryptojs it is the passphrase, as it is. The
// error never tells the key. Deriving a key by scrypt takes 16 MiB and some 50 ms.
func New(name, keyFormat, key string) (Cipher, error) {
	format, ok := formats[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("no cipher is called %q; there are %s", name, strings.Join(Names(), ", "))
	case !format.passphrase:
		raw, err := ParseKey(keyFormat, key)
		if err != nil {
			return nil, err
		}
		return format.open(raw)
	case key == "":
		return nil, errors.New("the passphrase is empty")
	}
	return format.open([]byte(key))
}

// Names lists the ciphers, in order.
func Names() []string {
	names := make([]string, 0, len(formats))
	for name := range formats {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
