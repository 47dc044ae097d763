package token

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Source is a further place of a token in a handshake: a key of the CONNECT packet's payload, a parameter of the query or a header.
type Source struct {
	Place string // "auth", "query" or "header"
	Name  string
}

// MaxSources is how many further places an Authenticator looks in.
const MaxSources = 8

var sourceName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ParseSource reads auth.accessToken, query.token or header.x-access-token. The error is a clause that says what is wrong.
func ParseSource(text string) (Source, error) {
	place, name, _ := strings.Cut(text, ".")
	switch {
	case !slices.Contains([]string{"auth", "query", "header"}, place):
		return Source{}, fmt.Errorf("%q does not begin with auth, query or header and a dot", text)
	case !sourceName.MatchString(name):
		return Source{}, fmt.Errorf("%q does not name what holds the token there", text)
	case place == "header" && (strings.EqualFold(name, "Cookie") || strings.EqualFold(name, "Authorization")):
		return Source{}, fmt.Errorf("%q is looked at anyway", text)
	}
	return Source{place, name}, nil
}

type queryKey struct{}

// WithQuery returns a context that has the query of a handshake, for an Authenticator with Sources there.
func WithQuery(ctx context.Context, query url.Values) context.Context {
	return context.WithValue(ctx, queryKey{}, query)
}

// fromSources returns the tokens in further places, in their order.
func fromSources(ctx context.Context, sources []Source, header http.Header, auth json.RawMessage) (found []Found) {
	payload := sync.OnceValue(func() (fields map[string]json.RawMessage) {
		_ = json.Unmarshal(auth, &fields) // what is no object has none
		return fields
	})
	query, _ := ctx.Value(queryKey{}).(url.Values)
	for _, source := range sources {
		var tok string
		switch source.Place {
		case "auth":
			if json.Unmarshal(payload()[source.Name], &tok) != nil {
				continue
			}
		case "query":
			tok = query.Get(source.Name)
		case "header":
			tok = header.Get(source.Name)
		}
		if tok = trimScheme(tok); tok != "" {
			found = append(found, Found{Token: tok, Source: source.Place})
		}
	}
	return found
}
