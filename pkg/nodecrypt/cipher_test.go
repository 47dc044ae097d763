package nodecrypt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const passphrase = "a passphrase of any length ü"

// vectors are what Node 20 and CryptoJS 4.2.0 wrote with testKey and the start of testIV, or with passphrase and saltOfVectors.
var vectors = []struct{ cipher, text, stored string }{
	{"aes-256-gcm-iv12", "", "a0a1a2a3a4a5a6a7a8a9aaab:5c699625af4b93a0f8220a2a6119c5d0:"},
	{"aes-256-gcm-iv12", "a", "a0a1a2a3a4a5a6a7a8a9aaab:2db280995f1c548f967a4e5d21b363e5:87"},
	{"aes-256-gcm-iv12", "hello", "a0a1a2a3a4a5a6a7a8a9aaab:b469edeb6fa84bae4731a07dbf70c564:8e7d10412a"},
	{"aes-256-gcm-iv12", "Grüße, 世界 🦊", "a0a1a2a3a4a5a6a7a8a9aaab:5b8456583a74eb546134b1b3f4979b39:a16abf918654679342813f45e0ef4cfe8033ff9a"},
	{"aes-256-gcm-iv12", "sixteen bytes ok", "a0a1a2a3a4a5a6a7a8a9aaab:06afa8e6941d204e87c249846e391c9a:9571045920ae6c9f001cf3b6745aafb5"},
	{"aes-256-gcm-base64", "", "oKGio6SlpqeoqaqrrK2urwIvhBxwK2awvsgRH2feIh0="},
	{"aes-256-gcm-base64", "a", "oKGio6SlpqeoqaqrrK2urxKDUq4R9zzuMXAT+ULUPWBL"},
	{"aes-256-gcm-base64", "hello", "oKGio6SlpqeoqaqrrK2ur53yJJ/uoMjl7q1e3yut6yhCxk/Qdw=="},
	{"aes-256-gcm-base64", "Grüße, 世界 🦊", "oKGio6SlpqeoqaqrrK2urxSD1xnIdOyEij1zQXi6zrZt0eAA21KoWuN6pycKgQGwctrl8w=="},
	{"aes-256-gcm-base64", "sixteen bytes ok", "oKGio6SlpqeoqaqrrK2ur7SO6pCaAYIXfWPv6H7Nu4lZylvIfaijVqHna9SeNOL7"},
	{"aes-256-gcm-iv12-base64", "", "oKGio6SlpqeoqaqrXGmWJa9Lk6D4IgoqYRnF0A=="},
	{"aes-256-gcm-iv12-base64", "a", "oKGio6SlpqeoqaqrLbKAmV8cVI+Wek5dIbNj5Yc="},
	{"aes-256-gcm-iv12-base64", "hello", "oKGio6SlpqeoqaqrtGnt62+oS65HMaB9v3DFZI59EEEq"},
	{"aes-256-gcm-iv12-base64", "Grüße, 世界 🦊", "oKGio6SlpqeoqaqrW4RWWDp061RhNLGz9JebOaFqv5GGVGeTQoE/ReDvTP6AM/+a"},
	{"aes-256-gcm-iv12-base64", "sixteen bytes ok", "oKGio6SlpqeoqaqrBq+o5pQdIE6HwkmEbjkcmpVxBFkgrmyfABzztnRar7U="},
	{"aes-256-cbc", "", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:600d07a3b9b2c4e4082153d6d1707aa6"},
	{"aes-256-cbc", "a", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:4b59d441fd58d99e4d6b252afccd556b"},
	{"aes-256-cbc", "hello", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:08815b20f62d72628df6c703ae2f4ab8"},
	{"aes-256-cbc", "Grüße, 世界 🦊", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:88db9cee59976ab8837fd2a67e57db1219e71d5c29e5723285df2ecd1866b530"},
	{"aes-256-cbc", "sixteen bytes ok", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf:bf66525f6761c7c03dabc16c09d79952a0162a426ebae4465cf359e9feacb879"},
	{"aes-256-cbc-base64", "", "oKGio6SlpqeoqaqrrK2urw==:YA0Ho7myxOQIIVPW0XB6pg=="},
	{"aes-256-cbc-base64", "a", "oKGio6SlpqeoqaqrrK2urw==:S1nUQf1Y2Z5NayUq/M1Vaw=="},
	{"aes-256-cbc-base64", "hello", "oKGio6SlpqeoqaqrrK2urw==:CIFbIPYtcmKN9scDri9KuA=="},
	{"aes-256-cbc-base64", "Grüße, 世界 🦊", "oKGio6SlpqeoqaqrrK2urw==:iNuc7lmXariDf9KmflfbEhnnHVwp5XIyhd8uzRhmtTA="},
	{"aes-256-cbc-base64", "sixteen bytes ok", "oKGio6SlpqeoqaqrrK2urw==:v2ZSX2dhx8A9q8FsCdeZUqAWKkJuuuRGXPNZ6f6suHk="},
	{"cryptojs", "", "U2FsdGVkX1+goaKjpKWmpw9k67e950K/6ag2jMjcXTQ="},
	{"cryptojs", "a", "U2FsdGVkX1+goaKjpKWmp5hDsuEhIbiK63407vCVWjI="},
	{"cryptojs", "hello", "U2FsdGVkX1+goaKjpKWmp4lQKo9FEf03Js/8LurYj+A="},
	{"cryptojs", "Grüße, 世界 🦊", "U2FsdGVkX1+goaKjpKWmpyRPIBsUP345tA/4nZaD5kz5YSGrv453gAALGT+dWCrG"},
	{"cryptojs", "sixteen bytes ok", "U2FsdGVkX1+goaKjpKWmp08DE1XR7mJu+gOjilpwuaogYfIjG7U16eOVRbi0uhtL"},
}

var saltOfVectors = sequence(0xa0, saltSize)

// open returns the cipher of that name with the key of the vectors.
func open(t testing.TB, name string) Cipher {
	t.Helper()
	key := fmt.Sprintf("%x", testKey)
	if formats[name].passphrase {
		key = passphrase
	}
	c, err := New(name, "hex", key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// encryptWith gives the randomness of the vectors to a cipher.
func encryptWith(c Cipher, text string) string {
	switch c := c.(type) {
	case *gcm:
		return c.encrypt(testIV[:c.ivSize], text, nil)
	case packedGCM:
		return c.encrypt(testIV[:c.ivSize], text, nil)
	case *cbc:
		return c.encrypt(testIV, text)
	case cryptoJS:
		out, _ := c.encrypt(saltOfVectors, text)
		return out
	}
	return ""
}

func TestEveryFormatIsNodesToTheByte(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"aes-256-gcm": true} // gcm_test.go
	for _, v := range vectors {
		seen[v.cipher] = true
		c := open(t, v.cipher)
		if got := encryptWith(c, v.text); got != v.stored {
			t.Errorf("%s encrypts %q:\n got %s\nwant %s", v.cipher, v.text, got, v.stored)
		}
		if got, err := c.Decrypt(v.stored); got != v.text || err != nil {
			t.Errorf("%s decrypts %s: %q, %v, want %q", v.cipher, v.stored, got, err, v.text)
		}
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("%s has no vectors", name)
		}
	}
}

// nodeScript decrypts ours and encrypts the text anew, by node:crypto alone. It shares no line with the Go code.
const nodeScript = `
const { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } = require('node:crypto')
const make = {
  hex: (s) => Buffer.from(s, 'hex'),
  base64: (s) => Buffer.from(s, 'base64'),
  utf8: (s) => s,
  sha256: (s) => createHash('sha256').update(s).digest(),
  scrypt: (s) => scryptSync(s, 'salt', 32),
}
const join = (c, text) => Buffer.concat([c.update(text, 'utf8'), c.final()])
const gcm = (key, iv, text) => { const c = createCipheriv('aes-256-gcm', key, iv); const ct = join(c, text); return [iv, c.getAuthTag(), ct] }
const ungcm = (key, [iv, tag, ct]) => { const d = createDecipheriv('aes-256-gcm', key, iv); d.setAuthTag(tag); return d.update(ct, undefined, 'utf8') + d.final('utf8') }
const hexGCM = (n) => [
  (key, text) => gcm(key, randomBytes(n), text).map((b) => b.toString('hex')).join(':'),
  (key, s) => ungcm(key, s.split(':').map((p) => Buffer.from(p, 'hex')))]
const packedGCM = (n) => [
  (key, text) => Buffer.concat(gcm(key, randomBytes(n), text)).toString('base64'),
  (key, s) => { const b = Buffer.from(s, 'base64'); return ungcm(key, [b.subarray(0, n), b.subarray(n, n + 16), b.subarray(n + 16)]) }]
const cbc = (enc) => [
  (key, text) => { const iv = randomBytes(16); return iv.toString(enc) + ':' + join(createCipheriv('aes-256-cbc', key, iv), text).toString(enc) },
  (key, s) => { const [iv, ct] = s.split(':').map((p) => Buffer.from(p, enc)); const d = createDecipheriv('aes-256-cbc', key, iv); return d.update(ct, undefined, 'utf8') + d.final('utf8') }]
const ciphers = {
  'aes-256-gcm': hexGCM(16), 'aes-256-gcm-iv12': hexGCM(12),
  'aes-256-gcm-base64': packedGCM(16), 'aes-256-gcm-iv12-base64': packedGCM(12),
  'aes-256-cbc': cbc('hex'), 'aes-256-cbc-base64': cbc('base64'),
}
const rows = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(rows.map((r) => {
  const [encrypt, decrypt] = ciphers[r.cipher]
  const key = make[r.format](r.key)
  return { text: decrypt(key, r.stored), stored: encrypt(key, r.text) }
})))
`

// TestNodeReadsOursAndWeReadNodes has every cipher of node:crypto with every kind of key. CryptoJS is no part of Node:
// gateway/e2e has it.
func TestNodeReadsOursAndWeReadNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs node, and -short needs none")
	}
	type row struct {
		Cipher string `json:"cipher"`
		Format string `json:"format"`
		Key    string `json:"key"`
		Text   string `json:"text"`
		Stored string `json:"stored"`
	}
	keys := map[string]string{
		"hex":    "00ff10ef20df30cf40bf50af609f708f00ff10ef20df30cf40bf50af609f708f",
		"base64": "AP8Q7yDfMM9Av1CvYJ9wjwD/EO8g3zDPQL9Qr2CfcI8=",
		"utf8":   "thirty-two bytes as they are: 32",
		"sha256": "any secret, ümlauts too",
		"scrypt": "any secret, ümlauts too",
	}
	var rows []row
	ciphers := make(map[string]Cipher) // each once: scrypt takes its time
	for _, format := range KeyFormats() {
		for _, name := range Names() {
			if formats[name].passphrase {
				continue
			}
			c, err := New(name, format, keys[format])
			if err != nil {
				t.Fatal(err)
			}
			ciphers[name+format] = c
			for _, text := range []string{"", "x", "sixteen bytes ok", "Grüße, 世界 🦊", "0:1:2", strings.Repeat("long ", 5_000)} {
				stored, err := c.Encrypt(text)
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, row{name, format, keys[format], text, stored})
			}
		}
	}
	var back []row
	runNode(t, nodeScript, rows, &back)
	if len(back) != len(rows) {
		t.Fatalf("node gave %d rows of %d", len(back), len(rows))
	}
	for i, r := range rows {
		if back[i].Text != r.Text {
			t.Errorf("%s, %s: node read %.40q, want %.40q", r.Cipher, r.Format, back[i].Text, r.Text)
		}
		if got, err := ciphers[r.Cipher+r.Format].Decrypt(back[i].Stored); got != r.Text || err != nil {
			t.Errorf("%s, %s: read from node %.40q, %v, want %.40q", r.Cipher, r.Format, got, err, r.Text)
		}
	}
}

func runNode(t *testing.T, script string, input, output any) {
	t.Helper()
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "-e", script)
	node.Stdin = bytes.NewReader(text)
	var stderr strings.Builder
	node.Stderr = &stderr
	printed, err := node.Output()
	if err != nil {
		t.Fatalf("node (which this test needs): %v\n%s", err, &stderr)
	}
	if err := json.Unmarshal(printed, output); err != nil {
		t.Fatal(err)
	}
}

func TestNoFormatIsTakenForAnother(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		for _, name := range Names() {
			if name == v.cipher {
				continue
			}
			if text, err := open(t, name).Decrypt(v.stored); err == nil || text != "" {
				t.Errorf("%s reads %q in %s of %s", name, text, v.stored, v.cipher)
			}
		}
	}
}

