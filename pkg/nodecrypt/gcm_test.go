package nodecrypt

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// testKey and testIV are what the golden vectors were made with.
var (
	testKey = sequence(0x00, 32)
	testIV  = sequence(0xa0, maxIV)
)

// golden holds what Node 20 wrote, by the lines in the package comment; cipher_test.go has those of the other formats.
var golden = []struct{ text, stored string }{
	{"", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:022f841c702b66b0bec8111f67de221d:"},
	{"a", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:128352ae11f73cee317013f942d43d60:4b"},
	{"hello", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:9df2249feea0c8e5eead5edf2badeb28:42c64fd077"},
	{"Grüße, 世界 🦊", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:1483d719c874ec848a3d734178baceb6:6dd1e000db52a85ae37aa7270a8101b072dae5f3"},
	{"line\nline\x00\u2028\"{}", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:e7af4a470cffdc74dfcfaa05ab1d29ec:46ca4dd912a1a418a69efd314536f6ed"},
}

func TestGoldenVectorsFromNode(t *testing.T) {
	t.Parallel()
	c := testCipher(t)
	for _, g := range golden {
		if got := c.encrypt(testIV, g.text, nil); got != g.stored {
			t.Errorf("encrypt %q:\n got %s\nwant %s", g.text, got, g.stored)
		}
		if got, err := c.Decrypt(g.stored); got != g.text || err != nil {
			t.Errorf("decrypt %s: %q, %v, want %q", g.stored, got, err, g.text)
		}
		if got, err := c.Decrypt(strings.ToUpper(g.stored)); got != g.text || err != nil {
			t.Errorf("decrypt in capitals %s: %q, %v", g.stored, got, err)
		}
	}
}

func TestChangedRowsAreRefused(t *testing.T) {
	t.Parallel()
	c := testCipher(t)
	stored := golden[2].stored
	for i, char := range stored {
		if char == ':' {
			continue
		}
		other := "0"
		if char == '0' {
			other = "1"
		}
		changed := stored[:i] + other + stored[i+1:]
		if text, err := c.Decrypt(changed); !errors.Is(err, ErrAuthentication) || text != "" {
			t.Errorf("character %d changed: %q, %v", i, text, err)
		}
	}
	stranger, err := newGCM(sequence(0x01, 32), 16)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := stranger.Decrypt(stored); !errors.Is(err, ErrAuthentication) || text != "" {
		t.Errorf("with another key: %q, %v", text, err)
	}
}

func TestOtherFormsAreTold(t *testing.T) {
	t.Parallel()
	c := testCipher(t)
	iv, tag := strings.Repeat("a0", 16), strings.Repeat("0b", 16)
	for name, stored := range map[string]string{
		"empty":             "",
		"plain text":        "hello",
		"long plain text":   strings.Repeat("hello ", 50),
		"colons only":       strings.Repeat(":", 80),
		"iv:ciphertext":     iv + ":" + strings.Repeat("00", 40),
		"iv of 12 bytes":    iv[:24] + ":" + tag + ":00000000",
		"iv of 17 bytes":    iv + "00:" + tag + ":00",
		"tag of 4 bytes":    iv + ":" + tag[:8] + ":" + strings.Repeat("00", 40),
		"no ciphertext":     iv + ":" + tag,
		"odd ciphertext":    iv + ":" + tag + ":000",
		"not hex iv":        "x" + iv[1:] + ":" + tag + ":00",
		"not hex tag":       iv + ":" + "x" + tag[1:] + ":00",
		"not hex text":      iv + ":" + tag + ":0x",
		"a fourth part":     iv + ":" + tag + ":00:00",
		"dash for a colon":  strings.Replace(golden[2].stored, ":", "-", 1),
		"dash for the next": golden[2].stored[:65] + "-" + golden[2].stored[66:],
		"white space after": golden[2].stored + "\n",
	} {
		if text, err := c.Decrypt(stored); !errors.Is(err, ErrFormat) || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestIVNeverRepeats(t *testing.T) {
	t.Parallel()
	const workers, each = 4, 5_000
	c := testCipher(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[string]bool, workers*each)
	for range workers {
		wg.Go(func() {
			for range each {
				stored, err := c.Encrypt("same")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[stored[:2*c.ivSize]] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != workers*each {
		t.Errorf("%d different IVs in %d messages", len(seen), workers*each)
	}
}

// FuzzDecryptGCM checks that nothing but our own output decrypts, and that it comes back as it was.
func FuzzDecryptGCM(f *testing.F) {
	for _, g := range golden {
		f.Add(g.stored, g.text)
	}
	f.Add("::", "x")
	f.Add(strings.Repeat("0", 32)+":"+strings.Repeat("0", 32)+":zz", "\xff\x00")
	c, err := newGCM(testKey, 16)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stored, text string) {
		if got, err := c.Decrypt(stored); err == nil {
			if iv, err := hexKey(stored[:32] + stored[:32]); err != nil || c.encrypt(iv[:16], got, nil) != strings.ToLower(stored) {
				t.Errorf("%q decrypts to %q and not back", stored, got)
			}
		} else if got != "" || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrAuthentication) {
			t.Errorf("%q: %q, %v", stored, got, err)
		}
		sealed, err := c.Encrypt(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Decrypt(sealed); got != text || err != nil {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
	})
}

func BenchmarkCipher(b *testing.B) {
	c, err := newGCM(testKey, 16)
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{50, 4000} {
		text := strings.Repeat("x", size)
		stored, err := c.Encrypt(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("encrypt/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Encrypt(text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("decrypt/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Decrypt(stored); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func testCipher(t *testing.T) *gcm {
	t.Helper()
	c, err := newGCM(testKey, 16)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sequence(from byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = from + byte(i)
	}
	return out
}
