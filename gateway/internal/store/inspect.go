package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// Report is what Inspect found.
type Report struct {
	Mapping Mapping
	// Columns are all columns of the message table, in its order. There are none with DATABASE_URL=none.
	Columns []ColumnUse
	// LastText is the newest row's text exactly as it is stored, or empty when there is no row.
	LastText string
	Trial    Trial
	// NoReplay says why clients that were away can't be sent what they missed from the table, and what would mend it. Empty means
	// that they can.
	NoReplay string
}

// ColumnUse says in words who fills a column.
type ColumnUse struct {
	Name, Type string // the type with its length
	Required   bool   // NOT NULL
	FilledBy   string
}

// Trial is an insert that was rolled back.
type Trial struct {
	// Room and User are the ids that the row had: those of the newest row, or the first of the tables that
	// foreign keys refer to, or made up. Where the table has no room, it was for a Receiver.
	Room, Receiver, User string
	// Skipped says why nothing was tried. A start works all the same.
	Skipped string
	// Err is why the row was refused: a start would work, but this message would not be stored.
	Err error
	// Blame is what Err is about, as far as that is known.
	Blame Blame
	// Guessed says, in words, that User is not one whom a token named, but whom tokens would name by the foreign keys.
	Guessed string
	// Barred is how many rooms the user may not join, if that is all of those that were looked at.
	Barred int
}

// Inspect opens a store as Open does, with the same errors, looks at its table, tries an insert that is rolled
// back, and closes. Nothing stays but a gap in a sequence of ids. ctx bounds all of it.
func Inspect(ctx context.Context, c Config) (Report, error) { return InspectAs(ctx, c, "") }

// InspectAs is Inspect with an insert by that user, the id as tokens have it, into a room that the user may join. Empty is nobody.
func InspectAs(ctx context.Context, c Config, user string) (Report, error) {
	s, err := Open(ctx, c)
	if err != nil {
		return Report{}, err
	}
	defer s.Close(ctx)
	r := Report{Mapping: s.mapping, Columns: s.mapping.uses(c.Encrypt != nil)}
	if s.mapping.Database == database.None {
		r.Trial.Skipped = "messages are relayed, not stored"
		return r, nil
	}
	_, r.NoReplay = s.Replays()
	newest, err := s.newest(ctx, trialRooms)
	if err != nil {
		return r, err
	}
	if len(newest) > 0 {
		r.LastText, r.Trial.Room, r.Trial.Receiver, r.Trial.User = newest[0].text, newest[0].room, newest[0].receiver, newest[0].user
	}
	if err := s.chooseTrial(ctx, &r.Trial, newest, user); err != nil {
		return r, err
	}
	if err := s.tryInsert(ctx, &r.Trial); err != nil {
		return r, fmt.Errorf("try an insert into %s: %w", s.mapping.name(), err)
	}
	return r, nil
}

// newest reads the last n rows, the newest first, within the store's timeout.
func (s *Store) newest(ctx context.Context, n int) ([]row, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	rows, err := s.table.newest(ctx, n)
	if err != nil {
		return nil, fmt.Errorf("read the newest rows of %s: %w", s.mapping.name(), err)
	}
	return rows, nil
}

// tryInsert inserts a row that the database could take, and rolls it back. Its error means that nobody knows.
func (s *Store) tryInsert(ctx context.Context, t *Trial) error {
	if known, err := s.fillTrial(ctx, t); err != nil || !known {
		return err
	}
	e, err := s.newEntry(message.Draft{Room: t.Room, Receiver: t.Receiver, User: t.User, Text: "gateway check", Fields: s.mapping.exampleFields()}, nil)
	if err != nil {
		t.Err, t.Blame = err, s.blame(err)
		return nil
	}
	e.stored.CreatedAt = time.Now().UTC().Truncate(time.Millisecond)
	e.id = s.mapping.newID(uint64(e.stored.CreatedAt.UnixMilli())*perMilli, 0)
	switch err := s.table.insertAndRollBack(ctx, e); {
	case database.IsRejected(err), database.IsForbidden(err):
		t.Err = err
		t.Blame = s.blame(err)
	case err != nil:
		return err
	}
	return s.blameReference(ctx, t)
}

// fillTrial finds a room and a user that the columns can hold, or says in t why nobody knows any.
func (s *Store) fillTrial(ctx context.Context, t *Trial) (known bool, err error) {
	place, placeID := s.mapping.Room, &t.Room
	if place.Name == "" || t.Room == "" && t.Receiver != "" {
		place, placeID = s.mapping.Receiver, &t.Receiver
	}
	for _, r := range s.references {
		id := map[string]*string{place.Name: placeID, s.mapping.User.Name: &t.User}[r.column]
		if id == nil || *id != "" {
			continue
		}
		if *id, err = s.first(ctx, r.some(r.key, 1)); err != nil {
			return false, fmt.Errorf("read its foreign keys: %w", err)
		}
		if *id == "" {
			t.Skipped = fmt.Sprintf("column %q refers to table %q, which has no rows yet, or may not be read", r.column, r.table)
			return false, nil
		}
	}
	for id, c := range map[*string]Column{placeID: place, &t.User: s.mapping.User} {
		if *id = cmp.Or(*id, c.example()); *id == "" {
			t.Skipped = fmt.Sprintf("nobody knows what column %q (%s) holds, as there is no row yet", c.Name, c.Type)
			return false, nil
		}
	}
	return true, nil
}

// example is a value that the column holds and nobody has, or empty where its type does not tell.
func (c Column) example() string {
	switch c.kind {
	case kindInteger:
		return "0"
	case kindUUID:
		return "00000000-0000-4000-8000-000000000000"
	case kindText:
		return "check"
	}
	return ""
}

// uses says of every column of the table who fills it.
func (m Mapping) uses(encrypted bool) []ColumnUse {
	text := "the text, in plaintext"
	if encrypted {
		text = "the text, encrypted"
	}
	by := map[string]string{m.Text.Name: text, m.User.Name: "the sender's id", m.Room.Name: "the room's id", m.Receiver.Name: "the receiver's id"}
	if len(m.places()) == 2 {
		by[m.Room.Name], by[m.Receiver.Name] = "the room's id, if it goes to a room", "the receiver's id, if it goes to a person"
	}
	if m.IDs != idsDatabase {
		by[m.ID.Name] = "the gateway, a " + m.IDs
	}
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		if c != nil {
			by[c.Name] = "the time of storing"
		}
	}
	for _, f := range m.Fields {
		by[f.Column.Name] = fmt.Sprintf("MESSAGE_FIELDS, the client's %q", f.Key)
	}
	for _, c := range m.Constants {
		by[c.Column.Name] = fmt.Sprintf("MESSAGE_CONSTANTS, %q", c.Value)
	}
	var uses []ColumnUse
	for _, c := range m.all {
		nobody := "nobody, it stays NULL"
		if c.made || c.generated {
			nobody = "the database"
		}
		uses = append(uses, ColumnUse{c.Name, cmp.Or(c.declared, c.Type), c.required, cmp.Or(by[c.Name], nobody)})
	}
	return uses
}
