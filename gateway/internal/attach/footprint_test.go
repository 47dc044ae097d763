package attach

import (
	"bufio"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"
)

// A gateway has one of each for every client: what few of them need is behind a pointer.
func TestAClientAndItsSocketTakeLittle(t *testing.T) {
	t.Parallel()
	if most := uintptr(224); unsafe.Sizeof(client{}) > most {
		t.Errorf("a client takes %d bytes, and may take %d", unsafe.Sizeof(client{}), most)
	}
	if most := uintptr(176); unsafe.Sizeof(socket{}) > most {
		t.Errorf("a socket takes %d bytes, and may take %d", unsafe.Sizeof(socket{}), most)
	}
}

func TestOfARequestOnlyItsHeadIsKept(t *testing.T) {
	t.Parallel()
	h := New(Options{Keys: []string{testKey}})
	t.Cleanup(func() { h.Close(t.Context()) })
	// The fields of a request are parts of one text, as the engine parses it: one of them would keep all.
	text := strings.Repeat("x", 400)
	uri := "/?EIO=4&transport=polling&" + text
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + uri + " HTTP/1.1\r\nHost: h\r\nX-One: " + text + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	parts := []weak.Pointer[byte]{weak.Make(unsafe.StringData(r.RequestURI)), weak.Make(unsafe.StringData(r.Header.Get("X-One")))}
	c := newClient(h, nil, r)
	r = nil
	for _, part := range parts {
		eventually(t, "a request's end", func() bool { runtime.GC(); return part.Value() == nil })
	}
	if got := h.words.unpack(c.head); got.URL != uri || !c.polling.Load() {
		t.Errorf("kept %+v", got)
	}
}
