package sessions

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/socketgate/socketgate/pkg/rawjson"
	"github.com/socketgate/socketgate/pkg/token"
)

// claimsOf reads a row: the user's id, the name, when the session ends.
func claimsOf(row []any) (token.Claims, error) {
	var c token.Claims
	c.UserID, c.UserIDJSON = textOf(row[0])
	if c.UserID == "" {
		return c, fmt.Errorf("the first column is no user's id, but %T", row[0])
	}
	if len(row) > 1 {
		c.Username, _ = textOf(row[1])
	}
	c.SetName()
	if len(row) > 2 && row[2] != nil {
		var ok bool
		if c.Expires, ok = timeOf(row[2]); !ok {
			return c, fmt.Errorf("the third column is no time, but %T", row[2])
		}
	}
	return c, nil
}

// textOf reads a text or an integer, and gives it as JSON too: an integer as a number, unless JavaScript would round it.
func textOf(v any) (string, json.RawMessage) {
	switch v := v.(type) {
	case int64:
		if digits := strconv.FormatInt(v, 10); !rawjson.IsExact(v) {
			return textOf(digits)
		} else {
			return digits, json.RawMessage(digits)
		}
	case int32:
		return textOf(int64(v))
	case int16:
		return textOf(int64(v))
	case pgtype.Numeric:
		if n, err := v.Int64Value(); err == nil && n.Valid {
			return textOf(n.Int64)
		}
	case float64: // a number out of jsonb
		if n := int64(v); float64(n) == v {
			return textOf(n)
		}
	case [16]byte:
		return textOf(uuid.UUID(v).String())
	case []byte:
		return textOf(string(v))
	case string:
		v = strings.ToValidUTF8(v, "\ufffd")
		quoted, _ := json.Marshal(v) // a string can't fail
		return v, quoted
	}
	return "", nil
}

// timeForms are the forms in which SQLite's rows have a time, and Postgres' when they are cast to text.
var timeForms = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
}

// timeOf reads a time, or a number: the seconds since 1970, or the milliseconds where as seconds it would be beyond the year
// 5000. What it can't read must not become a session without an end.
func timeOf(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case int64:
		if v > 1e11 {
			return time.UnixMilli(v), true
		}
		return time.Unix(v, 0), true
	case int32:
		return time.Unix(int64(v), 0), true
	case float64:
		return timeOf(int64(v))
	case pgtype.Numeric: // what extract(epoch FROM …) is
		if n, err := v.Float64Value(); err == nil && n.Valid {
			return timeOf(n.Float64)
		}
	case pgtype.InfinityModifier:
		return time.Time{}, v == pgtype.Infinity
	case string:
		for _, form := range timeForms {
			if t, err := time.Parse(form, v); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}
