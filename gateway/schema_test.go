package main

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

func TestSchemaIsSQLThatAnAdminCanRun(t *testing.T) {
	t.Parallel()
	owner := dbtest.Postgres(t, "")
	role := dbtest.AsRole(t, owner, "GRANT USAGE ON SCHEMA public")
	name, _, _ := strings.Cut(strings.TrimPrefix(role, "postgres://"), "@")
	dbtest.Exec(t, owner, output(t, "schema", "-role", name))
	dbtest.Exec(t, role, "SELECT FROM socketgate.sessions, socketgate.gateways")
	if sql := output(t, "schema", "-role", `a"b`); !strings.Contains(sql, `TO "a""b";`) {
		t.Errorf("an odd name gives\n%s", sql)
	}
}
