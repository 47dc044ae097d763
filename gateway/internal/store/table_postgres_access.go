package store

import (
	"context"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// checkAccessQuery lets the server read the query, and run it for nobody and nowhere: it checks privileges no sooner.
func (p *postgresTable) checkAccessQuery(ctx context.Context) error {
	if p.accessQuery == "" {
		return nil
	}
	d, err := p.writer.Prepare(ctx, "", p.accessQuery)
	if err != nil {
		return err
	}
	if n := len(d.ParamOIDs); n != 2 {
		return fmt.Errorf("must use $1 (the room) and $2 (the user); it has %d parameters", n)
	}
	if err := database.CheckPostgresAnswer(d.Fields); err != nil {
		return err
	}
	p.forMany = database.PrepareQuery(ctx, p.writer, p.accessQuery, d)
	if _, err := p.ask(ctx, nil, nil); err != nil && !database.IsRejected(err) {
		return err
	}
	return nil
}

func (p *postgresTable) askers() int { return cap(p.asking) }

func (p *postgresTable) access(ctx context.Context, room, user string) ([]any, error) {
	return p.ask(ctx, room, user)
}

// ask runs the access query. Room and user are texts or nil.
func (p *postgresTable) ask(ctx context.Context, room, user any) ([]any, error) {
	done, err := p.waitToAsk(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return p.url.PostgresRow(ctx, p.readers, p.accessQuery, room, user)
}

func (p *postgresTable) accesses(ctx context.Context, seats []message.Seat) ([][]any, error) {
	done, err := p.waitToAsk(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return p.url.PostgresRows(ctx, p.readers, p.forMany, accessArgs(seats))
}

// waitToAsk takes a place among the access queries under way. Done gives it back.
func (p *postgresTable) waitToAsk(ctx context.Context) (done func(), err error) {
	select {
	case p.asking <- struct{}{}:
		return func() { <-p.asking }, nil
	case <-ctx.Done():
		return nil, database.Unavailable(ctx.Err(), false)
	}
}

func accessArgs(seats []message.Seat) [][]any {
	sets := make([][]any, len(seats))
	for i, seat := range seats {
		sets[i] = []any{seat.Room, seat.User}
	}
	return sets
}
