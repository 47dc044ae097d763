package engineio

import (
	"crypto/rand"
	"encoding/base64"
	"hash/crc32"
)

// An id is random bytes and a checksum of them, so that a name can be told from an id without knowing all ids: those of other
// servers can't be known. 96 random bits are more than anybody guesses, and one in 16 million other names of 20 characters
// is taken for an id.
const (
	idRandom   = 12
	idChecksum = 3
)

// NewID returns 20 characters of base64url, of which 12 bytes are random. Who knows a session's id can take it over, so none of
// it is a counter.
func NewID() string {
	var id [idRandom + idChecksum]byte
	rand.Read(id[:idRandom]) // never fails since Go 1.24
	checksum(id[:])
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// IsID tells whether NewID may have made an id, on this server or another. The ids of official servers are not recognised.
func IsID(name string) bool {
	var id [idRandom + idChecksum]byte
	if len(name) != base64.RawURLEncoding.EncodedLen(len(id)) {
		return false
	}
	if _, err := base64.RawURLEncoding.Decode(id[:], []byte(name)); err != nil {
		return false
	}
	want := id
	checksum(want[:])
	return id == want
}

func checksum(id []byte) {
	sum := crc32.ChecksumIEEE(id[:idRandom])
	for i := range id[idRandom:] {
		id[idRandom+i] = byte(sum >> (8 * i))
	}
}
