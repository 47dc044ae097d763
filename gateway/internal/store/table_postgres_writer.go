package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// awake finds out before a statement is sent that the server has gone while the store was idle: that is not
// a doubt, but would look like one afterwards.
func (p *postgresTable) awake(ctx context.Context) error {
	if p.writer == nil || p.writer.IsClosed() {
		return database.Unavailable(errors.New("not connected"), false)
	}
	if time.Since(p.used) < time.Second {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := p.writer.Ping(ctx); err != nil {
		return database.Unavailable(fmt.Errorf("ping: %w", err), false)
	}
	return nil
}

// errStillThere ends a revival until the old connection is gone; the next attempt looks again.
var errStillThere = errors.New("an earlier connection is still open on the server")

// revive makes sure of a connection, and ends earlier ones on the server's side too. A statement that a frozen
// server or a slow network holds back could otherwise be committed long after its messages were refused.
func (p *postgresTable) revive(ctx context.Context) error {
	if p.writer == nil || p.writer.IsClosed() {
		p.drop()
		writer, err := pgx.ConnectConfig(ctx, p.config)
		if err != nil {
			return database.Unavailable(fmt.Errorf("connect: %w", err), false)
		}
		p.writer = writer
	}
	const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()`
	tag, err := p.writer.Exec(ctx, end, p.config.RuntimeParams["application_name"])
	if err != nil {
		return database.PostgresFault(err)
	}
	if tag.RowsAffected() > 0 {
		return database.Unavailable(errStillThere, false)
	}
	return p.rehearse(ctx)
}

// rehearse inserts no rows, which checks everything about the statement but the values, and looks for none.
func (p *postgresTable) rehearse(ctx context.Context) error {
	if _, err := p.writer.Exec(ctx, p.sql.insert, p.values(nil, true)...); err != nil {
		return database.PostgresFault(err)
	}
	if p.sql.stored != "" {
		if err := p.look(ctx, nil); err != nil {
			return err
		}
	}
	p.used = time.Now()
	return nil
}

// drop gives up the writer without waiting for it.
func (p *postgresTable) drop() {
	if p.writer == nil {
		return
	}
	old := p.writer
	p.writer = nil
	p.dropped.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		old.Close(ctx)
		<-old.PgConn().CleanupDone()
	})
}
