package compose

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// choices are the values that a variable may have.
func choices(t *testing.T, field string) []string {
	t.Helper()
	f, ok := reflect.TypeFor[config.Config]().FieldByName(field)
	if !ok {
		t.Fatalf("there is no %s", field)
	}
	return slices.Sorted(slices.Values(strings.Fields(f.Tag.Get("oneof"))))
}

// The configuration imports no package of the project, so that it lists the names of others' values a second time.
func TestWhatMayBeChosenIsWhatThereIs(t *testing.T) {
	t.Parallel()
	modes := []string{}
	for mode := range pollingModes {
		modes = append(modes, mode)
	}
	for field, there := range map[string][]string{
		"MessageCipher":    append(nodecrypt.Names(), "plaintext"),
		"MessageKeyFormat": nodecrypt.KeyFormats(),
		"Polling":          modes,
	} {
		there = slices.Sorted(slices.Values(there))
		if got := choices(t, field); !slices.Equal(got, there) {
			t.Errorf("%s may be chosen from %q, there are %q", field, got, there)
		}
	}
}

func TestEveryCipherThatMayBeChosenBringsTextBack(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DatabaseURL = "file:./dev.db"
	c.MessageEncryptionKey = config.Secret(strings.Repeat("ab", 32))
	for _, name := range choices(t, "MessageCipher") {
		c.MessageCipher = name
		cipher, err := Cipher(c)
		if err != nil || (cipher == nil) != (name == "plaintext") {
			t.Errorf("%s: %v, %v", name, cipher, err)
			continue
		}
		if cipher == nil {
			continue
		}
		stored, err := cipher.Encrypt("hello")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := cipher.Decrypt(stored); err != nil || text != "hello" || stored == text {
			t.Errorf("%s: %q became %q, %v", name, stored, text, err)
		}
	}
	c.DatabaseURL = "none"
	if cipher, err := Cipher(c); cipher != nil || err != nil {
		t.Errorf("where nothing is stored: %v, %v", cipher, err)
	}
}

func TestTextIsBoundToItsRowAsTheVariableSays(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DatabaseURL = "file:./dev.db"
	c.MessageEncryptionKey = config.Secret(strings.Repeat("ab", 32))
	for aad, opensIn := range map[string]map[[2]string]bool{
		"off":       {{"r1", "u1"}: true, {"r2", "u1"}: true, {"r1", "u2"}: true},
		"room":      {{"r1", "u1"}: true, {"r2", "u1"}: false, {"r1", "u2"}: true},
		"room-user": {{"r1", "u1"}: true, {"r2", "u1"}: false, {"r1", "u2"}: false},
	} {
		c.MessageAAD = aad
		s, err := Store(c)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := s.Encrypt("hello", "r1", "u1")
		if err != nil {
			t.Fatal(err)
		}
		cipher, err := Cipher(c)
		if err != nil {
			t.Fatal(err)
		}
		for ids, opens := range opensIn {
			if _, err := CipherFor(c, cipher, ids[0], ids[1]).Decrypt(stored); (err == nil) != opens {
				t.Errorf("MESSAGE_AAD=%s in %v: %v", aad, ids, err)
			}
		}
	}
}

func TestACipherThatCanNotBindStopsTheStart(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DatabaseURL, c.MessageCipher, c.MessageAAD = "file:./dev.db", "aes-256-cbc", "room"
	c.MessageEncryptionKey = config.Secret(strings.Repeat("ab", 32))
	if _, err := Store(c); err == nil || !strings.Contains(err.Error(), "MESSAGE_AAD") || !strings.Contains(err.Error(), "MESSAGE_CIPHER") {
		t.Errorf("got %v", err)
	}
}

func TestWhatThePreviousKeyWroteIsStillRead(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.DatabaseURL = "file:./dev.db"
	c.MessageEncryptionKey = config.Secret(strings.Repeat("ab", 32))
	older, err := Cipher(c)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := older.Encrypt("hello")
	if err != nil {
		t.Fatal(err)
	}
	c.MessageEncryptionKeyPrevious, c.MessageEncryptionKey = c.MessageEncryptionKey, config.Secret(strings.Repeat("cd", 32))
	newer, err := Cipher(c)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := newer.Decrypt(stored); text != "hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	c.MessageEncryptionKeyPrevious = "short"
	if _, err := Cipher(c); err == nil || !strings.Contains(err.Error(), "MESSAGE_ENCRYPTION_KEY_PREVIOUS") {
		t.Errorf("a previous key that is none: %v", err)
	}
}
