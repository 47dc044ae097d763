package attach

import (
	"bytes"
	"errors"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// tooDeep tells of a packet of JSON with more levels than rawjson.MaxDepth. The app's own code walks what it is told by recursion, and
// JSON.stringify takes a time that grows with the square of the levels: 10 KB would keep all clients waiting, or end the process. What is no
// JSON is for the app's parser, which may be another one.
func tooDeep(p part) bool {
	if p.binary || bytes.Count(p.data, []byte{'['})+bytes.Count(p.data, []byte{'{'}) <= rawjson.MaxDepth {
		return false
	}
	payload := afterCount(p.data)
	if bytes.HasPrefix(payload, []byte{'/'}) {
		_, payload, _ = bytes.Cut(payload, []byte{','})
	}
	return errors.Is(rawjson.Check(bytes.TrimLeft(payload, "0123456789")), rawjson.ErrDepth)
}
