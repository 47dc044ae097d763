package redisadapter

import (
	"fmt"
	"time"
)

// maxSeconds is how far from 1970 a JavaScript Date goes, both ways.
const maxSeconds = 8_640_000_000_000

// appendTime appends what JavaScript's JSON.stringify makes of a Date, or null when none can be that far away.
func appendTime(dst []byte, ms int64) []byte {
	if ms > maxSeconds*1000 || ms < -maxSeconds*1000 {
		return append(dst, "null"...)
	}
	t := time.UnixMilli(ms).UTC()
	year := fmt.Sprintf("%04d", t.Year())
	switch {
	case t.Year() < 0:
		year = fmt.Sprintf("-%06d", -t.Year())
	case t.Year() > 9999:
		year = fmt.Sprintf("+%06d", t.Year())
	}
	return append(append(append(dst, '"'), year...), t.Format(`-01-02T15:04:05.000Z"`)...)
}
