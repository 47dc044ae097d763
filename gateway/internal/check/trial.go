package check

import (
	"fmt"
	"regexp"

	"github.com/socketgate/socketgate/gateway/internal/store"
)

// trial tells how the insert went, and of a refused one which column is to blame, and what the token has for it.
func (s start) trial(found store.Report) {
	t := found.Trial
	if t.Barred > 0 {
		s.warn("rooms", fmt.Sprintf("ROOM_ACCESS_QUERY lets user %q into none of %s that were looked at", t.User, count(t.Barred, "room")),
			"$2 of ROOM_ACCESS_QUERY is the user's id as tokens have it, $1 the room as clients name it")
	}
	switch {
	case t.Skipped != "":
		s.skip("insert", t.Skipped)
	case t.Err != nil:
		s.fault("insert", refusalOf(t), s.trialFix(found)...)
	case s.user != "":
		s.ok("insert", "a message of user %q %s was taken, and rolled back", t.User, placeOf(t))
	default:
		s.ok("insert", "a message of user %q %s was taken, and rolled back (with --token, as its user)", t.User, placeOf(t))
	}
}

func placeOf(t store.Trial) string {
	if t.Receiver != "" {
		return fmt.Sprintf("for user %q", t.Receiver)
	}
	return fmt.Sprintf("in room %q", t.Room)
}

func refusalOf(t store.Trial) string {
	text := fmt.Sprintf("a message of user %q %s is refused: %v", t.User, placeOf(t), t.Err)
	if at := t.Blame.String(); at != "" {
		text += ": " + at
	}
	if t.Guessed != "" {
		text += "; " + t.Guessed
	}
	return text
}

// trialFix names what to change when the trial's row is refused.
func (s start) trialFix(found store.Report) []string {
	t, m := found.Trial, found.Mapping
	switch {
	case t.Blame.Column == m.User.Name && (s.user != "" || t.Guessed != ""):
		fix := []string{
			fmt.Sprintf("this app's sender column %q is not the user's id as tokens have it (%s): MESSAGE_USER_COLUMN should name one that is",
				m.User.Name, kindOf(t.User)),
			"or the app should put into its tokens, as userId, what that column holds; SESSION_QUERY may give it as its first column",
			"if neither can be, the app should save its messages itself: DATABASE_URL=none",
		}
		if t.Guessed != "" {
			return append(fix, "with --token, the message is that of the token's user")
		}
		return append(fix, "if tokens of other users fit, this one's user is not in this database: DATABASE_URL should be the app's")
	case t.Blame.Column == m.Room.Name && t.Blame.RefersTo != "":
		return []string{"MESSAGE_ROOM_COLUMN should name the column that holds the room's id as clients send it"}
	}
	return insertFix(t.Err)
}

// The forms that ids have in tokens.
var (
	integerID = regexp.MustCompile(`^-?[0-9]+$`)
	uuidID    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// kindOf says what an id looks like.
func kindOf(id string) string {
	switch {
	case integerID.MatchString(id):
		return "an integer"
	case uuidID.MatchString(id):
		return "a uuid"
	}
	return "a text"
}
