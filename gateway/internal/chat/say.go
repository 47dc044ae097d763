package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// Whom says which sockets are meant, on all gateways: those in rooms, those of users, and single ones by their ids.
type Whom struct{ Rooms, Users, Sockets []string }

// Emit is an event that the web app has told. It is not stored, and nobody who is away gets it later.
type Emit struct {
	Event string
	Args  []json.RawMessage // valid JSON
	// To is whom it is told, without whom Except means. All is everybody, and then To must be empty.
	To, Except Whom
	All        bool
	// Volatile lets sockets miss the event that can't take it at once.
	Volatile bool
}

// Speech is a message that the web app sends, for one of its users or as the system.
type Speech struct {
	// User is who says it, and UserJSON the id as the app writes it; empty is Options.SystemUser.
	User     string
	UserJSON json.RawMessage
	// Username is what the speaker is called. Empty is whatever the user is called otherwise.
	Username string
	// Key tells the message from others: what comes again under it is the same message. Empty is an id in the message, as clients have it.
	Key string
	// Message is what a client would send, valid JSON.
	Message json.RawMessage
}

var (
	nobodyMeant   = contract.Failure{Code: contract.BadRequest, Text: "nobody is meant: name rooms, users or sockets in to, or say all"}
	everybodyElse = contract.Failure{Code: contract.BadRequest, Text: "all is everybody: leave to out, and name in except who is not meant"}
	nobodySays    = contract.Failure{Code: contract.BadRequest, Text: "nobody says it: name the user by userId, or have API_USER set on the gateway, which is who the system speaks as"}
	noAnswer      = contract.Failure{Code: contract.Unavailable, Text: "it is not known in time whether the message is stored: send it again under the same Idempotency-Key"}
)

// maxNames is how many rooms, users and sockets one request of the web app may name.
const maxNames = 1000

// Emit tells an event, at this gateway before it returns. Any goroutine may call it.
func (c *Chat) Emit(e Emit) contract.Answer {
	to, refusal := e.To.targets()
	if refusal != nil {
		return refusal
	}
	except, refusal := e.Except.targets()
	size := len(e.Event)
	args := make([]any, len(e.Args))
	for i, arg := range e.Args {
		args[i] = arg
		size += len(arg)
	}
	switch {
	case refusal != nil:
		return refusal
	case !e.All && len(to) == 0:
		return nobodyMeant
	case e.All && len(to) > 0:
		return everybodyElse
	case e.Event == "":
		return contract.Failure{Code: contract.BadRequest, Text: "the event has no name"}
	case c.options.MaxEvent > 0 && size > c.options.MaxEvent:
		return contract.Failure{Code: contract.TooLarge, Text: fmt.Sprintf("the event is too large, at most %d bytes fit", c.options.MaxEvent)}
	}
	out := c.namespace.To(to...).Except(except...)
	if e.Volatile {
		out = out.Volatile()
	}
	switch err := out.Emit(e.Event, args...); {
	case errors.Is(err, socketio.ErrReserved):
		return contract.Failure{Code: contract.BadRequest, Text: "Socket.IO keeps this event's name for itself"}
	case err != nil:
		return contract.Failure{Code: contract.BadRequest, Text: "the event can't be told as it is"}
	}
	return contract.Success{}
}

// targets are the rooms of the namespace that have the sockets that are meant.
func (w Whom) targets() (rooms []string, refusal contract.Answer) {
	all := slices.Concat(w.Rooms, w.Users, w.Sockets)
	if len(all) > maxNames {
		return nil, contract.Failure{Code: contract.BadRequest, Text: fmt.Sprintf("at most %d rooms, users and sockets can be named at once", maxNames)}
	}
	if !areNames(all) {
		return nil, badName
	}
	rooms = slices.Concat(w.Rooms, w.Sockets)
	for _, user := range w.Users {
		rooms = append(rooms, contract.PersonalRoom(user))
	}
	return rooms, nil
}

var badName = contract.Failure{Code: contract.BadRequest, Text: fmt.Sprintf("a room, user or socket is a string or a number of 1 to %d bytes", contract.MaxRoom)}

func areNames(all []string) bool {
	return !slices.ContainsFunc(all, func(name string) bool { return !contract.IsRoom(name) })
}

// Say sends a message as a client would, but its user need neither be connected nor in the room. It returns once the message is stored and
// told, or refused, or when ctx ends.
func (c *Chat) Say(ctx context.Context, s Speech) contract.Answer {
	who := c.speaker(s)
	if who == nil {
		return nobodySays
	}
	fields, ok := contract.ParseObject(s.Message)
	if !ok {
		return contract.Failure{Code: contract.BadRequest, Text: "a message is an object with a room and a text"}
	}
	text, fills, refusal := c.content(&fields, who)
	if refusal != nil {
		return refusal
	}
	to, refusal := c.destination(nil, nil, nil, &fields)
	if refusal == nil {
		to, refusal = c.storable(to)
	}
	if refusal != nil {
		return refusal
	}
	id := fields.ClientID(who)
	if s.Key != "" {
		id = contract.ClientID{Key: "idempotencykey", Value: s.Key}
	}
	by := &appRequest{chat: c, answers: make(chan contract.Answer, 1)}
	// Each request has a member of its own: its limits are those of one message. It is new, so what it repeats may be another gateway's.
	speaking := &member{Person: who, came: uint32(time.Now().Unix())}
	if answer := c.keep(said{by: by, member: speaking, fields: fields, text: text, fills: fills, to: to, id: id}); answer != nil {
		return answer
	}
	select {
	case answer := <-by.answers:
		return answer
	case <-ctx.Done():
		return noAnswer
	}
}

// speaker is who says it, or nil.
func (c *Chat) speaker(s Speech) *contract.Person {
	if s.User == "" {
		if s.User = c.options.SystemUser; s.User == "" {
			return nil
		}
		s.UserJSON = nil
	}
	if s.Username == "" {
		return contract.NewPerson(s.User, s.UserJSON, c.called(s.User))
	}
	who := contract.NewPerson(s.User, s.UserJSON, s.Username)
	if c.log != nil {
		c.log.named.note(who)
	}
	return who
}

// called is what a user is called who may be connected here, at another gateway or nowhere.
func (c *Chat) called(user string) string {
	if online := c.rosters.Person(contract.OnlineRoom, user); online != nil {
		return online.Name
	}
	if c.log != nil {
		if name := c.log.named.of(user); name != "" {
			return name
		}
	}
	return c.nameOf(token.Claims{UserID: user, Username: user})
}

// appRequest is an asker for the web app.
type appRequest struct {
	chat    *Chat
	answers chan contract.Answer // holds one: nobody waits for who has left
}

func (r *appRequest) answer(a contract.Answer) { r.answers <- a }

func (r *appRequest) forget() {}

func (r *appRequest) survive() {
	if v := recover(); v != nil {
		r.chat.options.Logger.Error("an answer to the web app panicked", "panic", v, "stack", string(debug.Stack()))
	}
}
