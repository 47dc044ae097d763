package check

import "regexp"

var (
	tells = regexp.MustCompile(`\.\s*emit\(`)
	// keeps is what may save what came, or have it saved.
	keeps = regexp.MustCompile(`\bawait\b|\.then\(|\.push\(|\b\w*(?i:save|store|create|insert|persist)\w*\(`)
)

// passing proposes that nothing is stored, where all that the app's server does with messages is to tell of them: its routes have saved them, or
// nobody does.
func (e appEvents) passing() []habit {
	var first *handling
	for _, event := range namesOf(e.in) {
		if roleIn(event) != sends {
			continue
		}
		all := e.handlingsOf(event)
		for i, h := range all {
			if h.apart() != "" || changesRows.MatchString(h.body) || keeps.MatchString(h.body) || !tells.MatchString(h.body) {
				return nil
			}
			if first == nil {
				first = &all[i]
			}
		}
		if len(all) == 0 {
			return nil
		}
	}
	if first == nil {
		return nil
	}
	return []habit{{"GATEWAY_DATABASE_URL", "none", likely,
		first.where() + " passes " + first.event + " on and saves nothing; what a route of the app has saved would be stored again"}}
}

// everybody proposes one room for all, where the app has none and its server tells messages to whoever is connected.
func (e appEvents) everybody() []habit {
	var found []habit
	for _, event := range namesOf(e.in) {
		switch e.roleIn(event) {
		case joins:
			return nil
		case sends:
			for _, h := range e.handlingsOf(event) {
				if h.apart() == "" && h.tellsEverybody() && found == nil && !e.hasHabit("DEFAULT_ROOM") {
					found = []habit{{"DEFAULT_ROOM", "everybody", likely, h.where() + " tells " + h.event + " to everybody"}}
				}
			}
		}
	}
	return found
}

// usesIt tells whether there is anything of Socket.IO in the app's code.
func (e appEvents) usesIt() bool {
	return e.server != "" || e.client != "" || len(e.in)+len(e.out)+len(e.habits) > 0
}

// tellsByRoutes tells whether clients send no message, and the app's own routes tell of them.
func (e appEvents) tellsByRoutes() bool {
	for event := range e.in {
		if roleIn(event) == sends {
			return false
		}
	}
	return e.server != "" && e.hasHabit("API_ADDR")
}
