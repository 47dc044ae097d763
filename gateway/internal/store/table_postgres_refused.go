package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// findRefused inserts the batch in parts, each behind a savepoint, and rolls everything back. All parts of a round are
// sent at once, and the refused ones make up the next round in smaller parts: a few bad rows cost a few dozen
// inserts, the worst of batches one for each row, in one transaction that never syncs to disk.
func (p *postgresTable) findRefused(ctx context.Context, batch []*entry, refuses func(error) bool) (err error) {
	if err := p.beginTrying(ctx, batch[0].doubtful); err != nil {
		p.drop()
		return err
	}
	defer func() {
		if undo := p.endTrying(ctx); undo != nil {
			p.drop()
			err = errors.Join(err, undo)
		}
	}()
	for parts := split(batch); len(parts) > 0; {
		faults, err := p.tryParts(ctx, parts)
		if err != nil {
			return err
		}
		var refused [][]*entry
		for i, part := range parts {
			switch {
			case faults[i] == nil:
			case !refuses(faults[i]):
				return faults[i]
			case len(part) == 1:
				part[0].refuse(faults[i])
			default:
				refused = append(refused, split(part)...)
			}
		}
		parts = refused
	}
	return nil
}

// triedInsert is a prepared statement that lives no longer than the transaction, as poolers need it.
const triedInsert = "socketgate_trial"

func (p *postgresTable) beginTrying(ctx context.Context, again bool) error {
	sql := p.sql.insert
	if again {
		sql = p.sql.insertAgain
	}
	conn := p.writer.PgConn()
	if _, err := conn.Exec(ctx, "BEGIN; SAVEPOINT part").ReadAll(); err != nil {
		return err
	}
	_, err := conn.Prepare(ctx, triedInsert, sql, nil)
	return err
}

func (p *postgresTable) endTrying(ctx context.Context) error {
	conn := p.writer.PgConn()
	if err := conn.Deallocate(ctx, triedInsert); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "ROLLBACK").ReadAll()
	return err
}

// split cuts a batch into a few parts of at least one entry.
func split(batch []*entry) (parts [][]*entry) {
	const many = 16
	size := (len(batch) + many - 1) / many
	for ; len(batch) > size; batch = batch[size:] {
		parts = append(parts, batch[:size])
	}
	return append(parts, batch)
}

// tryParts inserts each part after the good ones before it, and tells which were refused.
func (p *postgresTable) tryParts(ctx context.Context, parts [][]*entry) ([]error, error) {
	pipe := p.writer.PgConn().StartPipeline(ctx)
	defer pipe.Close()
	for _, part := range parts {
		values, formats, err := p.encode(part)
		if err != nil {
			return nil, err
		}
		// A refused insert takes the statements up to the next sync along: the savepoint stays before it.
		pipe.SendQueryParams("ROLLBACK TO part", nil, nil, nil, nil)
		pipe.SendQueryPrepared(triedInsert, values, formats, nil)
		// Not before the insert: a trigger may make what a deferred constraint asks for.
		pipe.SendQueryParams("SET CONSTRAINTS ALL IMMEDIATE", nil, nil, nil, nil)
		pipe.SendQueryParams("SET CONSTRAINTS ALL DEFERRED", nil, nil, nil, nil)
		pipe.SendQueryParams("RELEASE part", nil, nil, nil, nil)
		pipe.SendQueryParams("SAVEPOINT part", nil, nil, nil, nil)
		pipe.SendPipelineSync()
	}
	if err := pipe.Flush(); err != nil {
		return nil, err
	}
	faults := make([]error, len(parts))
	for i, part := range parts {
		rows, err := readPart(pipe)
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused):
			faults[i] = database.PostgresFault(err)
		case err != nil:
			return nil, err
		case rows < len(part) && p.mapping.IDs == idsDatabase:
			faults[i] = errSkipped
		}
	}
	return faults, nil
}

// readPart reads up to the next sync, and gives the number of rows inserted.
func readPart(pipe *pgconn.Pipeline) (rows int, err error) {
	for {
		result, got := pipe.GetResults()
		var refused *pgconn.PgError
		switch result := result.(type) {
		case *pgconn.PipelineSync:
			return rows, err
		case *pgconn.ResultReader:
			tag, got := result.Close()
			if err == nil {
				err = got
			}
			rows += int(tag.RowsAffected())
		default:
			if err == nil {
				err = got
			}
			if !errors.As(got, &refused) {
				return 0, errors.Join(got, errPipe)
			}
		}
	}
}

var errPipe = errors.New("the results of a pipeline ended early")

// encode gives the values of the insert as the wire has them.
func (p *postgresTable) encode(batch []*entry) (values [][]byte, formats []int16, err error) {
	for _, v := range p.values(batch, true) {
		oid := uint32(pgtype.TextOID)
		switch v.(type) {
		case []string, []*string:
			oid = pgtype.TextArrayOID
		}
		b, err := p.writer.TypeMap().Encode(oid, pgtype.BinaryFormatCode, v, nil)
		if err != nil {
			return nil, nil, err
		}
		values, formats = append(values, b), append(formats, pgtype.BinaryFormatCode)
	}
	return values, formats, nil
}
