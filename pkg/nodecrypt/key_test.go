package nodecrypt

import (
	"fmt"
	"strings"
	"testing"
)

func TestKeysAreMadeAsNodeMakesThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, text, want string }{
		{"hex", strings.Repeat("c0ffee11", 8), strings.Repeat("c0ffee11", 8)},
		{"hex", strings.Repeat("C0FFEE11", 8), strings.Repeat("c0ffee11", 8)},
		{"base64", "wP/uEcD/7hHA/+4RwP/uEcD/7hHA/+4RwP/uEcD/7hE=", strings.Repeat("c0ffee11", 8)},
		{"base64", "wP_uEcD_7hHA_-4RwP_uEcD_7hHA_-4RwP_uEcD_7hE", strings.Repeat("c0ffee11", 8)},
		{"utf8", "abcdefghijklmnopqrstuvwxyz012345", "6162636465666768696a6b6c6d6e6f707172737475767778797a303132333435"},
		{"utf8", strings.Repeat("é", 16), strings.Repeat("c3a9", 16)},
		{"sha256", "sécret", "965929775aa46f105fde21bfb9ed6d73ff013c309e01924e3de3494acbf634d4"}, // createHash('sha256').update(secret).digest()
		{"scrypt", "sécret", "9b000d164b02c911d3f272d5ad424c412bedbe7a8c3cc34f2753c04cfe5c717d"}, // scryptSync(secret, 'salt', 32)
	} {
		if got, err := ParseKey(c.format, c.text); err != nil || fmt.Sprintf("%x", got) != c.want {
			t.Errorf("%s %q: %x, %v, want %s", c.format, c.text, got, err, c.want)
		}
	}
}

func TestKeysAreCheckedAndNeverTold(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("c0ffee11", 8)
	for _, c := range []struct{ format, key, want string }{
		{"hex", "", "0 bytes"},
		{"hex", good[:63], "63 bytes"},
		{"hex", good + "\n", "65 bytes"},
		{"hex", good[:63] + "g", "other than"},
		{"base64", "", "of 0 bytes"},
		{"base64", good, "of 48 bytes"},
		{"base64", "wP/uEcD/7hHA/+4RwP/uEcD/7hHA/+4RwP/uEcD/7hE\n=", "not base64"},
		{"base64", "c0ffee1!", "not base64"},
		{"utf8", good[:31], "31 bytes"},
		{"utf8", "", "0 bytes"},
		{"sha256", "", "empty"},
		{"scrypt", "", "empty"},
		{"HEX", good, "hex, base64, utf8, sha256, scrypt"},
	} {
		got, err := ParseKey(c.format, c.key)
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %d: %x, %v, want %q", c.format, len(c.key), got, err, c.want)
		} else if strings.Contains(err.Error(), "c0ffee") || strings.Contains(err.Error(), "wP/uE") {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

// Node takes it: Buffer.from does not mind the bits beyond the last byte, which 3 of 4 typed keys have.
func TestABase64KeyThatSomebodyTypedIsTaken(t *testing.T) {
	t.Parallel()
	if key, err := ParseKey("base64", "handTypedKeyOfFortyFourCharactersForMyApp12="); err != nil || len(key) != keySize {
		t.Errorf("%d bytes, %v", len(key), err)
	}
}
