package config

import (
	"regexp"
	"slices"
	"strings"
)

// argumentName is what a key of a message may be called here.
var argumentName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// checkShapes tries every shape on a sample.
func (c *Config) checkShapes(faults *report) {
	for i, name := range c.SendArgs {
		name = strings.TrimSpace(name)
		c.SendArgs[i] = name
		switch {
		case !argumentName.MatchString(name):
			faults.add("SEND_ARGS", nil)
		case slices.Contains(c.SendArgs[:i], name):
			faults.add("SEND_ARGS", hint("where %q stands twice", name))
		}
	}
	faults.shape("MESSAGE_SHAPE", c.MessageShape, faults.rules.RowValues)
	faults.shape("ACK_SHAPE", c.AckShape, faults.rules.RowValues)
	faults.shape("HISTORY_SHAPE", c.HistoryShape, faults.rules.HistoryValues)
	if c.HistoryEvent != "" && c.DatabaseURL.None() {
		faults.add("HISTORY_EVENT", hint("but DATABASE_URL is none, so that there is none"))
	}
	if shape := strings.ToLower(c.MembersShape); slices.Contains([]string{"array", "object", "count"}, shape) {
		c.MembersShape = shape
		return
	}
	if !strings.Contains(c.MembersShape, "$") {
		faults.add("MEMBERS_SHAPE", nil)
		return
	}
	faults.shape("MEMBERS_SHAPE", c.MembersShape, faults.rules.MemberValues)
}

func (r *report) shape(variable, text string, values []string) {
	if text == "" || r.rules.Template == nil {
		return
	}
	if err := r.rules.Template(text, values); err != nil {
		r.add(variable, hint("where %v", err))
	}
}
