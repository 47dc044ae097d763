package contract

import (
	"encoding/json"

	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Message reads what a client sends with an event that sends a message: an object; the same in another as {message: {…}}; or, where the
// app says what each argument is, (text, room), (room, {text}) or a text alone. Without names only the first is read. False means that it
// is none of these. A client that says one key inside and outside means what stands outside. The object keeps parts of the arguments.
func (k *Keys) Message(args []json.RawMessage, names []string) (Object, bool) {
	if len(args) == 0 {
		return nil, false
	}
	o, ok := ParseObject(args[0])
	if len(names) == 0 {
		return o, ok
	}
	if len(args) > 1 || !ok {
		o, ok = positional(args, names), true
	}
	k.unwrap(&o)
	return o, ok
}

// positional gives each argument its name. What has none is left out.
func positional(args []json.RawMessage, names []string) Object {
	o := make(Object, 0, usualFields)
	for i, arg := range args[:min(len(args), len(names))] {
		o.Set(names[i], withoutPrototypes(arg))
	}
	return o
}

// unwrap lifts the fields of a wrapped message, if the text is there.
func (k *Keys) unwrap(o *Object) {
	const wrapper = "message"
	inner, ok := ParseObject(o.Get(wrapper))
	if !ok || k.saysText(*o) || !k.saysText(inner) {
		return
	}
	flat := make(Object, 0, len(*o)+len(inner))
	for _, f := range *o {
		if f.Key != wrapper {
			flat = append(flat, f)
		}
	}
	outside := len(flat)
	for _, f := range inner {
		if flat[:outside].Get(f.Key) == nil {
			flat = append(flat, f)
		}
	}
	*o = flat
}

func (k *Keys) saysText(o Object) bool {
	if k.attached(o) {
		return true
	}
	for _, key := range k.texts {
		if _, ok := rawjson.Unquote(o.Get(key)); ok {
			return true
		}
	}
	return false
}
