package compose

import (
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// Store returns the configuration of the message store. The caller adds the Observer and the Logger. The error is that of Cipher.
func Store(c config.Config) (store.Config, error) {
	s := store.Config{
		URL:         string(c.DatabaseURL),
		Table:       c.MessageTable,
		TextColumn:  c.MessageTextColumn,
		UserColumn:  c.MessageUserColumn,
		RoomColumn:  c.MessageRoomColumn,
		IDKind:      c.MessageID,
		Constants:   c.MessageConstants,
		AccessQuery: c.RoomAccessQuery,
		Timeout:     c.DatabaseTimeout,
	}
	cipher, err := Cipher(c)
	if err == nil && cipher != nil {
		s.Encrypt = cipher.Encrypt
	}
	return s, err
}

// Cipher returns what makes text unreadable at rest. It is nil where plaintext was asked for by name, or nothing is stored. An
// error means that the key does not suit the cipher.
func Cipher(c config.Config) (nodecrypt.Cipher, error) {
	if c.MessageCipher == "plaintext" || c.DatabaseURL.None() {
		return nil, nil
	}
	cipher, err := nodecrypt.New(c.MessageCipher, c.MessageKeyFormat, string(c.MessageEncryptionKey))
	if err != nil || c.MessageEncryptionKeyPrevious == "" {
		return cipher, err
	}
	previous, err := nodecrypt.New(c.MessageCipher, c.MessageKeyFormat, string(c.MessageEncryptionKeyPrevious))
	if err != nil {
		return nil, fmt.Errorf("MESSAGE_ENCRYPTION_KEY_PREVIOUS: %w", err)
	}
	return nodecrypt.Rotated(cipher, previous), nil
}
