package ops

// Limited counts what was refused as too much, and logs the hint if one is due.
func (h *Hints) Limited(limit, of string) {
	h.Metrics.Limited(limit, of)
	h.hint("limit of a " + of + ": " + limit)
}

// ListDelayed counts a member list that has to wait, and logs the hint if one is due.
func (h *Hints) ListDelayed(reason string) {
	h.Metrics.ListDelayed(reason)
	h.hint("list delayed: " + reason)
}

// LookupRefused counts a look-up that the database was not asked for, and logs the hint if one is due.
func (h *Hints) LookupRefused(query, reason string) {
	h.Metrics.LookupRefused(query, reason)
	h.hint("look-up: " + query + " " + reason)
}

// limitHints are for operators whose own app is what does too much.
var limitHints = map[string]string{
	"limit of a connection: events": "a connection sends more events than RATE_LIMIT allows",
	"limit of a connection: bytes":  "a connection broadcasts more bytes than SEND_QUEUE_BYTES allows: an eighth of it per second",
	"limit of a connection: relays": "a connection sends more events of RELAY_EVENTS than RELAY_RATE allows",
	"limit of a user: events":       "a user sends more events from all connections than USER_RATE_LIMIT allows",
	"limit of a user: joins":        "a user joins rooms more often than RATE_LIMIT allows one connection, over all connections",
	"limit of a user: bytes":        "a user broadcasts more bytes from all connections than USER_RATE_LIMIT and SEND_QUEUE_BYTES allow",
	"limit of a user: relays":       "a user sends more events of RELAY_EVENTS from all connections than USER_RATE_LIMIT and RELAY_RATE allow",
	"limit of a user: lists":        "a user asks for more member lists than USER_RATE_LIMIT allows: does a page join again and again?",
	"list delayed: user":            "a user joins and leaves so much that member lists are told later because of it",
	"list delayed: total":           "member lists wait: they would cost more than MEMBERS_RATE; MEMBERS_LIMIT or MEMBERS_SHAPE=count makes them cheaper",
	"look-up: room_access full":     "ROOM_ACCESS_QUERY is too slow for how often it is asked: joins are refused as unavailable",
	"look-up: room_access no_turn":  "ROOM_ACCESS_QUERY is too slow for how often it is asked: joins wait longer than DATABASE_TIMEOUT",
	"look-up: session full":         "SESSION_QUERY is too slow for how often it is asked: clients are sent away and come back; are all of one address (TRUSTED_PROXIES)?",
	"look-up: session no_turn":      "SESSION_QUERY is too slow for how often it is asked: clients wait longer than DATABASE_TIMEOUT",
}

func (h *Hints) hint(kind string) {
	if hint := limitHints[kind]; hint != "" && h.due(kind) {
		h.log.Warn(hint)
	}
}
