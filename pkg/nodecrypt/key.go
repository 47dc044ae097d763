package nodecrypt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// keySize is that of AES-256, in bytes.
const keySize = 32

// keyFormats are how apps write the key, or make it of a secret.
var keyFormats = []struct {
	name  string
	parse func(string) ([]byte, error)
}{
	{"hex", hexKey},       // Buffer.from(key, 'hex')
	{"base64", base64Key}, // Buffer.from(key, 'base64')
	{"utf8", utf8Key},     // Buffer.from(key), or the string itself
	{"sha256", sha256Key}, // createHash('sha256').update(secret).digest()
	{"scrypt", scryptKey}, // scryptSync(secret, 'salt', 32)
}

// KeyFormats lists the names of the formats that ParseKey knows: hex (64 characters), base64 (44 characters, the padding
// may be missing), utf8 (the 32 bytes of the text itself), sha256 (of a secret), scrypt (of a secret, with the salt "salt"
// and Node's defaults).
func KeyFormats() []string {
	var names []string
	for _, f := range keyFormats {
		names = append(names, f.name)
	}
	return names
}

// ParseKey reads a key of 32 bytes. The error tells what is wrong with the key's form and never the key.
func ParseKey(format, text string) ([]byte, error) {
	for _, f := range keyFormats {
		if f.name == format {
			return f.parse(text)
		}
	}
	return nil, fmt.Errorf("no key format is called %q; there are %s", format, strings.Join(KeyFormats(), ", "))
}

func hexKey(text string) ([]byte, error) {
	if len(text) != 2*keySize {
		return nil, fmt.Errorf("encryption key is %d bytes long, want %d hex characters", len(text), 2*keySize)
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("encryption key has characters other than 0-9 and a-f, want %d hex characters", 2*keySize)
	}
	return key, nil
}

// base64Key takes both alphabets, padded or not, as Node does.
func base64Key(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawStdEncoding.DecodeString(text) // not strictly: a key that somebody typed has bits to spare
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("encryption key is not base64")
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("encryption key is base64 of %d bytes, want %d", len(key), keySize)
	}
	return key, nil
}

func utf8Key(text string) ([]byte, error) {
	if len(text) != keySize {
		return nil, fmt.Errorf("encryption key is %d bytes long, want %d", len(text), keySize)
	}
	return []byte(text), nil
}

var errNoSecret = errors.New("the secret that the encryption key is made of is empty")

func sha256Key(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errNoSecret
	}
	sum := sha256.Sum256([]byte(secret))
	return slices.Clone(sum[:]), nil
}

// scryptKey has Node's default cost.
func scryptKey(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errNoSecret
	}
	return scrypt.Key([]byte(secret), []byte("salt"), 1<<14, 8, 1, keySize)
}
