package check

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// newestOf tells what is said of a stored text.
func newestOf(t *testing.T, c config.Config, stored string) string {
	t.Helper()
	cipher, err := nodecrypt.New(c.MessageCipher, c.MessageKeyFormat, string(c.MessageEncryptionKey))
	if c.MessageCipher == "plaintext" {
		cipher, err = nil, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	start{report: &report{out: &out}, config: c}.newest(stored, cipher)
	if strings.Contains(out.String(), "hello") || strings.Contains(out.String(), string(c.MessageEncryptionKey)) {
		t.Errorf("tells a secret: %s", out.String())
	}
	return out.String()
}

func TestTheRightCipherAndKeyFormatAreNamed(t *testing.T) {
	t.Parallel()
	const hexKey, utf8Key, base64Key = "f00df00df00df00df00df00df00df00df00df00df00df00df00df00df00df00d", "thirty-two bytes as they are: 32", "AP8Q7yDfMM9Av1CvYJ9wjwD/EO8g3zDPQL9Qr2CfcI8="
	for _, name := range nodecrypt.Names() {
		for format, key := range map[string]string{"hex": hexKey, "base64": base64Key, "utf8": utf8Key, "sha256": "any secret", "scrypt": "another"} {
			app, err := nodecrypt.New(name, format, key)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := app.Encrypt("hello, world: ✓")
			if err != nil {
				t.Fatal(err)
			}
			found, like := wayOf(stored, key)
			if name == cryptoJS {
				format = found.keyFormat // which means nothing
			}
			if want := (way{name, format}); found != want || !like {
				t.Errorf("%v, want %v", found, want)
			}
			if format != "sha256" { // one is enough: scrypt takes its time
				continue
			}
			if found, like := wayOf(stored, "a key that is another"); found != (way{}) || !like {
				t.Errorf("%v by another key: %v, %v", name, found, like)
			}
		}
	}
}

func TestTheNewestMessageTellsWhatToWrite(t *testing.T) {
	t.Parallel()
	const secret = "thirty-two bytes as they are: 32"
	stored := func(cipher, format string) string {
		c, err := nodecrypt.New(cipher, format, secret)
		if err != nil {
			t.Fatal(err)
		}
		text, err := c.Encrypt("hello")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct{ cipher, format, stored, outcome, says string }{
		{"aes-256-gcm", "utf8", "", "not tried", "store one by the old server and check again"},
		{"plaintext", "utf8", "", "not tried", "store one by the old server and check again"},
		{"plaintext", "utf8", "hello", "ok", "plain text"},
		{"aes-256-gcm", "utf8", stored("aes-256-gcm", "utf8"), "ok", "decrypted"},
		{"aes-256-gcm", "utf8", stored("aes-256-gcm-iv12", "scrypt"), "fault", "another way, by aes-256-gcm-iv12 and the key read as scrypt\n → MESSAGE_CIPHER=aes-256-gcm-iv12\n → MESSAGE_KEY_FORMAT=scrypt\n"},
		{"aes-256-gcm-iv12", "utf8", stored("aes-256-gcm-iv12", "scrypt"), "fault", "scrypt\n → MESSAGE_KEY_FORMAT=scrypt\n"},
		{"aes-256-gcm", "utf8", stored("aes-256-cbc-base64", "utf8"), "fault", "another way, probably by aes-256-cbc-base64 and the key read as utf8\n → MESSAGE_CIPHER=aes-256-cbc-base64\n"},
		{"aes-256-gcm", "utf8", stored("cryptojs", ""), "fault", "probably by cryptojs\n → MESSAGE_CIPHER=cryptojs\n"},
		{"plaintext", "hex", stored("cryptojs", ""), "fault", "probably by cryptojs\n → MESSAGE_CIPHER=cryptojs\n"},
		{"plaintext", "hex", stored("aes-256-gcm", "sha256"), "fault", "by aes-256-gcm and the key read as sha256\n → MESSAGE_CIPHER=aes-256-gcm\n → MESSAGE_KEY_FORMAT=sha256\n"},
		{"aes-256-gcm", "utf8", "beef0123beef0123beef0123", "fault", "does not know\n → MESSAGE_CIPHER can't name it: let the app save its messages, and set DATABASE_URL=none\n"},
		{"aes-256-gcm", "utf8", "good morning", "fault", "not encrypted, it seems: not in the form of this cipher\n → MESSAGE_CIPHER=plaintext, if the web app does not encrypt either\n → if it does, and"},
	} {
		settings := config.Config{MessageCipher: c.cipher, MessageKeyFormat: c.format, MessageEncryptionKey: secret}
		said := newestOf(t, settings, c.stored)
		if line := strings.ReplaceAll(said, "                       →", " →"); !strings.HasPrefix(said, c.outcome) || !strings.Contains(line, c.says) || strings.Count(said, "→") != strings.Count(c.says, "→") {
			t.Errorf("%s %s: %s\nwant %s … %s", c.cipher, c.format, said, c.outcome, c.says)
		}
	}
	other := config.Config{MessageCipher: "aes-256-gcm", MessageKeyFormat: "sha256", MessageEncryptionKey: "yet another"}
	if said := newestOf(t, other, stored("aes-256-gcm", "sha256")); !strings.Contains(said, "another key") || !strings.Contains(said, "→ MESSAGE_ENCRYPTION_KEY should") {
		t.Errorf("by another key: %s", said)
	}
}

func TestTextAtRestIsToldFromWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		strings.Repeat("0a", 16) + ":" + strings.Repeat("ff", 16) + ":aa": true,
		"U2FsdGVkX1+AAAAAAAAAAAAAAAAAAAAA/+==":                            true,
		"hello":                                                           false,
		"https://example.com/holiday/photos2.html":                        false,
		"good morning, how do you do?":                                    false,
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaah!":                                   false,
	} {
		if got := looksEncrypted(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
