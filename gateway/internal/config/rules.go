package config

// Rules are what other parts of the gateway know about the values of variables. This package imports none of them, so they
// are given to [Load]. A rule that is missing lets everything pass.
type Rules struct {
	// DatabaseURL looks at a DATABASE_URL as whoever connects with it does. The warnings are whole sentences; the error
	// is the clause of a fault that follows "DATABASE_URL holds …, ". Neither holds any part of a password.
	DatabaseURL func(url string) (warnings []string, err error)
	// Template looks at a shape in which these values have places. The error is a clause that says what is wrong.
	Template func(shape string, values []string) error
	// RowValues, MemberValues and HistoryValues are the values of the shapes of messages and acks, of lists of members, and of the latest
	// messages.
	RowValues, MemberValues, HistoryValues []string
	// TokenSource looks at a further place of tokens. The error is a clause that says what is wrong.
	TokenSource func(source string) error
	// ReservedEvents are the names of events that Socket.IO keeps for itself.
	ReservedEvents []string
	// FoldEvent gives what all spellings of an event's name have in common: clients may use one for another.
	FoldEvent func(event string) string
}
