package check

import (
	"regexp"

	"github.com/socketgate/socketgate/gateway/internal/store"
)

// history tells whether a room's latest messages are found fast.
func (s start) history(found store.Report) {
	const step = "history"
	switch indexes := found.Mapping.HistoryIndexes(); {
	case s.config.HistoryEvent == "":
	case len(indexes) > 0:
		s.warn(step, "each join reads the whole message table for HISTORY_EVENT", indexes...)
	default:
		s.ok(step, "the latest messages of a room are found by an index")
	}
}

// readsAndTells is a server that reads many rows and then tells one socket of them: 1 what is read and how, 2 the event, 3 the key that it
// stands under, if any.
var readsAndTells = regexp.MustCompile(`(?s)(?:\.findMany|\.find|\.query|\.select)\(((?:.{0,700}?))\bsocket\.emit\(\s*["']([^"'\n]{1,60})["']\s*,\s*(?:\{\s*(\w+)\s*(?::\s*[\w.()]+\s*)?,?\s*\})?`)

var manyRows = regexp.MustCompile(`\b(?:take|limit)\b\D{0,4}(\d{1,4})`)

// historySigns are those of a server that tells whoever joins a room its latest messages.
var historySigns = []sign{
	{"HISTORY_EVENT", likely, readsAndTells, func(found []string) string { return onlyForHistory(found, found[2]) }},
	{"HISTORY_SIZE", likely, readsAndTells, func(found []string) string {
		if size := manyRows.FindStringSubmatch(found[1]); size != nil {
			return onlyForHistory(found, size[1])
		}
		return ""
	}},
	{"HISTORY_SHAPE", likely, readsAndTells, func(found []string) string {
		if found[3] == "" {
			return ""
		}
		return onlyForHistory(found, `{"`+found[3]+`": $rows}`)
	}},
}

// onlyForHistory has a value count for an event that brings what was said before.
func onlyForHistory(found []string, value string) string {
	if !has(wordsOf(found[2]), "history", "previous", "past", "recent", "old", "older", "latest", "existing", "initial", "load", "loaded") {
		return ""
	}
	return value
}
