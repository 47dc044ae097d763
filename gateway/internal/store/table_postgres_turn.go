package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// What a commit waits for while it holds the lock of the clock, and for that lock itself. A gateway that has stopped while it holds
// the lock is noticed by keep-alives, if its network is gone, or ended by a waiter: see endBlocker.
const (
	waitUnderLock = 50 * time.Millisecond
	waitForLock   = 500 * time.Millisecond
	longestHeld   = 2 * time.Second
)

const (
	beginTurn = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" // whatever default_transaction_isolation says
	endTurn   = "COMMIT"
	// Deferred constraints are checked before the clock moves: what they refuse leaves no hole.
	checkTurn = "SET CONSTRAINTS ALL IMMEDIATE"
)

// prepareTurn sets what holds for this transaction only, so that it works behind a pooler.
var prepareTurn = fmt.Sprintf(`SELECT set_config('lock_timeout', '%d', true), set_config('statement_timeout', $1::text, true),
	set_config('idle_in_transaction_session_timeout', '%d', true), set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
	set_config('tcp_keepalives_idle', '1', true), set_config('tcp_keepalives_interval', '1', true),
	set_config('tcp_keepalives_count', '2', true), set_config('tcp_user_timeout', '3000', true)`,
	waitForLock.Milliseconds(), longestHeld.Milliseconds())

// moveClock is the last thing that a turn does: a sequence does not roll back.
func (m Mapping) moveClock() string {
	moved := "setval('socketgate.clock', last)"
	if m.IDs == idsDatabase {
		moved += ", setval('socketgate.times', millis)"
	}
	return "SELECT " + moved + " FROM socketgate.batches WHERE node = $1::text AND batch = $2::bigint"
}

// insertInTurn inserts a batch at the next place in the order of all gateways. Each part reads the one before it, so that nothing is
// inserted before the lock is held; its values are there by then, and the statement is planned. These parameters follow the
// texts, users, places, suffixes, milliseconds, fields and constants: node, batch, floor, span, number of rows and, where the ids are ours,
// told and last row.
//
//	held    waits for the lock
//	read    reads the clock, and from now on waits for nothing long
//	begins  is the place of the first row: not before now, nor in a millisecond that another commit has begun, unless the
//	        clock is too far ahead of time for that already
//	times   has what the rows of each millisecond have in common, as text
//	stored  inserts the rows
//	batch   leaves word of it
func (m Mapping) insertInTurn() string {
	const statement = `
WITH held AS MATERIALIZED (
	SELECT pg_advisory_xact_lock(%[1]s)
), read AS MATERIALIZED (
	SELECT coalesce(pg_sequence_last_value('socketgate.clock'), 0) AS previous, %[2]s,
		least(greatest(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, %[3]d), %[4]d) AS now, set_config('lock_timeout', '%[5]d', true)
	FROM held
), place AS MATERIALIZED (
	SELECT previous, high, slot, greatest(now, %[10]s, least(high + 1, greatest(high, now + %[6]d))) AS milli FROM read
), begins AS MATERIALIZED (
	SELECT previous, greatest(milli, high + (slot >= %[7]d)::int) AS milli, CASE WHEN milli > high OR slot >= %[7]d THEN 0 ELSE slot END AS slot FROM place
), times AS MATERIALIZED (
	SELECT k, %[8]s AS prefix, to_char(to_timestamp((milli + k) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') || '+00' AS at
	FROM begins, generate_series(0, %[11]s) AS k
), stored AS (
	%[9]s
), batch AS (
	INSERT INTO socketgate.batches AS b (node, batch, messages, at, previous, first, last, millis, ids)
	SELECT %[12]s, %[13]s, %[14]s, clock_timestamp(), previous, %[15]s, milli + %[11]s, %[16]s FROM begins
	RETURNING b.previous, b.first, b.millis
), over AS (
	DELETE FROM socketgate.batches WHERE node = %[12]s AND batch = %[13]s - 1
)
SELECT b.previous, b.first, b.millis - %[11]s%[17]s WHERE (SELECT 1 / (count(*) = %[18]s)::int FROM stored) = 1`

	insert, n := m.insertStored()
	param := func(i int) string { return fmt.Sprintf("$%d::bigint", n+i) }
	node, batch, floor, span, rows := fmt.Sprintf("$%d::text", n+1), param(2), param(3), param(4), param(5)
	slots, slot := m.counters()/m.slot(), m.slot()
	// Where the database makes the ids they are the positions, and the time has a sequence of its own.
	high := fmt.Sprintf("coalesce(pg_sequence_last_value('socketgate.times'), 0) AS high, %d AS slot", slots-1)
	ends := "(SELECT min(id::bigint) FROM stored), (SELECT max(id::bigint) FROM stored)"
	ids, back := "(SELECT array_agg(id) FROM stored)", ", s.* FROM batch AS b, stored AS s"
	if m.IDs != idsDatabase {
		told, last := param(6), param(7)
		clock := "greatest(coalesce(pg_sequence_last_value('socketgate.clock'), 0), " + told + ")"
		high = fmt.Sprintf("%[1]s / %[2]d AS high, %[1]s %% %[2]d / %[3]d + 1 AS slot", clock, perMilli, slot)
		ends = fmt.Sprintf("milli * %[1]d + slot * %[2]d, (milli + %[3]s) * %[1]d + CASE WHEN %[3]s = 0 THEN slot * %[2]d ELSE 0 END + %[4]s", perMilli, slot, span, last)
		ids = "NULL::text[]"
	}
	if !m.readsBack() {
		back = " FROM batch AS b"
	}
	return fmt.Sprintf(statement, theLock, high, firstMilli, uint64(lastMilli), waitUnderLock.Milliseconds(), farthestBefore.Milliseconds(), slots,
		m.prefix(), insert, floor, span, node, batch, literal(m.name()), ends, ids, back, rows)
}

