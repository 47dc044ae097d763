package check

import (
	"regexp"
	"slices"
)

var (
	// looped are the variables that loops give values to.
	looped = regexp.MustCompile(`\b(?:forEach|map)\(\s*(?:async\s*)?(?:function\s*\w*\s*)?\(?\s*(?:[\[{]\s*)?(\w+)|\bfor\s*(?:await\s*)?\(\s*(?:const|let|var)\s+(?:[\[{]\s*)?(\w+)`)
	// ofRooms are places that are rooms.
	ofRooms = regexp.MustCompile(`(?i)room|conversation|chat|channel|group`)

	// calls are functions and methods, by name, and joinsNone those of which none takes a socket into a room.
	calls     = regexp.MustCompile(`([A-Za-z_$][\w$]*)\s*\(`)
	joinsNone = regexp.MustCompile(`^(?:emit|to|in|except|on|once|set|add|push|get|has|delete|map|filter|find\w*|some|every|forEach|values|keys|entries|from|includes|splice|slice|indexOf|trim|` +
		`toString|toLowerCase|log|warn|error|info|debug|now|stringify|parse|toISOString|update|create|upsert|query|sadd|sAdd|hset|hSet|` +
		`Date|Map|Set|String|Number|Boolean|if|for|while|switch|catch|function|async|return|await)$`)
)

// inLoop tells whether an expression has the variable of a loop.
func (h handling) inLoop(expression string) bool {
	for _, found := range looped.FindAllStringSubmatch(h.body, -1) {
		if regexp.MustCompile(`\b` + found[1] + found[2] + `\b`).MatchString(expression) {
			return true
		}
	}
	return false
}

// tellsRooms tells whether a handling tells rooms one after the other, where a relay tells the one that the client names.
func (h handling) tellsRooms() bool {
	for _, at := range addresses.FindAllStringSubmatchIndex(h.body, -1) {
		if place := inParentheses(h.body[at[4]:]); ofRooms.MatchString(place) && h.inLoop(place) {
			return true
		}
	}
	return false
}

// mayJoin tells whether a handling may take its client into a room: it does, or calls something that might.
func (h handling) mayJoin() bool {
	return !takes.MatchString(h.body) || slices.ContainsFunc(calls.FindAllStringSubmatch(h.body, -1), func(call []string) bool {
		return !joinsNone.MatchString(call[1]) && !ackArgument.MatchString(call[1])
	})
}
