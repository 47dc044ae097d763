package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// call is a request that is let in.
type call struct {
	ctx context.Context
	app App
	key string // Idempotency-Key
}

// handler does what a body asks for, and returns the body of the answer.
type handler func(c call, body []byte) (any, *contract.Failure)

// routes are all, by path. Each is asked by POST.
var routes = map[string]handler{
	"/api/emit":       reads(emit),
	"/api/messages":   reads(say),
	"/api/members":    reads(members),
	"/api/online":     reads(online),
	"/api/join":       reads(join),
	"/api/leave":      reads(leave),
	"/api/disconnect": reads(disconnect),
	"/api/revoke":     reads(revoke),
}

// reads has a body read before it is done. What is not known is refused: a misspelled `except` would reach whom it should not.
func reads[R any](do func(call, R) (any, *contract.Failure)) handler {
	return func(c call, body []byte) (any, *contract.Failure) {
		var request R
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&request); err != nil {
			return nil, &contract.Failure{Code: contract.BadRequest, Text: unreadable(err)}
		}
		return do(c, request)
	}
}

// unreadable says what is wrong with a request, by its own keys.
func unreadable(err error) string {
	if _, field, unknown := strings.Cut(err.Error(), "unknown field "); unknown {
		return fmt.Sprintf("the request has a field %.64s that is not known: see %s", field, descriptionPath)
	}
	return "the request is not in the form of " + descriptionPath
}

// done is the body of an answer that has nothing to tell.
type done struct{}

func answered(a contract.Answer) (any, *contract.Failure) {
	if f, failed := a.(contract.Failure); failed {
		return nil, &f
	}
	return done{}, nil
}

func emit(c call, r emitRequest) (any, *contract.Failure) {
	return answered(c.app.Emit(chat.Emit{
		Event: r.Event, Args: r.Args, To: r.To.whom(), Except: r.Except.whom(), All: r.All, Volatile: r.Volatile,
	}))
}

func say(c call, r messageRequest) (any, *contract.Failure) {
	const longestKey = 256
	if len(c.key) > longestKey {
		return nil, &contract.Failure{Code: contract.BadRequest, Text: fmt.Sprintf("an Idempotency-Key has at most %d bytes", longestKey)}
	}
	if user := r.UserID.text; user != "" && !contract.IsRoom(user) {
		return nil, &contract.Failure{Code: contract.BadRequest, Text: "userId is no user's id"}
	}
	a := c.app.Say(c.ctx, chat.Speech{User: r.UserID.text, UserJSON: r.UserID.json, Username: r.Username, Key: c.key, Message: r.Message})
	success, stored := a.(contract.Success)
	if !stored {
		return answered(a)
	}
	return messageAnswer{success.Message}, nil
}

func members(c call, r membersRequest) (any, *contract.Failure) {
	list, refusal := c.app.Members(c.ctx, r.Room.text)
	return listed(list, refusal)
}

func online(c call, r onlineRequest) (any, *contract.Failure) {
	list, refusal := c.app.Online(c.ctx, r.Users)
	return listed(list, refusal)
}

// maxList is the most bytes of a list of people.
const maxList = 4 << 20

func listed(list contract.Members, refusal contract.Answer) (any, *contract.Failure) {
	if refusal != nil {
		return answered(refusal)
	}
	return membersAnswer{Members: list.Array(maxList), Count: list.Count}, nil
}

func join(c call, r moveRequest) (any, *contract.Failure) {
	return answered(c.app.Join(r.To.whom(), r.Rooms))
}

func leave(c call, r moveRequest) (any, *contract.Failure) {
	return answered(c.app.Leave(r.To.whom(), r.Rooms))
}

func disconnect(c call, r disconnectRequest) (any, *contract.Failure) {
	return answered(c.app.Disconnect(r.To.whom()))
}

func revoke(c call, r revokeRequest) (any, *contract.Failure) {
	return answered(c.app.Revoke(r.Users))
}
