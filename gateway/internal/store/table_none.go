package store

import (
	"context"
	"errors"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// noneTable is the table of DATABASE_URL=none: every message counts as stored, with a cuid for an id.
type noneTable struct{}

func openNone(c Config) (table, Mapping, error) {
	if c.AccessQuery != "" {
		return nil, Mapping{}, errors.New("ROOM_ACCESS_QUERY needs a database, but DATABASE_URL is none: ROOM_RULES needs none")
	}
	m := Mapping{Database: database.None, IDs: idsCUID, Room: Column{Name: c.RoomColumn}, Receiver: Column{Name: c.ReceiverColumn}}
	for _, f := range c.Fields {
		m.Fields = append(m.Fields, FieldColumn{f.Key, Column{Name: f.Column, kind: kindJSON}})
	}
	return noneTable{}, m, nil
}

func (noneTable) insert(context.Context, []*entry, bool) error                    { return nil }
func (noneTable) findRefused(context.Context, []*entry, func(error) bool) error   { return nil }
func (noneTable) revive(context.Context) error                                    { return nil }
func (noneTable) outlive(context.Context) error                                   { return nil }
func (noneTable) look(context.Context, []*entry) error                            { return nil }
func (noneTable) describe(context.Context, string) ([]description, error)         { return nil, nil }
func (noneTable) remove(context.Context, []*entry) error                          { return nil }
func (noneTable) insertAndRollBack(context.Context, *entry) error                 { return nil }
func (noneTable) newest(context.Context, int) ([]row, error)                      { return nil, nil }
func (noneTable) references(context.Context) ([]reference, error)                 { return nil, nil }
func (noneTable) texts(context.Context, string, ...any) ([]string, error)         { return nil, nil }
func (noneTable) access(context.Context, string, string) ([]any, error)           { return nil, nil }
func (noneTable) accesses(context.Context, []message.Seat) ([][]any, error)       { return nil, nil }
func (noneTable) askers() int                                                     { return 1 }
func (noneTable) missed(context.Context, span, func(*entry) bool) (string, error) { return "", nil }
func (noneTable) latest(context.Context, Column, []string, int, func(*entry) bool) error {
	return nil
}
func (noneTable) begins(context.Context, Column) (bool, error)               { return false, nil }
func (noneTable) leads(context.Context, Column) (bool, error)                { return false, nil }
func (noneTable) ids(context.Context, string, string, int) ([]string, error) { return nil, nil }
func (noneTable) ping(context.Context) error                                 { return nil }
func (noneTable) unordered(context.Context) (string, error)                  { return "", nil }
func (noneTable) close()                                                     {}
