package compose

import (
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// Store returns the configuration of the message store. The caller adds the Observer and the Logger. The error is that of Cipher.
func Store(c config.Config) (store.Config, error) {
	s := store.Config{
		URL:            string(c.DatabaseURL),
		Table:          c.MessageTable,
		TextColumn:     c.MessageTextColumn,
		UserColumn:     c.MessageUserColumn,
		RoomColumn:     c.MessageRoomColumn,
		ReceiverColumn: c.MessageReceiverColumn,
		IDKind:         c.MessageID,
		Constants:      c.MessageConstants,
		AccessQuery:    c.RoomAccessQuery,
		Timeout:        c.DatabaseTimeout,
	}
	for _, f := range c.MessageFields {
		s.Fields = append(s.Fields, store.Field(f))
	}
	cipher, err := Cipher(c)
	if err == nil && cipher != nil {
		s.Encrypt = func(text, room, user string) (string, error) { return CipherFor(c, cipher, room, user).Encrypt(text) }
		s.Decrypt = func(text, room, user string) (string, error) { return CipherFor(c, cipher, room, user).Decrypt(text) }
	}
	return s, err
}

// CheckRooms says why the rooms of users can't be told from others, by the ids of the table; the warning, where that is up to who makes the ids.
func CheckRooms(c config.Config, m store.Mapping) (warning string, err error) {
	switch {
	case c.PersonalRoom != "$user":
	case m.SharesIDs():
		return "", errors.New("PERSONAL_ROOM=$user while rooms and users both have integers for ids: user 5 would be in room 5, hear what is said there and speak, " +
			"whatever ROOM_ACCESS_QUERY says; it should be user:$user")
	case m.MayShareIDs():
		return "PERSONAL_ROOM=$user where a room may have a user's id: whoever may join that room hears what is for the user, and the user is in it without being asked. " +
			"It is safe only if nobody but the app makes ids (no user names, no names of rooms); user:$user always is", nil
	}
	return "", nil
}

// CipherFor returns the cipher that Cipher made, for the text of a row with these ids: bound to them as MESSAGE_AAD says.
func CipherFor(c config.Config, cipher nodecrypt.Cipher, room, user string) nodecrypt.Cipher {
	bound, err := nodecrypt.Bind(cipher)
	if err != nil {
		return cipher
	}
	switch c.MessageAAD {
	case "room":
		return nodecrypt.At(bound, nodecrypt.Place(room))
	case "room-user":
		return nodecrypt.At(bound, nodecrypt.Place(room, user))
	}
	return cipher
}

// Cipher returns what makes text unreadable at rest. It is nil where plaintext was asked for by name, or nothing is stored. An
// error means that the key does not suit the cipher, or the cipher not MESSAGE_AAD.
func Cipher(c config.Config) (nodecrypt.Cipher, error) {
	if c.MessageCipher == "plaintext" || c.DatabaseURL.None() {
		return nil, nil
	}
	cipher, err := rotatedCipher(c)
	if err == nil && c.MessageAAD != "off" {
		if _, err = nodecrypt.Bind(cipher); err != nil {
			err = fmt.Errorf("MESSAGE_AAD=%s with MESSAGE_CIPHER=%s: %w", c.MessageAAD, c.MessageCipher, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return cipher, nil
}

// rotatedCipher reads what the previous key has written, too.
func rotatedCipher(c config.Config) (nodecrypt.Cipher, error) {
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
