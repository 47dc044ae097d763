package store

import (
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Who makes ids, as MESSAGE_ID spells it.
const (
	idsAuto     = "auto"
	idsCUID     = "cuid"
	idsUUID     = "uuid"
	idsDatabase = "database"
)

var uuidShape = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// likeNewest is the kind of id to make in a text column whose newest id is this one.
func likeNewest(id string) string {
	if uuidShape.MatchString(id) {
		return idsUUID
	}
	return idsCUID
}

// newID makes an id, or none where the database makes them.
func (m *Mapping) newID() string {
	switch m.IDs {
	case idsCUID:
		return newCUID(time.Now())
	case idsUUID:
		return uuid.NewString()
	}
	return ""
}

var (
	cuidCounter     atomic.Uint32
	cuidFingerprint = newFingerprint()
)

// newCUID makes a cuid as Prisma's cuid() does (version 1): the letter c, the time in ms, a counter, a
// fingerprint of process and host, and two random blocks, all in base 36; 25 characters.
func newCUID(now time.Time) string {
	const block = 36 * 36 * 36 * 36
	b := make([]byte, 0, 25)
	b = append(b, 'c')
	b = strconv.AppendInt(b, now.UnixMilli(), 36)
	b = appendBase36(b, uint64(cuidCounter.Add(1)%block), 4)
	b = append(b, cuidFingerprint...)
	b = appendBase36(b, rand.Uint64N(block), 4)
	b = appendBase36(b, rand.Uint64N(block), 4)
	return string(b)
}

func newFingerprint() string {
	host, _ := os.Hostname()
	sum := uint64(len(host) + 36)
	for _, c := range []byte(host) {
		sum += uint64(c)
	}
	b := appendBase36(nil, uint64(os.Getpid()), 2)
	return string(appendBase36(b, sum, 2))
}

// appendBase36 appends the last n digits of v.
func appendBase36(b []byte, v uint64, n int) []byte {
	s := strconv.FormatUint(v, 36)
	if len(s) < n {
		s = strings.Repeat("0", n-len(s)) + s
	}
	return append(b, s[len(s)-n:]...)
}
