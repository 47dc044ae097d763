package store

import (
	"context"
	"fmt"
	"time"
)

const (
	lastStatement = 2 * time.Second        // how long a killed process's last statement is waited for
	lastWords     = 100 * time.Millisecond // how long one is, whose server has not read what it was sent
	lookAgain     = 10 * time.Millisecond
)

// predecessors counts the writers of other gateways that were there at a time, and those of them that are at work since then. A
// role sees the state of its own connections, which are those of a process that was killed.
const predecessors = `SELECT count(*), count(*) FILTER (WHERE xact_start < to_timestamp($1::float8))
	FROM pg_stat_activity WHERE datname = current_database() AND starts_with(application_name, 'socketgate-writer-')
	AND application_name <> $2 AND backend_start < to_timestamp($1::float8)`

// outlive waits until whatever a process has sent that was killed is committed or is not: the server goes on with it, and a row
// that appears later, among those that clients were told of, would never be looked for.
func (p *postgresTable) outlive(ctx context.Context) error {
	var began float64 // a number is not printed as DateStyle says
	if err := p.writer.QueryRow(ctx, "SELECT extract(epoch FROM clock_timestamp())::float8").Scan(&began); err != nil {
		return fmt.Errorf("ask the database for the time: %w", err)
	}
	pause := time.NewTicker(lookAgain)
	defer pause.Stop()
	for start := time.Now(); ; {
		var there, busy int
		if err := p.writer.QueryRow(ctx, predecessors, began, p.config.RuntimeParams["application_name"]).Scan(&there, &busy); err != nil {
			return fmt.Errorf("look for statements of an earlier process: %w", err)
		}
		waited := time.Since(start)
		if there == 0 || busy == 0 && waited > lastWords || waited > lastStatement {
			return nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
