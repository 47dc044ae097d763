package engineio

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// separator stands between the packets of a payload.
const separator = 0x1e

// splitPayload yields the packets of a polling request. An empty payload is one empty packet.
func splitPayload(body []byte) iter.Seq[[]byte] { return bytes.SplitSeq(body, []byte{separator}) }

// encodePayload joins packets for a polling answer: text as it is, binary in base64.
func encodePayload(packets []*Packet) []byte {
	var payload []byte
	for i, p := range packets {
		if i > 0 {
			payload = append(payload, separator)
		}
		data := p.payload()
		if p.frame[0] == finBinary {
			payload = base64.StdEncoding.AppendEncode(append(payload, typeBinary), data)
			continue
		}
		payload = append(payload, data...)
	}
	return payload
}

// payload is what the packet's frame holds.
func (p *Packet) payload() []byte {
	switch p.frame[1] {
	case 126:
		return p.frame[4:]
	case 127:
		return p.frame[10:]
	}
	return p.frame[2:]
}

// compressFrom is the payload's size from which compression pays (httpCompression.threshold).
const compressFrom = 1024

var compressors = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return z
}}

// writePayload answers a GET, and then tells whether the client has taken it all in time.
func writePayload(w responder, r *http.Request, payload []byte, then func(error)) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("Cache-Control", "no-store")
	if len(payload) >= compressFrom && acceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		payload = compress(payload)
	}
	header.Set("Content-Length", strconv.Itoa(len(payload)))
	w.deliver(payload, then)
}

func compress(payload []byte) []byte {
	var compressed bytes.Buffer
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
	z.Reset(&compressed)
	z.Write(payload)
	z.Close()
	z.Reset(io.Discard) // the pool must not keep the buffer
	return compressed.Bytes()
}

func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, parameter, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, weighted := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}
