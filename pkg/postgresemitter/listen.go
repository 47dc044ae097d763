package postgresemitter

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/socketgate/socketgate/pkg/pglisten"
	"github.com/socketgate/socketgate/pkg/redisadapter"
	"github.com/socketgate/socketgate/pkg/socketio"
)

// Options say what is listened to.
type Options struct {
	// Namespaces are those that are heard. Each has a channel, whose name is Prefix, "#" and the namespace; PostgreSQL bounds it to
	// 63 bytes.
	Namespaces []*socketio.Namespace
	// Prefix is the emitter's channelPrefix. Empty is "socket.io".
	Prefix string
	// Table is the emitter's tableName, in which it puts what is too large for a notification or has bytes in it. It may have a
	// schema before a dot. Empty is "socket_io_attachments". The role needs SELECT on it.
	Table string
	// ServerEvent is told of events that are for servers, by serverSideEmit. Nil ignores them.
	ServerEvent func(ns *socketio.Namespace, event string, args []json.RawMessage)
	// Listening is called when all channels are listened to, Lost when the connection is no more, and what is emitted is missed
	// until it is Listening again, and Unreadable for a notification that can't be understood or whose attachment is not there. Nil
	// does nothing. All are called by Listen's goroutine.
	Listening  func()
	Lost       func(error)
	Unreadable func(error)
}

// answerWithin bounds the reading of an attachment.
const answerWithin = 2 * time.Second

// Most of an attachment that is read.
const maxAttachment = 8 << 20

func (o Options) withDefaults() Options {
	o.Prefix = cmp.Or(o.Prefix, "socket.io")
	o.Table = cmp.Or(o.Table, "socket_io_attachments")
	if o.Listening == nil {
		o.Listening = func() {}
	}
	if o.Lost == nil {
		o.Lost = func(error) {}
	}
	if o.Unreadable == nil {
		o.Unreadable = func(error) {}
	}
	return o
}

// Listen tells what is emitted until ctx ends, over one connection of its own, which it makes anew when it is lost. It can't be one
// of PgBouncer's that is shared by transactions.
func Listen(ctx context.Context, config *pgx.ConnConfig, o Options) {
	l := listener{options: o.withDefaults(), namespaces: make(map[string]*socketio.Namespace)}
	for _, ns := range o.Namespaces {
		l.namespaces[ns.Name()] = ns
	}
	var channels []string
	for name := range l.namespaces {
		channels = append(channels, l.options.Prefix+"#"+name)
	}
	pglisten.Listen(ctx, config, pglisten.Options{
		Channels: channels, Heard: l.hear, Listening: l.options.Listening,
		Lost: func(err error) { l.options.Lost(fmt.Errorf("postgresemitter: %w", err)) },
	})
}

type listener struct {
	options    Options
	namespaces map[string]*socketio.Namespace
}

// hear tells one notification. Its error ends the connection.
func (l *listener) hear(ctx context.Context, conn *pgx.Conn, n *pgconn.Notification) error {
	payload := []byte(n.Payload)
	var head struct {
		Attachment string `json:"attachmentId"`
	}
	if err := json.Unmarshal(payload, &head); err != nil {
		l.options.Unreadable(fmt.Errorf("postgresemitter: a notification that is not JSON"))
		return nil
	}
	if head.Attachment != "" {
		var err error
		if payload, err = l.attachment(ctx, conn, head.Attachment); err != nil {
			l.options.Unreadable(fmt.Errorf("postgresemitter: read an attachment: %w", err))
			return ctx.Err()
		}
	}
	e := redisadapter.Emission{Payload: payload, Namespace: strings.TrimPrefix(n.Channel, l.options.Prefix+"#")}
	if err := e.Tell(func(name string) *socketio.Namespace { return l.namespaces[name] }, l.options.ServerEvent); err != nil {
		l.options.Unreadable(err)
	}
	return nil
}

// attachment reads a row that the emitter has added, within the transaction of its notification.
func (l *listener) attachment(ctx context.Context, conn *pgx.Conn, id string) (payload []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	table := pgx.Identifier(strings.Split(l.options.Table, ".")).Sanitize()
	err = conn.QueryRow(ctx, "SELECT payload FROM "+table+" WHERE id = $1::text::bigint AND length(payload) <= $2", id, maxAttachment).Scan(&payload)
	return payload, err
}
