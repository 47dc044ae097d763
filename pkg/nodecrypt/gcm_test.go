package nodecrypt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey and testIV are what the golden vectors were made with.
var (
	testKey = sequence(0x00, 32)
	testIV  = [ivSize]byte(sequence(0xa0, ivSize))
)

// golden holds what Node 20 wrote, by the lines in the package comment.
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
		if got := c.encrypt(testIV, g.text); got != g.stored {
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

// nodeScript swaps each pair read: decrypts ours and encrypts the text anew. It shares no line with the Go code.
const nodeScript = `
const { createCipheriv, createDecipheriv, randomBytes } = require('node:crypto')
const { key, pairs } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
const k = Buffer.from(key, 'hex')
const decrypt = (s) => {
  const [iv, tag, ct] = s.split(':')
  const d = createDecipheriv('aes-256-gcm', k, Buffer.from(iv, 'hex'))
  d.setAuthTag(Buffer.from(tag, 'hex'))
  return d.update(ct, 'hex', 'utf8') + d.final('utf8')
}
const encrypt = (text) => {
  const iv = randomBytes(16)
  const c = createCipheriv('aes-256-gcm', k, iv)
  const ct = c.update(text, 'utf8', 'hex') + c.final('hex')
  return iv.toString('hex') + ':' + c.getAuthTag().toString('hex') + ':' + ct
}
console.log(JSON.stringify(pairs.map((p) => ({ text: decrypt(p.stored), stored: encrypt(p.text) }))))
`

func TestNodeReadsOursAndWeReadNodes(t *testing.T) {
	t.Parallel()
	type pair struct {
		Text   string `json:"text"`
		Stored string `json:"stored"`
	}
	const key = "00ff10ef20df30cf40bf50af609f708f00ff10ef20df30cf40bf50af609f708f"
	raw, err := ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(raw)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []pair
	for _, text := range []string{"", "x", "hello", "Grüße, 世界 🦊", "0:1:2", strings.Repeat("long ", 50_000)} {
		stored, err := c.Encrypt(text)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, pair{text, stored})
	}
	input, err := json.Marshal(map[string]any{"key": key, "pairs": pairs})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "-e", nodeScript)
	node.Stdin = bytes.NewReader(input)
	var stderr strings.Builder
	node.Stderr = &stderr
	output, err := node.Output()
	if err != nil {
		t.Fatalf("node (which this test needs): %v\n%s", err, &stderr)
	}
	var back []pair
	if err := json.Unmarshal(output, &back); err != nil || len(back) != len(pairs) {
		t.Fatalf("node gave %d pairs of %d, %v", len(back), len(pairs), err)
	}
	for i, p := range pairs {
		if back[i].Text != p.Text {
			t.Errorf("node read %.40q, want %.40q", back[i].Text, p.Text)
		}
		if got, err := c.Decrypt(back[i].Stored); got != p.Text || err != nil {
			t.Errorf("read from node %.40q, %v, want %.40q", got, err, p.Text)
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
	stranger, err := New(sequence(0x01, 32))
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
				seen[stored[:2*ivSize]] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != workers*each {
		t.Errorf("%d different IVs in %d messages", len(seen), workers*each)
	}
}

func TestKeyIsCheckedAndNeverTold(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("c0ffee11", 8)
	for _, key := range []string{good, strings.ToUpper(good)} {
		if got, err := ParseKey(key); len(got) != 32 || got[0] != 0xc0 || err != nil {
			t.Errorf("%x, %v", got, err)
		}
	}
	for _, c := range []struct{ key, want string }{
		{"", "0 bytes"},
		{good[:63], "63 bytes"},
		{good + "\n", "65 bytes"},
		{good[:63] + "g", "other than"},
	} {
		got, err := ParseKey(c.key)
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("key of %d: %x, %v, want %q", len(c.key), got, err, c.want)
		} else if strings.Contains(err.Error(), "c0ffee") {
			t.Errorf("the error tells the key: %v", err)
		}
	}
	for _, size := range []int{0, 16, 31, 33} {
		if _, err := New(make([]byte, size)); err == nil || !strings.Contains(err.Error(), fmt.Sprint(size)) {
			t.Errorf("a key of %d bytes: %v", size, err)
		}
	}
}

// FuzzDecrypt checks that nothing but our own output decrypts, and that it comes back as it was.
func FuzzDecrypt(f *testing.F) {
	for _, g := range golden {
		f.Add(g.stored, g.text)
	}
	f.Add("::", "x")
	f.Add(strings.Repeat("0", 32)+":"+strings.Repeat("0", 32)+":zz", "\xff\x00")
	c, err := New(testKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stored, text string) {
		if got, err := c.Decrypt(stored); err == nil {
			if iv, err := ParseKey(stored[:32] + stored[:32]); err != nil || c.encrypt([ivSize]byte(iv), got) != strings.ToLower(stored) {
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
	c, err := New(testKey)
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

func testCipher(t *testing.T) *Cipher {
	t.Helper()
	c, err := New(testKey)
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
