package check

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/app"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// databasePatience bounds all that is asked of the database in one step.
const databasePatience = 30 * time.Second

// key encrypts and decrypts.
func (s start) key() nodecrypt.Cipher {
	cipher, err := app.Cipher(s.config)
	switch {
	case err != nil:
		s.fault("key", err.Error(), "MESSAGE_ENCRYPTION_KEY and MESSAGE_CIPHER should be what the web app uses")
		return nil
	case cipher == nil && s.config.DatabaseURL.None():
		s.skip("key", "nothing is stored (DATABASE_URL=none)")
		return nil
	case cipher == nil:
		s.skip("key", "text is stored as it is (MESSAGE_CIPHER="+s.config.MessageCipher+")")
		return nil
	}
	const text = "gateway check ✓"
	stored, err := cipher.Encrypt(text)
	if err == nil {
		var back string
		if back, err = cipher.Decrypt(stored); err == nil && back != text {
			err = errors.New("decrypts to another text")
		}
	}
	if err != nil {
		s.fault("key", "a text does not come back: "+err.Error(), "MESSAGE_ENCRYPTION_KEY and MESSAGE_CIPHER should be what the web app uses")
		return nil
	}
	s.ok("key", "encrypts and decrypts, %s", s.config.MessageCipher)
	return cipher
}

// database connects, looks at the table, has a row inserted and rolled back, and reads the newest.
func (s start) database(ctx context.Context, cipher nodecrypt.Cipher) {
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	found, err := app.Inspect(ctx, s.config)
	if err != nil {
		s.fault("database", err.Error(), databaseFix(err)...)
		return
	}
	if s.config.DatabaseURL.None() {
		s.skip("database", found.Mapping.String()+" (DATABASE_URL=none)")
		return
	}
	s.ok("database", "%s", s.config.DatabaseURL)
	s.mapping(found)
	s.trial(found.Trial)
	s.newest(found.LastText, cipher)
}

func (s start) mapping(found store.Report) {
	s.ok("table", "%s", tableName(found.Mapping))
	rows := [][]string{}
	for _, c := range found.Columns {
		null := ""
		if c.Required {
			null = "NOT NULL"
		}
		rows = append(rows, []string{c.Name, c.Type, null, c.FilledBy})
	}
	s.table(rows)
}

func tableName(m store.Mapping) string {
	name := strconv.Quote(m.Table)
	if m.Schema != "" {
		name = strconv.Quote(m.Schema) + "." + name
	}
	return name
}

func (s start) trial(t store.Trial) {
	switch {
	case t.Skipped != "":
		s.skip("insert", t.Skipped)
	case t.Err != nil:
		s.fault("insert", fmt.Sprintf("a message of user %q in room %q is refused: %v", t.User, t.Room, t.Err), insertFix(t.Err)...)
	default:
		s.ok("insert", "a message of user %q in room %q was taken, and rolled back", t.User, t.Room)
	}
}

// newest tells whether the gateway and the app write text in the same way.
func (s start) newest(stored string, cipher nodecrypt.Cipher) {
	const step = "newest"
	if stored == "" {
		s.skip(step, "there is no message yet, by which to know whether the app has the same key")
		return
	}
	if cipher == nil {
		if s.config.MessageCipher == "plaintext" && looksEncrypted(stored) {
			s.fault(step, "the newest message is encrypted, it seems, and MESSAGE_CIPHER is plaintext",
				"MESSAGE_CIPHER and MESSAGE_ENCRYPTION_KEY should be what the web app uses")
		}
		return
	}
	switch _, err := cipher.Decrypt(stored); {
	case err == nil:
		s.ok(step, "the newest message is decrypted by the key")
	case errors.Is(err, nodecrypt.ErrAuthentication):
		s.fault(step, "the newest message is "+err.Error(), "MESSAGE_ENCRYPTION_KEY should hold the key of the web app")
	case looksEncrypted(stored):
		s.fault(step, "the newest message is encrypted in another way: "+err.Error(),
			"MESSAGE_CIPHER="+s.config.MessageCipher+" should name the cipher of the web app")
	default:
		s.fault(step, "the newest message is not encrypted, it seems: "+err.Error(),
			"MESSAGE_CIPHER=plaintext, if the web app does not encrypt either",
			"if it does, and this message is older than that: store one more by the app, and check again")
	}
}

// looksEncrypted tells what no person writes: long words of hex or base64, with colons between them. A link is none.
func looksEncrypted(text string) bool {
	const shortest = 24
	return len(text) >= shortest && strings.ContainsAny(text, "0123456789") && encryptedForm.MatchString(text)
}

var encryptedForm = regexp.MustCompile(`^([0-9a-fA-F]+|([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{4}|[0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==))(:([0-9a-fA-F]*|([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==)?))*$`)
