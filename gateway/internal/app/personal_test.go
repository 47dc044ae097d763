package app

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// User 5 would hear conversation 5, whoever may be in it. Of texts it depends on who makes them.
func TestRoomsOfUsersByTheBareIDAreRefusedWhereRoomsHaveSuchIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		room, user, personal string
		refused, warned      bool
	}{
		{"INTEGER", "INTEGER", "$user", true, false}, {"INTEGER", "INTEGER", "user:$user", false, false},
		{"TEXT", "INTEGER", "$user", false, true}, {"TEXT", "TEXT", "$user", false, true}, {"TEXT", "TEXT", "user:$user", false, false},
	} {
		settings := testSettings()
		url := "file:" + filepath.Join(t.TempDir(), "test.db")
		dbtest.SQLite(t, url, `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "userId" `+c.user+` NOT NULL, "roomId" `+c.room+` NOT NULL)`)
		settings.DatabaseURL = config.DatabaseURL(url)
		settings.PersonalRoom, settings.RoomAccessQuery = c.personal, "SELECT 1 WHERE $1 = $2"
		var log bytes.Buffer
		a, err := Open(t.Context(), settings, slog.New(slog.NewTextHandler(&log, nil)), nil)
		if refused := err != nil && strings.Contains(err.Error(), "PERSONAL_ROOM"); refused != c.refused {
			t.Errorf("%s rooms, %s users, PERSONAL_ROOM=%s: %v", c.room, c.user, c.personal, err)
		}
		if warned := strings.Contains(log.String(), "PERSONAL_ROOM"); warned != c.warned {
			t.Errorf("%s rooms, %s users, PERSONAL_ROOM=%s: logged %s", c.room, c.user, c.personal, log.String())
		}
		if err == nil {
			a.close(t.Context())
		}
	}
}
