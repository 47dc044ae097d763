package engineio

import (
	"context"
	"maps"
	"net/http"
)

// Asked is what Options.Ask says of a handshake. The zero value accepts it.
type Asked struct {
	// Header is added to the handshake's answer, whichever it is.
	Header http.Header
	// Status, if not 0, refuses the handshake with this status and Body.
	Status int
	Body   []byte
	// Note is for the layer above, which gets it by AskedOf.
	Note any
}

type askedKey struct{}

// AskedOf returns the Note that Options.Ask has given to the request that Handler.Open is given. Nil is none.
func AskedOf(r *http.Request) any { return r.Context().Value(askedKey{}) }

// ask has a handshake judged that has a place, and answers one that is refused. The request it returns knows the Note.
func (s *Server) ask(session *Session, w http.ResponseWriter, r *http.Request) (judged *http.Request, ok bool) {
	if s.options.Ask == nil {
		return r, true
	}
	asked := s.options.Ask(r)
	maps.Copy(w.Header(), asked.Header)
	if asked.Status == 0 {
		return r.WithContext(context.WithValue(r.Context(), askedKey{}, asked.Note)), true
	}
	s.options.Observer.HandshakeRefused(CauseAsked)
	s.dismiss(session.place)
	w.WriteHeader(asked.Status)
	w.Write(asked.Body)
	return r, false
}
