package api

import (
	"encoding/json"
	"errors"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// The bodies of requests and answers. openapi.json says what each field means.
type (
	emitRequest struct {
		Event    string            `json:"event"`
		Args     []json.RawMessage `json:"args"`
		To       targets           `json:"to"`
		All      bool              `json:"all"`
		Except   targets           `json:"except"`
		Volatile bool              `json:"volatile"`
	}
	messageRequest struct {
		UserID   name            `json:"userId"`
		Username string          `json:"username"`
		Message  json.RawMessage `json:"message"`
	}
	messageAnswer struct {
		Message json.RawMessage `json:"message"`
	}
	membersRequest struct {
		Room name `json:"room"`
	}
	onlineRequest struct {
		Users names `json:"users"`
	}
	membersAnswer struct {
		Members json.RawMessage `json:"members"`
		Count   int             `json:"count"`
	}
	moveRequest struct {
		To    targets `json:"to"`
		Rooms names   `json:"rooms"`
	}
	disconnectRequest struct {
		To targets `json:"to"`
	}
	revokeRequest struct {
		Users names `json:"users"`
	}
	targets struct {
		Rooms   names `json:"rooms"`
		Users   names `json:"users"`
		Sockets names `json:"sockets"`
	}
)

func (t targets) whom() chat.Whom {
	return chat.Whom{Rooms: t.Rooms, Users: t.Users, Sockets: t.Sockets}
}

// name is a string or a number: the id of a user, or the name of a room.
type name struct {
	text string
	json json.RawMessage // nil where there is none
}

var errName = errors.New("neither a string nor a number")

func (n *name) UnmarshalJSON(data []byte) error {
	if rawjson.IsNull(data) {
		return nil
	}
	text, ok := rawjson.Scalar(data)
	if !ok {
		return errName
	}
	*n = name{text, append(json.RawMessage(nil), data...)}
	return nil
}

// names are a list of them.
type names []string

func (list *names) UnmarshalJSON(data []byte) error {
	var all []name
	if err := json.Unmarshal(data, &all); err != nil {
		return errName
	}
	*list = nil
	for _, n := range all {
		*list = append(*list, n.text)
	}
	return nil
}
