package nodecrypt

import (
	"encoding/hex"
	"fmt"
)

// keySize is that of AES-256, in bytes.
const keySize = 32

// ParseKey reads a key of 64 hex characters, in either case, as Buffer.from(key, 'hex') does. The error tells what is
// wrong with the key's form and never the key.
func ParseKey(text string) ([]byte, error) {
	if len(text) != 2*keySize {
		return nil, fmt.Errorf("encryption key is %d bytes long, want %d hex characters", len(text), 2*keySize)
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("encryption key has characters other than 0-9 and a-f, want %d hex characters", 2*keySize)
	}
	return key, nil
}
