package nodecrypt

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// textEncoding writes bytes as text. Decoding refuses what Buffer.from would skip or cut off: it would be another text.
type textEncoding interface {
	encode(b []byte) string
	decode(s string) ([]byte, error)
}

type hexText struct{}

func (hexText) encode(b []byte) string          { return hex.EncodeToString(b) }
func (hexText) decode(s string) ([]byte, error) { return hex.DecodeString(s) }

type base64Text struct{}

var strictBase64 = base64.StdEncoding.Strict()

func (base64Text) encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func (base64Text) decode(s string) ([]byte, error) {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 { // the decoder skips these
		return nil, base64.CorruptInputError(i)
	}
	return strictBase64.DecodeString(s)
}
