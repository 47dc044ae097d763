package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// channel is where the function tells that there are new rows.
const channel = "socketgate_emits"

// MaxPayload is how many bytes the payload of an emit may have; the function refuses more.
const MaxPayload = 256 << 10

// The row has the payload as the app wrote it. An insert needs no look at the two indexes' other rows, and both are small, since old rows go.
const createEmits = `CREATE TABLE IF NOT EXISTS socketgate.emits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room text NOT NULL,
    event text NOT NULL,
    payload json NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    position bigint                 -- its place among the messages; NULL until a gateway has taken it
);
CREATE INDEX IF NOT EXISTS emits_untaken ON socketgate.emits (id) WHERE position IS NULL;
CREATE INDEX IF NOT EXISTS emits_room ON socketgate.emits (room, position)`

// The function for texts comes first, so that a literal and a driver's text need no cast. It acts with the rights of the role that made it, so
// that the app's role needs none on the table.
const createEmit = `CREATE OR REPLACE FUNCTION socketgate.emit(room text, event text, payload text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $emit$
BEGIN
    IF coalesce(octet_length(room), 0) NOT BETWEEN 1 AND 256 THEN
        RAISE EXCEPTION 'socketgate.emit: the room should be a text of 1 to 256 bytes' USING ERRCODE = '22023';
    ELSIF coalesce(octet_length(event), 0) NOT BETWEEN 1 AND 256
        OR event IN ('connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener') THEN
        RAISE EXCEPTION 'socketgate.emit: the event should be a name of 1 to 256 bytes that Socket.IO has not taken' USING ERRCODE = '22023';
    ELSIF payload IS NULL THEN
        RAISE EXCEPTION 'socketgate.emit: the payload is NULL; JSON has the text null for that' USING ERRCODE = '22023';
    ELSIF octet_length(payload) > %d THEN
        RAISE EXCEPTION 'socketgate.emit: the payload has %% bytes, %d are the most', octet_length(payload) USING ERRCODE = '22023';
    END IF;
    INSERT INTO socketgate.emits (room, event, payload) VALUES (room, event, payload::json);
    PERFORM pg_notify('%s', '');
END $emit$;
CREATE OR REPLACE FUNCTION socketgate.emit(room text, event text, payload json) RETURNS void LANGUAGE sql
AS $emit$ SELECT socketgate.emit(room, event, payload::text) $emit$;
CREATE OR REPLACE FUNCTION socketgate.emit(room text, event text, payload jsonb) RETURNS void LANGUAGE sql
AS $emit$ SELECT socketgate.emit(room, event, payload::text) $emit$;
REVOKE ALL ON FUNCTION ` + functions + ` FROM PUBLIC`

const (
	functions    = `socketgate.emit(text, text, text), socketgate.emit(text, text, json), socketgate.emit(text, text, jsonb)`
	grantExecute = `GRANT EXECUTE ON FUNCTION ` + functions
)

// Objects are what this package keeps in the schema socketgate.
func Objects() []database.Own {
	return []database.Own{
		{Name: "emits", Create: createEmits, Grant: "GRANT SELECT, UPDATE, DELETE ON socketgate.emits"},
		{Name: "emit", Create: fmt.Sprintf(createEmit, MaxPayload, MaxPayload, channel), Grant: grantExecute, Function: true},
	}
}

// GrantApp is the SQL that lets the web app's role emit. Role is the role's name, not quoted.
func GrantApp(role string) string {
	role = database.Quote(role)
	return "GRANT USAGE ON SCHEMA " + database.OwnSchema + " TO " + role + ";\n" + grantExecute + " TO " + role + ";\n"
}

// prepare tries what is needed, and makes what is missing.
func (o *Outbox) prepare(ctx context.Context) error {
	err := o.try(ctx)
	if !database.IsForbidden(err) {
		return err
	}
	_, made := o.pool.Exec(ctx, database.CreateOwn(Objects()...))
	if err = o.try(ctx); !database.IsForbidden(err) {
		return err
	}
	return fmt.Errorf("%w; let the owner of the database run what socketgate schema -app ROLE prints, with the web app's role", errors.Join(err, made))
}

// try has the server check rights, which it does no sooner, and changes nothing.
func (o *Outbox) try(ctx context.Context) error {
	for _, sql := range []string{
		`SELECT id, room, event, payload, at, position FROM socketgate.emits WHERE false FOR UPDATE`,
		`DELETE FROM socketgate.emits WHERE false`,
		`SELECT 'socketgate.emit(text, text, text)'::regprocedure`,
	} {
		if _, err := o.pool.Exec(ctx, sql); err != nil {
			return database.PostgresFault(err)
		}
	}
	return nil
}