// farthestBefore is how far the clock may run ahead of time so that no two commits share a millisecond. Where commits come faster for
// longer, times of messages that went to one room by different gateways may be equal.
const farthestBefore = 100 * time.Millisecond

// readsBack tells whether rows are read back when they are stored.
func (m Mapping) readsBack() bool { return m.IDs == idsDatabase || len(m.readBack) > 0 }

// insertStored is the insert itself, and the number of its parameters.
func (m Mapping) insertStored() (sql string, params int) {
	var names, values, arrays, args []string
	add := func(value, c string) {
		arrays, args = append(arrays, fmt.Sprintf("$%d::%s", len(arrays)+1, value)), append(args, c)
	}
	for i, c := range append([]Column{m.Text, m.User}, m.places()...) {
		names, values = append(names, database.Quote(c.Name)), append(values, fmt.Sprintf("v.c%d::%s", i+1, c.Type))
		add("text[]", fmt.Sprintf("c%d", i+1))
	}
	add("text[]", "suffix")
	add("bigint[]", "k")
	if m.IDs != idsDatabase {
		names, values = append(names, database.Quote(m.ID.Name)), append(values, "(t.prefix || v.suffix)::"+m.ID.Type)
	}
	for _, c := range []*Column{m.CreatedAt, m.UpdatedAt} {
		if c != nil {
			names, values = append(names, database.Quote(c.Name)), append(values, "t.at::"+c.Type)
		}
	}
	for i, f := range m.Fields {
		c := fmt.Sprintf("f%d", i+1)
		names, values = append(names, database.Quote(f.Column.Name)), append(values, f.Column.orDefault(fmt.Sprintf("v.%s::%s", c, f.Column.Type)))
		add("text[]", c)
	}
	for i, c := range m.Constants {
		names, values = append(names, database.Quote(c.Column.Name)), append(values, fmt.Sprintf("$%d::text::%s", len(arrays)+i+1, c.Column.Type))
	}
	returning := "1"
	if m.readsBack() {
		returning = m.printed()
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) WITH ORDINALITY AS v(%s, n) JOIN times AS t USING (k) ORDER BY v.n RETURNING %s",
		m.name(), strings.Join(names, ", "), strings.Join(values, ", "), strings.Join(arrays, ", "), strings.Join(args, ", "), returning), len(arrays) + len(m.Constants)
}

