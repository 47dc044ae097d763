package database

import (
	"fmt"
	"strings"
)

// OwnSchema is the schema of Postgres in which the gateway keeps what is its own, beside the app's tables.
const OwnSchema = "socketgate"

const createOwnSchema = "CREATE SCHEMA IF NOT EXISTS " + OwnSchema

// Own is something in OwnSchema. Create makes it, and may be run where it is already. Grant is what a role needs to use it that has
// not made it, up to the role's name. Function tells that it is one, and no table or sequence.
type Own struct {
	Name, Create, Grant string
	Function            bool
}

// is the condition that it is there.
func (o Own) is() string {
	catalog, prefix := "pg_class", "rel"
	if o.Function {
		catalog, prefix = "pg_proc", "pro"
	}
	return fmt.Sprintf("EXISTS (SELECT FROM %[1]s c JOIN pg_namespace n ON n.oid = c.%[2]snamespace WHERE n.nspname = '%[3]s' AND c.%[2]sname = '%[4]s')",
		catalog, prefix, OwnSchema, o.Name)
}

// CreateOwn is one statement that makes what is missing of these, and of the schema, of which one role may make this and another
// that. Gateways that start at once wait for each other. It asks for no right that it does not need: IF NOT EXISTS alone would, for what is
// there.
func CreateOwn(list ...Own) string {
	var b strings.Builder
	fmt.Fprintf(&b, "DO $$ BEGIN\n\tPERFORM pg_advisory_xact_lock(7276433260614);\n\tIF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = '%s') THEN %s; END IF;\n",
		OwnSchema, createOwnSchema)
	for _, o := range list {
		fmt.Fprintf(&b, "\tIF NOT %s THEN %s; END IF;\n", o.is(), o.Create)
	}
	return b.String() + "END $$"
}

// OwnScript is the SQL for whoever may make a schema, so that the role can use these. The role is its name as it is.
func OwnScript(role string, list ...Own) string {
	role = Quote(role)
	lines := []string{createOwnSchema}
	for _, o := range list {
		lines = append(lines, o.Create)
	}
	lines = append(lines, fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s", OwnSchema, role))
	for _, o := range list {
		lines = append(lines, o.Grant+" TO "+role)
	}
	return strings.Join(append(lines, ""), ";\n")
}
