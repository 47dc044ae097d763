package chat

import "strings"

// RoomRule says who may join the rooms whose names fit it.
type RoomRule struct {
	// Pattern is a name in which * stands for any text, and $user for a user's id: that user alone may join then.
	Pattern string
	// Anybody may join; without it, and without $user in the pattern, nobody may.
	Anybody bool
}

const theUser = "$user"

// rule tells whether some rule fits a room, and whether one of those lets the user in.
func (c *Chat) rule(room, user string) (fits, may bool) {
	for _, r := range c.options.RoomRules {
		if !fitsPattern(room, strings.ReplaceAll(r.Pattern, theUser, "*"), "") {
			continue
		}
		fits = true
		switch {
		case r.Anybody:
			may = true
		case strings.Contains(r.Pattern, theUser):
			may = may || fitsPattern(room, r.Pattern, user)
		}
	}
	return fits, may
}

// fitsPattern tells whether a name fits a pattern in which $user means this user.
func fitsPattern(name, pattern, user string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], theUser, user)
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return name == first
	}
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = rest
	}
	return true
}
