package store

import (
	"context"
	"errors"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// noneTable is the table of DATABASE_URL=none: every message counts as stored, with a cuid for an id.
type noneTable struct{}

func openNone(c Config) (table, Mapping, error) {
	if c.AccessQuery != "" {
		return nil, Mapping{}, errors.New("ROOM_ACCESS_QUERY needs a database, but DATABASE_URL is none")
	}
	return noneTable{}, Mapping{Database: database.None, IDs: idsCUID}, nil
}

func (noneTable) insert(context.Context, []*entry, bool) error                  { return nil }
func (noneTable) findRefused(context.Context, []*entry, func(error) bool) error { return nil }
func (noneTable) revive(context.Context) error                                  { return nil }
func (noneTable) look(context.Context, []*entry) error                          { return nil }
func (noneTable) remove(context.Context, []*entry) error                        { return nil }
func (noneTable) insertAndRollBack(context.Context, *entry) error               { return nil }
func (noneTable) newest(context.Context, int) ([]row, error)                    { return nil, nil }
func (noneTable) references(context.Context) ([]reference, error)               { return nil, nil }
func (noneTable) texts(context.Context, string, ...any) ([]string, error)       { return nil, nil }
func (noneTable) mayJoin(context.Context, string, string) (bool, error)         { return true, nil }
func (noneTable) ping(context.Context) error                                    { return nil }
func (noneTable) close()                                                        {}