// prefix is what the ids of one millisecond and slot have in common.
func (m Mapping) prefix() string {
	const slot = "CASE WHEN k = 0 THEN slot ELSE 0 END"
	switch m.IDs {
	case idsCUID:
		digits := []string{"'c'"}
		digit := func(of string) string { return fmt.Sprintf("substr('%s', (%s)::int + 1, 1)", base36Digits, of) }
		for power := uint64(lastMilli+1) / 36; power > 0; power /= 36 {
			digits = append(digits, digit(fmt.Sprintf("(milli + k) / %d %% 36", power)))
		}
		return strings.Join(append(digits, digit(slot)), " || ")
	case idsUUID:
		return "regexp_replace(lpad(to_hex(milli + k), 12, '0'), '^.{8}', '\\&-') || '-7' || to_hex(" + slot + ")"
	}
	return "''"
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// commit commits the turn in one round trip, and gives it its place. A fault that IsBusy means that it waited for a lock.
func (p *postgresTable) commit(ctx context.Context, t *turn) error {
	if err := p.awake(ctx); err != nil {
		return err
	}
	err := p.sendTurn(ctx, t)
	if errors.Is(err, errSaidElsewhere) {
		p.endFailed()
		return err
	}
	if err != nil {
		err = database.PostgresFault(err)
		p.endFailed()
		return err
	}
	p.used = time.Now()
	return nil
}

func (p *postgresTable) sendTurn(ctx context.Context, t *turn) error {
	timeout := "0"
	if at, ok := ctx.Deadline(); ok {
		timeout = strconv.FormatInt(max(time.Until(at).Milliseconds(), 1), 10)
	}
	batch := &pgx.Batch{}
	batch.Queue(beginTurn)
	batch.Queue(prepareTurn, timeout)
	if len(t.guarded) > 0 {
		low, _ := p.mapping.bounds(t.heard, t.heard)
		batch.Queue(lockTurn)
		batch.Queue(p.mapping.countAlike(), low, p.mapping.ends(t.guarded))
	}
	batch.Queue(p.sql.insertInTurn, p.turnValues(t)...)
	batch.Queue(checkTurn)
	batch.Queue(p.sql.moveClock, p.node, t.number)
	batch.Queue(endTurn)
	results := p.writer.SendBatch(ctx, batch)
	err := p.readTurn(results, t)
	if closed := results.Close(); err == nil {
		err = closed
	}
	return err
}

var errRolledBack = errors.New("the server rolled the transaction back")

func (p *postgresTable) readTurn(results pgx.BatchResults, t *turn) error {
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	if err := readAlike(results, t); err != nil {
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	if err := p.readPlace(rows, t); err != nil {
		return err
	}
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	tag, err := results.Exec()
	if err == nil && tag.String() != endTurn {
		return database.Unavailable(errRolledBack, false)
	}
	return err
}

// readPlace reads where the turn stands and, row by row, what is read back.
func (p *postgresTable) readPlace(rows pgx.Rows, t *turn) error {
	scan := []any{&t.previous, &t.first, &t.millis}
	if !p.mapping.readsBack() {
		_, err := pgx.ForEachRow(rows, scan, func() error { return nil })
		return err
	}
	stored, err := p.readStored(rows, scan...)
	if err != nil {
		return err
	}
	if len(stored) != len(t.batch) {
		return fmt.Errorf("inserted %d rows, got %d", len(t.batch), len(stored))
	}
	t.ids = nil
	for i, row := range stored {
		t.batch[i].stored.Others = row.others
		if p.mapping.IDs == idsDatabase {
			t.ids = append(t.ids, row.id)
		}
	}
	return nil
}

// turnValues are the parameters of insertInTurn.
func (p *postgresTable) turnValues(t *turn) []any {
	suffixes := make([]string, len(t.batch))
	for i := range t.batch {
		if p.mapping.IDs != idsDatabase {
			suffixes[i] = p.mapping.suffix(t.rows[i], t.tails[i])
		}
	}
	args := append(p.contents(t.batch), suffixes, t.after)
	args = append(args, fieldsOf(t.batch, len(p.mapping.Fields))...)
	for _, c := range p.mapping.Constants {
		args = append(args, c.Value)
	}
	args = append(args, p.node, t.number, t.floor, int64(t.span()), int64(len(t.batch)))
	if p.mapping.IDs != idsDatabase {
		args = append(args, int64(t.told), int64(t.rows[len(t.rows)-1]))
	}
	return args
}

// endFailed leaves the transaction of a turn that failed.
func (p *postgresTable) endFailed() {
	if p.writer.IsClosed() || p.writer.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := p.writer.PgConn().Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		p.drop()
	}
}
