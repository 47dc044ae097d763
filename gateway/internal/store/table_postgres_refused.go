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
func (p *postgresTable) findRefused(ctx context.Context, batch []*entry, refuses func(error) bool) error {
	return p.trying(ctx, batch[0].doubtful, func() error {
		for parts := split(batch); len(parts) > 0; {
			faults, err := p.tryParts(ctx, parts, true)
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
	})
}

// trying runs try in a transaction that is rolled back.
func (p *postgresTable) trying(ctx context.Context, again bool, try func() error) (err error) {
	if err := p.awake(ctx); err != nil {
		return err
	}
	if err := p.beginTrying(ctx, again); err != nil {
		p.drop()
		return err
	}
	defer func() {
		if undo := p.endTrying(ctx); undo != nil {
			p.drop()
			err = errors.Join(err, undo)
		}
	}()
	return try()
}

// triedInsert is a prepared statement that lives no longer than the transaction, as poolers need it.
const triedInsert = "socketgate_trial"

func (p *postgresTable) beginTrying(ctx context.Context, again bool) error {
	sql := p.sql.insert
	if again {
		sql = p.sql.insertAgain
	}
	begin := "BEGIN"
	if p.node != "" {
		begin = beginTrial
	}
	conn := p.writer.PgConn()
	if _, err := conn.Exec(ctx, begin+"; SAVEPOINT part").ReadAll(); err != nil {
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

// tryParts inserts each part, and tells which were refused. With keep, the good ones before it are there; without, no part keeps a
// lock while the next one waits for another.
func (p *postgresTable) tryParts(ctx context.Context, parts [][]*entry, keep bool) ([]error, error) {
	pipe := p.writer.PgConn().StartPipeline(ctx)
	defer pipe.Close()
	for _, part := range parts {
		p.throwAway(part)
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
		if keep {
			pipe.SendQueryParams("RELEASE part", nil, nil, nil, nil)
			pipe.SendQueryParams("SAVEPOINT part", nil, nil, nil, nil)
		} else {
			pipe.SendQueryParams("ROLLBACK TO part", nil, nil, nil, nil)
		}
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
		case rows < len(part) && (p.mapping.IDs == idsDatabase || p.node != ""):
			faults[i] = errSkipped
		}
	}
	return faults, nil
}

// throwAway gives the rows of a gateway among others new ids: where a trigger skips some of a part, the rest stays and is tried again.
func (p *postgresTable) throwAway(part []*entry) {
	for _, e := range part {
		if position, ours := p.mapping.position(e.id); ours && p.node != "" {
			e.id = p.mapping.newID(position, 0)
		}
	}
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
