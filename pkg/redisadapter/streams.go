package redisadapter

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/pkg/socketio"
)

// Times and sizes of reading a stream. A read that nothing answers is given up a little after it should have ended by itself.
const (
	streamBlock  = time.Second
	streamWithin = streamBlock + answerWithin
	streamCount  = 100
)

// readStream tells what is added to Options.Stream, from now on. After an outage it goes on where it was.
func (a *Adapter) readStream(ctx context.Context) {
	last, failures := "", 0
	reads := func() {
		if failures > 1 {
			a.options.Observer.Stream(nil)
		}
		failures = 0
	}
	for ctx.Err() == nil {
		if err := a.followStream(ctx, &last, reads); err != nil && ctx.Err() == nil {
			if failures++; failures == 2 { // once a connection was lost
				a.options.Observer.Stream(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(retryAtMost):
			}
		}
	}
}

// followStream reads until an error, on a connection of its own. Reads is called after each time that it could.
func (a *Adapter) followStream(ctx context.Context, last *string, reads func()) error {
	d, release := a.client.Dedicate()
	defer release()
	for {
		if *last == "" {
			id, err := a.endOfStream(ctx)
			if err != nil {
				return err
			}
			*last = id
		}
		entries, err := a.moreOfStream(ctx, d, *last)
		if err != nil {
			d.Close() // it may still be blocked
			return err
		}
		reads()
		for _, entry := range entries {
			*last = entry.ID
			a.tellEntry(entry.FieldValues)
		}
	}
}

// endOfStream is the last entry's id: "$" would miss what is added between two reads.
func (a *Adapter) endOfStream(ctx context.Context) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	entries, err := a.client.Do(ctx, a.client.B().Xrevrange().Key(a.options.Stream).End("+").Start("-").Count(1).Build()).AsXRange()
	switch {
	case err != nil && !rueidis.IsRedisNil(err):
		return "", fmt.Errorf("redisadapter: read the end of the stream: %w", err)
	case len(entries) == 0:
		return "0-0", nil
	}
	return entries[0].ID, nil
}

func (a *Adapter) moreOfStream(ctx context.Context, d rueidis.DedicatedClient, last string) ([]rueidis.XRangeEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, streamWithin)
	defer cancel()
	command := d.B().Xread().Count(streamCount).Block(streamBlock.Milliseconds()).Streams().Key(a.options.Stream).Id(last).Build()
	streams, err := d.Do(ctx, command).AsXRead()
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return streams[a.options.Stream], err
}

// tellEntry tells one entry, whose fields are those of an envelope. Its data are JSON, or msgpack in base64.
func (a *Adapter) tellEntry(fields map[string]string) {
	if a.seal != nil {
		a.options.Observer.Dropped(InUnsealed, 1)
		return
	}
	number, err := strconv.Atoi(fields["type"])
	if err != nil || fields["nsp"] == "" {
		return // a heartbeat, or nothing of ours
	}
	e := envelope{Type: number, UID: fields["uid"], Namespace: fields["nsp"]}
	if e.Data, err = streamData(fields["data"], a.options.MaxMessage); err != nil {
		a.options.Observer.Dropped(InUnreadable, 1)
		return
	}
	err = e.tell(a.namespace, func(ns *socketio.Namespace, event string, args []json.RawMessage) {
		a.errand(func() { a.serverEvent(ns, &message{event: event, args: args}) })
	})
	if err != nil {
		a.options.Observer.Dropped(InUnreadable, 1)
	}
}

func streamData(text string, most int) (json.RawMessage, error) {
	if len(text) > most {
		return nil, errMessage
	}
	if strings.HasPrefix(text, "{") {
		return asJSON([]byte(text))
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errMessage
	}
	return asJSON(packed)
}
