package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/lockorder"
)

// Blame says which column of a refused row is at fault. What the database does not tell is empty.
type Blame struct {
	Column, Type string
	Constraint   string // that was broken
	OneOf        string // the columns that Constraint is about, where it is about several; then there is no Column
	RefersTo     string // the table and column of the foreign key
}

// String tells the column. It is empty where nobody knows, and never has a value.
func (b Blame) String() string {
	text := fmt.Sprintf("column %q", b.Column)
	switch {
	case b.OneOf != "":
		text = "one of the columns " + b.OneOf
	case b.Column == "":
		return ""
	}
	if b.Type != "" {
		text += " (" + b.Type + ")"
	}
	if b.RefersTo != "" {
		text += " refers to " + b.RefersTo
	}
	if b.Constraint != "" {
		text += " by " + b.Constraint
	}
	return text
}

// blame finds the column that a refusal is about.
func (s *Store) blame(err error) Blame {
	var r *refusal
	constraint, column := database.Named(err)
	if errors.As(err, &r) {
		column = cmp.Or(column, r.column)
	}
	var keys []reference
	var columns []string
	for _, r := range s.references {
		if constraint != "" && r.constraint == constraint {
			keys, columns = append(keys, r), append(columns, r.column)
		}
	}
	switch len(keys) {
	case 0:
		b := s.blameColumn(column)
		b.Constraint = constraint
		return b
	case 1:
		return s.blameKey(keys[0])
	}
	return Blame{OneOf: strings.Join(columns, ", "), Constraint: constraint}
}

func (s *Store) blameColumn(name string) Blame {
	for _, c := range s.mapping.all {
		if c.Name == name {
			return Blame{Column: name, Type: cmp.Or(c.declared, c.Type)}
		}
	}
	return Blame{Column: name}
}

func (s *Store) blameKey(r reference) Blame {
	b := s.blameColumn(r.column)
	b.Constraint, b.RefersTo = r.constraint, fmt.Sprintf("%s(%s)", r.name(), database.Quote(r.key))
	return b
}

// blameReference finds the foreign key that a refused trial breaks where the database does not say so, as SQLite.
func (s *Store) blameReference(ctx context.Context, t *Trial) error {
	if t.Err == nil || t.Blame.Column != "" {
		return nil
	}
	for _, r := range s.references {
		id := map[string]string{s.mapping.Room.Name: t.Room, s.mapping.User.Name: t.User}[r.column]
		if id == "" {
			continue
		}
		found, err := s.first(ctx, r.has(), id)
		if err != nil {
			return err
		}
		if found == "" {
			t.Blame = s.blameKey(r)
			return nil
		}
	}
	return nil
}

// first gives the first text that a query finds, or "".
func (s *Store) first(ctx context.Context, query string, args ...any) (string, error) {
	list, err := s.table.texts(ctx, query, args...)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// maxMisfits bounds what misfits remembers: far more than a table has columns and constraints.
const maxMisfits = 100

// misfits names each reason to refuse messages to the log once: their senders are told no more than that the database
// refused them. Its zero value is ready; any goroutine may use it.
type misfits struct {
	mu   lockorder.Mutex[misfits]
	told map[string]bool
}

func (m *misfits) tell(log *slog.Logger, err error, at Blame) {
	if m.isNew(err.Error()) {
		log.Warn("messages are refused; others for the same reason are not logged here", "error", err, "at", at.String(), "mend", mendOf(at))
	}
}

func (m *misfits) isNew(reason string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told[reason] || len(m.told) == maxMisfits {
		return false
	}
	if m.told == nil {
		m.told = make(map[string]bool)
	}
	m.told[reason] = true
	return true
}

// mendOf names the variables that choose a column, and what else may be wrong.
func mendOf(at Blame) string {
	mend := "MESSAGE_USER_COLUMN, MESSAGE_ROOM_COLUMN and MESSAGE_CONSTANTS say what is stored where; try socketgate check --token"
	if at.RefersTo != "" || at.OneOf != "" {
		mend = "clients must send to rooms that exist, and the sender's column must hold the user's id as tokens have it: " + mend
	}
	return mend
}
