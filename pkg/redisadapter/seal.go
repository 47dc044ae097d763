package redisadapter

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// A sealed message is this byte, with which neither JSON nor msgpack begins, the sender's uid, a nonce, and the message encrypted
// by AES-256-GCM. The channel and the uid are authenticated with it: a message can't be moved to another room.
const sealed = 0xc1

// keyBytes is how long Options.Key is.
const keyBytes = 32

var errSeal = errors.New("redisadapter: a message that was not sealed with our key")

// seal is nil when messages are in the clear. Its methods may be called by many goroutines at once.
type seal struct {
	aead cipher.AEAD
	uid  string
}

func newSeal(key []byte, uid string) (*seal, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("redisadapter: Options.Key has %d bytes, and must have %d", len(key), keyBytes)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "socketgate redisadapter seal v1", keyBytes)
	if err != nil {
		return nil, fmt.Errorf("redisadapter: derive the key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("redisadapter: derive the key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return &seal{aead, uid}, err
}

func (s *seal) close(channel string, payload []byte) []byte {
	if s == nil {
		return payload
	}
	head := len(s.uid) + 1
	out := make([]byte, head+s.aead.NonceSize(), head+s.aead.NonceSize()+len(payload)+s.aead.Overhead())
	out[0] = sealed
	copy(out[1:], s.uid)
	rand.Read(out[head:])
	return s.aead.Seal(out, out[head:], payload, authenticated(channel, s.uid))
}

// isOwn tells of a message, without opening it, that this server has sealed it.
func (s *seal) isOwn(payload []byte) bool {
	return s != nil && len(payload) > len(s.uid) && payload[0] == sealed && string(payload[1:1+len(s.uid)]) == s.uid
}

func (s *seal) open(channel string, payload []byte) ([]byte, error) {
	if s == nil {
		if len(payload) > 0 && payload[0] == sealed {
			return nil, errSeal
		}
		return payload, nil
	}
	head := len(s.uid) + 1
	if len(payload) < head+s.aead.NonceSize() || payload[0] != sealed {
		return nil, errSeal
	}
	nonce, encrypted := payload[head:head+s.aead.NonceSize()], payload[head+s.aead.NonceSize():]
	opened, err := s.aead.Open(nil, nonce, encrypted, authenticated(channel, string(payload[1:head])))
	if err != nil {
		return nil, errSeal
	}
	return opened, nil
}

func authenticated(channel, uid string) []byte { return []byte(uid + channel) }
