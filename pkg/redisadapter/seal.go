package redisadapter

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// A sealed message is this byte, with which neither JSON nor msgpack begins, the sender's uid, a nonce, and the message encrypted
// by AES-256-GCM. The channel and the uid are authenticated with it: a message can't be moved to another room. The nonce begins with a
// number, which rises with each message of a sender, and is the time at least: a message can't be repeated. The rest of it is the
// sender's own, since all have one key.
const sealed = 0xc1

// keyBytes is how long Options.Key is, and numberBytes the number in a nonce: microseconds since 1970, for some thousand years.
const (
	keyBytes    = 32
	numberBytes = 7
)

var (
	errSeal   = errors.New("redisadapter: a message that was not sealed with our key")
	errRepeat = errors.New("redisadapter: a sealed message that was heard before, or long ago")
)

// seal is nil when messages are in the clear. Its methods may be called by many goroutines at once.
type seal struct {
	aead cipher.AEAD
	uid  string
	last atomic.Uint64 // number
	own  [12 - numberBytes]byte
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
	s := &seal{aead: aead, uid: uid}
	rand.Read(s.own[:])
	return s, err
}

// number is the next one.
func (s *seal) number() uint64 {
	for {
		last := s.last.Load()
		if next := max(last+1, numberOf(time.Now())); s.last.CompareAndSwap(last, next) {
			return next
		}
	}
}

func numberOf(t time.Time) uint64 { return uint64(t.UnixMicro()) }

func (s *seal) close(channel string, payload []byte) []byte {
	if s == nil {
		return payload
	}
	return s.closeAs(s.number(), channel, payload)
}

func (s *seal) closeAs(number uint64, channel string, payload []byte) []byte {
	head := len(s.uid) + 1
	out := make([]byte, 0, head+s.aead.NonceSize()+len(payload)+s.aead.Overhead())
	out = append(append(out, sealed), s.uid...)
	out = append(binary.BigEndian.AppendUint64(out, number<<(64-8*numberBytes))[:head+numberBytes], s.own[:]...)
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

// openNew is open for what is heard, on that way: it must not have been heard before.
func (s *seal) openNew(h *heard, way, channel string, payload []byte) ([]byte, error) {
	opened, err := s.open(channel, payload)
	if s == nil || err != nil {
		return opened, err
	}
	head := len(s.uid) + 1
	number := binary.BigEndian.Uint64(payload[head:]) >> (64 - 8*numberBytes)
	if !h.take(course{string(payload[1:head]), way}, number, time.Now()) {
		return nil, errRepeat
	}
	return opened, nil
}

func authenticated(channel, uid string) []byte { return []byte(uid + channel) }
