package engineio

import (
	"context"
	"hash/maphash"
	"net/http"
	"sync/atomic"
)

// Identity is who the credentials in a request's headers say that its sender is.
type Identity struct {
	// User is a name for the user, the same for all credentials of one. Empty means that nobody is known by them.
	User string
	// Claims are for the layer above, which gets them by IdentityOf.
	Claims any
}

type identityKey struct{}

// withIdentity has the layer above find what Options.Identify has found.
func withIdentity(r *http.Request, id Identity) *http.Request {
	if id.User == "" {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, id))
}

// IdentityOf returns who sent the request that Handler.Open is given, as Options.Identify has it.
func IdentityOf(r *http.Request) Identity {
	id, _ := r.Context().Value(identityKey{}).(Identity)
	return id
}

// Binding ties a session of several requests to the user of the first one. A session's id alone, which may stand in
// a proxy's log, then lets nobody speak as that user. The zero value binds nobody.
type Binding struct {
	user string
	seen atomic.Uint64 // the credentials that were found to be the user's last
}

// Bind is called once, before Admits, with the first request and who sent it. Without a user it binds nobody.
func (b *Binding) Bind(r *http.Request, id Identity) {
	b.user = id.User
	if b.user != "" {
		b.seen.Store(credentialsOf(r))
	}
}

// Admits tells whether a further request may come from the same user: it has the same credentials as an earlier one, or
// others of the same user, such as a cookie that was renewed meanwhile. Only these cost a call of identify.
func (b *Binding) Admits(r *http.Request, identify func(*http.Request) Identity) bool {
	if b.user == "" {
		return true
	}
	credentials := credentialsOf(r)
	if b.seen.Load() == credentials {
		return true
	}
	if identify(r).User != b.user {
		return false
	}
	b.seen.Store(credentials)
	return true
}

// credentialsSeed is drawn anew by each process, so that nobody can look for headers that have the same hash as others.
var credentialsSeed = maphash.MakeSeed()

func credentialsOf(r *http.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(credentialsSeed)
	for _, name := range []string{"Cookie", "Authorization"} {
		for _, value := range r.Header[name] {
			h.WriteString(value)
			h.WriteByte('\n')
		}
		h.WriteByte(0)
	}
	return h.Sum64()
}
