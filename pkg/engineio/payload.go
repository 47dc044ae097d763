package engineio

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
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

// writePayload answers a GET.
func writePayload(w http.ResponseWriter, r *http.Request, payload []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("Cache-Control", "no-store")
	if len(payload) < compressFrom || !acceptsGzip(r) {
		header.Set("Content-Length", strconv.Itoa(len(payload)))
		w.Write(payload)
		return
	}
	header.Set("Content-Encoding", "gzip")
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
	z.Reset(w)
	z.Write(payload)
	z.Close()
}

func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.ReplaceAll(parameters, " ", "") != "q=0"
		}
	}
	return false
}
