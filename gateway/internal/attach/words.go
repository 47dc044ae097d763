package attach

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Bounds of words: what clients make up can't fill more than 256 KiB.
const (
	maxWords = 1024
	maxWord  = 256 // bytes
)

// words are texts that the handshakes of many clients have in common. Each has a number, from 1; a link is told them once, so that
// neither side has them once for each client.
type words struct {
	mu      lockorder.Mutex[words]
	numbers map[string]uint64
	list    []string
}

// commonFields are header fields, as Go spells them, whose values are those of a browser or a page, not of a person.
var commonFields = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Type", "Host", "Origin", "Pragma", "Sec-Ch-Ua",
	"Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Websocket-Extensions",
	"Sec-Websocket-Version", "Upgrade", "User-Agent", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
}

func isCommon(field string) bool {
	_, ok := slices.BinarySearch(commonFields, field)
	return ok
}

// isCommonURL tells of a URL without anything of a client's own.
func isCommonURL(url string) bool { return strings.HasSuffix(url, "?EIO=4&transport=websocket") }

// append writes a text: its number, if it is common and there is room for it, or 0 and the text. mu is held.
func (w *words) append(b []byte, text string, common bool) []byte {
	if common && len(text) <= maxWord {
		n, ok := w.numbers[text]
		if !ok && len(w.list) < maxWords {
			text = strings.Clone(text) // a request's share a buffer
			w.list = append(w.list, text)
			n, ok = uint64(len(w.list)), true
			w.numbers[text] = n
		}
		if ok {
			return binary.AppendUvarint(b, n)
		}
	}
	return appendText(append(b, 0), text)
}

// read reads what append wrote. mu is held.
func (w *words) read(d *decoder) string {
	if n := d.uvarint(); n > 0 {
		return w.list[n-1]
	}
	return d.string()
}

// since returns the words behind the first n.
func (w *words) since(n int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list[n:] // words are added behind, and never change
}
