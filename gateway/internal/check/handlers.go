package check

import "strings"

// whoHandles says which events go where.
func (s start) whoHandles() {
	const step = "handlers"
	switch {
	case s.config.AppHandles():
		s.ok(step, "every event goes to the app's own server (HANDLERS=app): neither login, key nor database are needed here")
	case s.config.AttachAddr != "":
		s.ok(step, "%s are handled here, with their other spellings; every other event goes to the app's own server", strings.Join(s.config.OwnEvents(), ", "))
	}
}
