package contract

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// textKeys are where the surveyed apps put the text, in the order of preference.
var textKeys = []string{"text", "message", "content"}

// Text reads a message's text, of at most limit bytes (0 is no limit), or returns why there is none. What fills a column may stand in its
// place: then the text is empty.
//
// What the room is told is what the database gets: `text` and every other key that holds a text are
// written anew from the string that is returned.
func (k *Keys) Text(o *Object, limit int) (text string, refusal Answer) {
	wrongKind := ""
	for _, key := range k.texts {
		value := o.Get(key)
		if value == nil || rawjson.IsNull(value) {
			continue
		}
		text, ok := rawjson.Unquote(value)
		if !ok { // another key may have it
			wrongKind = key
			continue
		}
		if strings.TrimSpace(text) == "" {
			if k.attached(*o) {
				continue
			}
			return "", Failure{Code: BadRequest, Text: "the message is empty"}
		}
		if limit > 0 && len(text) > limit {
			return "", Failure{Code: TooLarge, Text: fmt.Sprintf("the text is too long, at most %d bytes fit", limit)}
		}
		o.setText(rawjson.Quote(text))
		return text, nil
	}
	if k.attached(*o) {
		o.setText(k.noText)
		return "", nil
	}
	if wrongKind != "" {
		return "", Failure{Code: BadRequest, Text: "the " + wrongKind + " of a message must be a string"}
	}
	return "", Failure{Code: BadRequest, Text: "a message needs a text, in one of " + strings.Join(k.texts, ", ")}
}

// setText puts the text wherever a client may look for it: no key says what is not stored.
func (o *Object) setText(text json.RawMessage) {
	for _, key := range textKeys {
		if v := o.Get(key); len(v) > 0 && v[0] == '"' {
			o.Set(key, text)
		}
	}
	o.Set("text", text)
}
