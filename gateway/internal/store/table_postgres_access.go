package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// checkAccessQuery lets the server read the query, and run it for nobody and nowhere: it checks privileges no sooner.
func (p *postgresTable) checkAccessQuery(ctx context.Context) error {
	if p.access == "" {
		return nil
	}
	d, err := p.writer.Prepare(ctx, "", p.access)
	if err != nil {
		return err
	}
	if n := len(d.ParamOIDs); n != 2 {
		return fmt.Errorf("must use $1 (the room) and $2 (the user); it has %d parameters", n)
	}
	if len(d.Fields) == 0 {
		return errors.New("must give a column: a row whose first column is not NULL, false or 0 means yes")
	}
	if _, err := p.ask(ctx, nil, nil); err != nil && !database.IsRejected(err) {
		return err
	}
	return nil
}

func (p *postgresTable) askers() int { return cap(p.asking) }

func (p *postgresTable) mayJoin(ctx context.Context, room, user string) (bool, error) {
	return p.ask(ctx, room, user)
}

// ask runs the access query. Room and user are texts or nil.
func (p *postgresTable) ask(ctx context.Context, room, user any) (bool, error) {
	select {
	case p.asking <- struct{}{}:
		defer func() { <-p.asking }()
	case <-ctx.Done():
		return false, database.Unavailable(ctx.Err(), false)
	}
	row, err := p.url.PostgresRow(ctx, p.readers, p.access, room, user)
	return row != nil && saysYes(row[0]), err
}
