package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Filled is a further column of the app's table that clients fill, by a key of their messages.
type Filled struct {
	Key, Column string
	// Content: the column may hold what a message is sent for, so that it needs no text if its names say so too.
	Content bool
}

// Words of the names of what people send in the place of a text, and of what is only said of it.
var (
	contentWords = set("file", "files", "document", "documents", "image", "images", "img", "photo", "photos", "picture", "pictures", "pic", "pics",
		"media", "attachment", "attachments", "audio", "voice", "video", "videos", "gif", "sticker", "url", "urls", "link", "location", "poll")
	aboutWords = set("type", "kind", "name", "size", "width", "height", "duration", "mime", "format", "status", "id", "caption", "alt", "thumbnail", "thumb")
)

func (k *Keys) fill(c Columns) {
	k.filled, k.fills, k.noText = slices.Clone(c.Filled), make(meanings[int]), json.RawMessage(`""`)
	for i, f := range k.filled {
		k.filled[i].Content = f.Content && (IsContent(f.Key) || IsContent(f.Column))
		k.fills.and(i, Fold(f.Key))
	}
	if c.NoText {
		k.noText = json.RawMessage("null")
	}
}

// IsContent tells whether a key's name says that it holds what a message may be sent for without a text: fileUrl does, fileName and replyToUrl do not.
func IsContent(name string) bool {
	words := Words(name)
	is := func(kind map[string]bool) bool {
		return slices.ContainsFunc(words, func(w string) bool { return kind[w] })
	}
	ofOthers := slices.ContainsFunc(aboutOthers, func(about string) bool { return strings.HasPrefix(Fold(name), about) })
	return is(contentWords) && !is(aboutWords) && !ofOthers
}

// Fills returns what a message says for the columns that clients fill, at most limit bytes in all (0 is no limit), and puts it under every
// key that it will be told by. What names the speaker is the verified one, whatever the client says. Nil is nothing.
func (k *Keys) Fills(o *Object, by *Person, limit int) (values []json.RawMessage, refusal Answer) {
	if len(k.filled) == 0 {
		return nil, nil
	}
	values = make([]json.RawMessage, len(k.filled))
	for _, f := range *o {
		if i, fills := k.fills.of(f.Key); fills && !rawjson.IsNull(f.Value) {
			values[i] = f.Value
		}
	}
	size := 0
	for i, f := range k.filled {
		if claims, speaks := k.speakers.of(f.Key); speaks {
			values[i] = by.NameJSON
			if claims == claimsID {
				values[i] = by.IDJSON
			}
		}
		if values[i] == nil {
			continue
		}
		size += len(values[i])
		for _, key := range k.others[f.Column] {
			if o.Get(key) == nil {
				o.Set(key, values[i])
			}
		}
	}
	if limit > 0 && size > limit {
		return nil, Failure{Code: TooLarge, Text: fmt.Sprintf("%q and the other fields of the message are too long, at most %d bytes fit", k.filled[0].Key, limit)}
	}
	return values, nil
}

// attached tells whether a message says what may stand in the place of a text.
func (k *Keys) attached(o Object) bool {
	for _, f := range o {
		if i, fills := k.fills.of(f.Key); fills && k.filled[i].Content && names(f.Value) {
			return true
		}
	}
	return false
}
