package app

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
)

// User 5 would hear conversation 5, whoever may be in it.
func TestRoomsOfUsersByTheBareIDAreRefusedWhereRoomsHaveSuchIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		room, user, personal string
		refused              bool
	}{
		{"INTEGER", "INTEGER", "$user", true}, {"INTEGER", "INTEGER", "user:$user", false}, {"TEXT", "INTEGER", "$user", false}, {"TEXT", "TEXT", "$user", false},
	} {
		settings := testSettings()
		url := "file:" + filepath.Join(t.TempDir(), "test.db")
		dbtest.SQLite(t, url, `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "userId" `+c.user+` NOT NULL, "roomId" `+c.room+` NOT NULL)`)
		settings.DatabaseURL = config.DatabaseURL(url)
		settings.PersonalRoom, settings.RoomAccessQuery = c.personal, "SELECT 1 WHERE $1 = $2"
		a, err := Open(t.Context(), settings, slog.New(slog.DiscardHandler), nil)
		if refused := err != nil && strings.Contains(err.Error(), "PERSONAL_ROOM"); refused != c.refused {
			t.Errorf("%s rooms, %s users, PERSONAL_ROOM=%s: %v", c.room, c.user, c.personal, err)
		}
		if err == nil {
			a.close(t.Context())
		}
	}
}
