package socketio

import "encoding/json"

// EmitJSON is Emit of arguments that are JSON already, in UTF-8, in which Binary reads attachments, as in Event.Args: what another server
// has said. They are not looked at.
func (b Broadcast) EmitJSON(event string, args []json.RawMessage) error {
	if !b.local {
		return b.Emit(event, valuesOf(args)...)
	}
	d, err := newJSONDraft(b.ns.name, event, args)
	if err != nil {
		return err
	}
	defer d.free()
	if b.kept && b.ns.recovery != nil {
		_, err = b.ns.recovery.tell(b.ns, event, &d, b.to)
		return err
	}
	m, err := b.ns.finish(event, &d, "")
	if err != nil {
		return err
	}
	b.tell(&m)
	return nil
}

func valuesOf(args []json.RawMessage) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg
	}
	return values
}