func TestBrokenRowsAreRefusedByEveryFormat(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		c := open(t, v.cipher)
		for what, stored := range map[string]string{
			"nothing": "", "plain text": "hello", "colons": strings.Repeat(":", 100), "cut": v.stored[:len(v.stored)-1],
			"line feed after": v.stored + "\n", "line feed inside": v.stored[:3] + "\n" + v.stored[3:], "more": v.stored + "00",
			"not hex or base64": v.stored[:1] + "!" + v.stored[2:], "zeros": strings.Repeat("0", 200), "blanks": strings.Repeat(" ", 64),
		} {
			if text, err := c.Decrypt(stored); err == nil || text != "" || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrAuthentication) {
				t.Errorf("%s, %s: %q, %v", v.cipher, what, text, err)
			}
		}
	}
}

// A wrong key passes for right by chance in 256 of 65,536 cases of CBC padding, and then only if the text is UTF-8.
func TestAWrongKeyIsTold(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		other, err := New(v.cipher, "sha256", "another key")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := other.Decrypt(v.stored); !errors.Is(err, ErrAuthentication) || text != "" {
			t.Errorf("%s of %q: %q, %v", v.cipher, v.text, text, err)
		}
	}
}

func TestUnknownNamesAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, format, key, want string }{
		{"rot13", "hex", "x", "aes-256-cbc, aes-256-cbc-base64, aes-256-gcm"},
		{"aes-256-gcm", "rot13", "x", "hex, base64"},
		{"cryptojs", "hex", "", "empty"},
	} {
		if got, err := New(c.name, c.format, c.key); got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, %v", c.name, c.format, got, err)
		}
	}
}

// FuzzDecrypt has every format read anything, and its own texts as they were.
func FuzzDecrypt(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.stored, v.text)
	}
	f.Add("U2FsdGVkX1+goaKjpKWmpw==", "\xff\x00")
	f.Add(strings.Repeat("0", 32)+":"+strings.Repeat("0", 32), "x")
	f.Fuzz(func(t *testing.T, stored, text string) {
		for _, name := range Names() {
			c := open(t, name)
			if got, err := c.Decrypt(stored); err != nil && (got != "" || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrAuthentication)) {
				t.Errorf("%s: %q: %q, %v", name, stored, got, err)
			}
			sealed, err := c.Encrypt(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Decrypt(sealed)
			if !utf8.ValidString(text) && !strings.Contains(name, "gcm") { // which is how these tell a wrong key
				if got != "" || !errors.Is(err, ErrAuthentication) {
					t.Errorf("%s: %q came back as %q, %v", name, text, got, err)
				}
			} else if got != text || err != nil {
				t.Errorf("%s: %q came back as %q, %v", name, text, got, err)
			}
		}
	})
}

func BenchmarkEncrypt(b *testing.B) {
	text := strings.Repeat("x", 50)
	for _, name := range Names() {
		c := open(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Encrypt(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
