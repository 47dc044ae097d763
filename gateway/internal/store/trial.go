package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// trialRooms is how many rooms of the newest rows, and of the table of rooms, are looked at for one that a user may join.
const trialRooms = 50

// chooseTrial decides who sends the trial's message, and to which room, as far as the token and the rules say. Fields
// that it leaves empty are filled by fillTrial.
func (s *Store) chooseTrial(ctx context.Context, t *Trial, newest []row, user string) error {
	if user == "" {
		return s.guessUser(ctx, t)
	}
	t.User = user
	if !s.guarded {
		return nil
	}
	rooms, err := s.someRooms(ctx, newest)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		may, err := s.MayJoin(ctx, room, user)
		if err != nil {
			return err
		}
		if may {
			t.Room = room
			return nil
		}
	}
	t.Barred = len(rooms)
	return nil
}

// someRooms lists rooms of the newest rows, and of the table that the room's column refers to.
func (s *Store) someRooms(ctx context.Context, newest []row) (rooms []string, err error) {
	for _, r := range newest {
		rooms = append(rooms, r.room)
	}
	for _, r := range s.references {
		if r.column != s.mapping.Room.Name {
			continue
		}
		more, err := s.table.texts(ctx, r.some(r.key, trialRooms))
		if err != nil {
			return nil, fmt.Errorf("read rooms: %w", err)
		}
		rooms = append(rooms, more...)
	}
	slices.Sort(rooms)
	return slices.DeleteFunc(slices.Compact(rooms), func(room string) bool { return room == "" }), nil
}

// guessUser tells a sender's column that refers to memberships by trying the user of one: tokens name users.
func (s *Store) guessUser(ctx context.Context, t *Trial) error {
	for _, r := range s.references {
		if r.column != s.mapping.User.Name || r.user == "" {
			continue
		}
		user, err := s.first(ctx, r.some(r.user, 1))
		if err != nil {
			return fmt.Errorf("read %s: %w", r.name(), err)
		}
		if user != "" {
			t.User = user
			t.Guessed = fmt.Sprintf("tokens name users, as %s does by %s", r.name(), database.Quote(r.user))
		}
	}
	return nil
}
