package check

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// clockTolerance is how far two clocks may be apart before somebody should look at them: a session's end is counted by Redis' clock, a
// token's by the gateway's, a message's time by the database's.
const clockTolerance = time.Second

// clock compares somebody's clock with this machine's, to within the time that the question took. Who can't be asked is left out.
func (s start) clock(of string, ask func() (time.Time, error)) {
	asked := time.Now()
	told, err := ask()
	if err != nil {
		return
	}
	took := time.Since(asked)
	apart := told.Sub(asked.Add(took / 2))
	if apart.Abs() > clockTolerance+took {
		s.warn("clocks", fmt.Sprintf("that of %s is %s away from this machine's", of, apart.Round(time.Millisecond)), "both should be kept by NTP")
		return
	}
	s.ok("clocks", "that of %s agrees with this machine's", of)
}

func redisTime(ctx context.Context, client rueidis.Client) (time.Time, error) {
	told, err := client.Do(ctx, client.B().Time().Build()).AsStrSlice()
	if err != nil {
		return time.Time{}, err
	}
	if len(told) != 2 {
		return time.Time{}, fmt.Errorf("TIME is answered by %d values", len(told))
	}
	seconds, err := strconv.ParseInt(told[0], 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	micros, err := strconv.ParseInt(told[1], 10, 64)
	return time.Unix(seconds, micros*1000), err
}

// postgresClock is of interest where gateways on several machines write to one table.
func (s start) postgresClock(ctx context.Context) {
	url, err := database.Parse(string(s.config.DatabaseURL))
	if err == nil && url.Kind == database.Postgres && s.config.RedisURL.Set() {
		s.clock("Postgres", func() (time.Time, error) { return url.PostgresTime(ctx) })
	}
}
