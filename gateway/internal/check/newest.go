package check

import (
	"encoding/hex"
	"errors"
	"regexp"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// newest tells whether the gateway and the app write text in the same way.
func (s start) newest(stored string, cipher nodecrypt.Cipher) {
	const step = "newest"
	if stored == "" {
		s.skip(step, "there is no message yet: store one by the old server and check again, to be sure that cipher and key are the app's")
		return
	}
	if cipher == nil && !looksEncrypted(stored) {
		s.ok(step, "the newest message is plain text")
		return
	}
	if cipher != nil {
		if _, err := cipher.Decrypt(stored); err == nil {
			s.ok(step, "the newest message is decrypted by the key")
			return
		}
	}
	found, like := wayOf(stored, string(s.config.MessageEncryptionKey))
	switch {
	case found != way{}:
		s.fault(step, "the newest message is encrypted in another way, "+found.String(), found.lines(s.config)...)
	case cipher == nil:
		s.fault(step, "the newest message is encrypted, it seems, and MESSAGE_CIPHER is plaintext",
			"MESSAGE_CIPHER and MESSAGE_ENCRYPTION_KEY should be what the web app uses")
	case like:
		s.fault(step, "the newest message is "+nodecrypt.ErrAuthentication.Error(),
			"MESSAGE_ENCRYPTION_KEY should hold the key of the web app: this one opens it by no cipher and in no key format")
	case looksEncrypted(stored):
		s.fault(step, "the newest message is encrypted in a way that the gateway does not know",
			"MESSAGE_CIPHER can't name it: let the app save its messages, and set DATABASE_URL=none")
	default:
		s.fault(step, "the newest message is not encrypted, it seems: "+nodecrypt.ErrFormat.Error(),
			"MESSAGE_CIPHER=plaintext, if the web app does not encrypt either",
			"if it does, and this message is older than that: store one more by the app, and check again")
	}
}

// way is how a text was encrypted.
type way struct{ cipher, keyFormat string }

// wayOf tries every cipher and key format on a stored text. like tells that the text has the form of one of them at least.
func wayOf(stored, key string) (found way, like bool) {
	for _, format := range nodecrypt.KeyFormats() {
		raw, err := nodecrypt.ParseKey(format, key) // once for all ciphers: scrypt takes its time
		if err != nil {
			continue
		}
		for _, name := range nodecrypt.Names() {
			cipher, err := nodecrypt.New(name, "hex", hex.EncodeToString(raw))
			if name == cryptoJS {
				cipher, err = nodecrypt.New(name, "", key)
			}
			if err != nil {
				continue
			}
			switch _, err := cipher.Decrypt(stored); {
			case err == nil:
				return way{name, format}, true
			case errors.Is(err, nodecrypt.ErrAuthentication):
				like = true
			}
		}
	}
	return way{}, like
}

// cryptoJS takes the key for a passphrase, whatever the key format is.
const cryptoJS = "cryptojs"

// String is no more certain than the cipher, and only GCM knows its own.
func (w way) String() string {
	text := "by " + w.cipher
	if w.cipher != cryptoJS {
		text += " and the key read as " + w.keyFormat
	}
	if !strings.HasPrefix(w.cipher, "aes-256-gcm") {
		text = "probably " + text
	}
	return text
}

// lines are what to change.
func (w way) lines(c config.Config) []string {
	var lines []string
	if w.cipher != c.MessageCipher {
		lines = append(lines, "MESSAGE_CIPHER="+w.cipher)
	}
	if w.keyFormat != c.MessageKeyFormat && w.cipher != cryptoJS {
		lines = append(lines, "MESSAGE_KEY_FORMAT="+w.keyFormat)
	}
	return lines
}

// looksEncrypted tells what no person writes: long words of hex or base64, with colons between them. A link is none.
func looksEncrypted(text string) bool {
	const shortest = 24
	return len(text) >= shortest && strings.ContainsAny(text, "0123456789") && encryptedForm.MatchString(text)
}

var encryptedForm = regexp.MustCompile(`^([0-9a-fA-F]+|([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{4}|[0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==))(:([0-9a-fA-F]*|([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==)?))*$`)
