package attach

import (
	"encoding/json"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio"
)

// CORSFields returns what the cors option of the app's Server says besides which origins may come; the last app that has dialled holds. It is for
// engineio.CORS.Fields.
func (h *Hub) CORSFields() engineio.CORSFields {
	if f := h.cors.Load(); f != nil {
		return *f
	}
	return engineio.CORSFields{}
}

// corsFields reads a cors option as the npm package cors has it.
func corsFields(option json.RawMessage) *engineio.CORSFields {
	var said struct {
		Methods, AllowedHeaders, Headers, ExposedHeaders listOrText
		MaxAge                                           listOrText
	}
	if len(option) == 0 || option[0] != '{' || json.Unmarshal(option, &said) != nil {
		return nil
	}
	allowed := said.AllowedHeaders
	if allowed == "" {
		allowed = said.Headers
	}
	return &engineio.CORSFields{
		Methods: string(said.Methods), AllowedHeaders: string(allowed), ExposedHeaders: string(said.ExposedHeaders), MaxAge: string(said.MaxAge),
	}
}

// corsOrigins returns which origins a cors option lets in, and whether it lists them. Otherwise they are "*" where there is an option at all: it is code
// that decides, or nobody is kept out.
func corsOrigins(option json.RawMessage) (origins []string, listed bool) {
	var said struct{ Origin any }
	switch {
	case len(option) == 0, string(option) == "null", string(option) == "false":
		return nil, false
	case json.Unmarshal(option, &said) != nil:
		return []string{"*"}, false
	}
	switch origin := said.Origin.(type) {
	case bool:
		if !origin {
			return nil, false
		}
	case string:
		if origin != "" && origin != "*" {
			return []string{origin}, true
		}
	case []any:
		for _, one := range origin {
			text, ok := one.(string)
			if !ok {
				return []string{"*"}, false
			}
			origins = append(origins, text)
		}
		return origins, len(origins) > 0
	}
	return []string{"*"}, false
}

// listOrText is a header field's value, said as a list, as it is, or as a number. What no field may hold is left out.
type listOrText string

// UnmarshalJSON takes any JSON: what is none of these is as if it were not there.
func (t *listOrText) UnmarshalJSON(b []byte) error {
	var value any
	json.Unmarshal(b, &value)
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case float64:
		text = string(b)
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		text = strings.Join(all, ",")
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		*t = listOrText(text)
	}
	return nil
}
