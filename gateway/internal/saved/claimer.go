package saved

import (
	"context"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// claimer answers claims, all that wait at a time.
type claimer struct {
	*Sessions
	// returned are sessions that this gateway may have claimed and that nobody got: whoever waited has gone, or the commit is in doubt.
	returned []key
}

func (c *claimer) run() {
	defer func() { c.watch.SessionsClaimed("failed", c.claims.close()) }()
	for {
		select {
		case <-c.claiming.Done():
			return
		case <-c.claims.some:
		}
		for pause := time.Duration(0); ; {
			batch := c.claims.take(claimsAtOnce)
			if len(batch) == 0 {
				break
			}
			if err := c.serve(batch); err != nil {
				c.claims.putBack(batch)
				pause = longer(pause)
			} else {
				pause = betweenStatements
			}
			if !sleep(c.claiming, pause) {
				return
			}
		}
	}
}

// serve answers a batch of claims. After an error none of them has an answer.
func (c *claimer) serve(batch []*claim) error {
	found := make(map[key]*row)
	if !c.off.Load() {
		ctx, cancel := context.WithTimeout(c.claiming, statementTimeout)
		defer cancel()
		rows, err := c.claim(ctx, batch)
		if err != nil {
			c.suspect.Store(database.IsForbidden(err))
			return err
		}
		for i := range rows {
			found[rows[i].key] = &rows[i]
		}
	}
	outcomes := map[bool]int{}
	for _, one := range batch {
		if r := found[one.key]; one.settle(answer{row: r}) {
			delete(found, one.key)
			outcomes[r != nil]++
		}
	}
	for key := range found {
		c.returned = append(c.returned, key)
	}
	c.watch.SessionsClaimed("found", outcomes[true])
	c.watch.SessionsClaimed("none", outcomes[false])
	return nil
}

// claim asks for each session of a batch once.
func (c *claimer) claim(ctx context.Context, batch []*claim) ([]row, error) {
	if len(c.returned) > 0 {
		if err := c.keeper.release(ctx, c.returned); err != nil {
			return nil, err
		}
		c.returned = nil
	}
	at := make(map[key]int)
	var all []asked
	for _, one := range batch {
		if i, isThere := at[one.key]; isThere {
			if one.began.Before(all[i].since) {
				all[i].since = one.began
			}
			continue
		}
		at[one.key] = len(all)
		all = append(all, asked{one.key, one.sid, one.began})
	}
	rows, err := c.keeper.claim(ctx, all)
	if err != nil && database.InDoubt(err) {
		for _, one := range all {
			c.returned = append(c.returned, one.key)
		}
	}
	return rows, err
}
