package nodecrypt

import (
	"bytes"
	"errors"
	"testing"
)

// What Node 20 wrote of "hello" with setAAD(Buffer.from(JSON.stringify([roomId, userId]))).
var placed = []struct {
	place  []byte
	stored string
}{
	{Place("general", "u1"), "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:f06371d9d92d43f9dacf47732d1b40d0:42c64fd077"},
	{Place("<a & b>\u2028\"\\ü", "7"), "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:89d3842cf82ad3f161d0c5d71fb670e2:42c64fd077"},
}

func TestTextIsBoundToItsPlaceAsInNode(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aes-256-gcm", "aes-256-gcm-base64"} {
		c := cipherCalled(t, name, testKey)
		for i, p := range placed {
			stored, err := c.EncryptFor("hello", p.place)
			if err != nil {
				t.Fatal(err)
			}
			if name == "aes-256-gcm" {
				stored = p.stored
			}
			if text, err := c.DecryptFor(stored, p.place); text != "hello" || err != nil {
				t.Errorf("%s: %q, %v", name, text, err)
			}
			for _, elsewhere := range [][]byte{nil, placed[1-i].place, Place("u1", "general"), Place("general")} {
				if text, err := c.DecryptFor(stored, elsewhere); !errors.Is(err, ErrAuthentication) {
					t.Errorf("%s: moved to %s it reads %q, %v", name, elsewhere, text, err)
				}
			}
		}
	}
	if bytes.Equal(Place("a", "b,c"), Place("a,b", "c")) || bytes.Equal(Place(`a","b`), Place("a", "b")) {
		t.Error("two lists of parts make one place")
	}
}

func TestCiphersThatCanNotBindSaySo(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		c, err := New(name, "utf8", string(make([]byte, keySize)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Bind(c)
		if gcm := bytes.Contains([]byte(name), []byte("gcm")); gcm != (err == nil) || !gcm && !errors.Is(err, ErrNoPlace) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatAPreviousKeyWroteIsReadWhileKeysChange(t *testing.T) {
	t.Parallel()
	older, newer := cipherCalled(t, "aes-256-gcm", testKey), cipherCalled(t, "aes-256-gcm", sequence(0x40, 32))
	cbc, err := New("aes-256-cbc", "utf8", string(testKey))
	if err != nil {
		t.Fatal(err)
	}
	both := Rotated(newer, older, cbc)
	for name, c := range map[string]Cipher{"older": older, "newer": newer, "another cipher": cbc, "both": both} {
		stored, err := c.Encrypt("hello")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := both.Decrypt(stored); text != "hello" || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	stored, _ := both.Encrypt("hello")
	if _, err := older.Decrypt(stored); !errors.Is(err, ErrAuthentication) {
		t.Errorf("new texts are written with the old key: %v", err)
	}
	if _, err := both.Decrypt("plain"); !errors.Is(err, ErrFormat) {
		t.Errorf("what is no ciphertext: %v", err)
	}
	bound, err := Bind(Rotated(newer, older))
	if err != nil {
		t.Fatal(err)
	}
	stored, _ = older.EncryptFor("hello", Place("r"))
	if text, err := bound.DecryptFor(stored, Place("r")); text != "hello" || err != nil {
		t.Errorf("in its place: %q, %v", text, err)
	}
	if _, err := bound.DecryptFor(stored, Place("other")); !errors.Is(err, ErrAuthentication) {
		t.Errorf("in another place: %v", err)
	}
	if _, err := Bind(both); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a previous cipher can't bind, and nobody says so: %v", err)
	}
}

func cipherCalled(t *testing.T, name string, key []byte) PlaceCipher {
	t.Helper()
	c, err := New(name, "utf8", string(key))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Bind(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
