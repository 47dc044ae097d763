package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// The message table of an app whose messages go to persons, and of one whose messages go to rooms or persons.
const (
	directTable = `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "senderId" TEXT NOT NULL, "receiverId" TEXT NOT NULL, "createdAt" TIMESTAMP NOT NULL)`
	eitherTable = `CREATE TABLE "Message" (id INTEGER PRIMARY KEY, text TEXT NOT NULL, "senderId" TEXT NOT NULL, "receiverId" TEXT, "roomId" TEXT, "createdAt" TIMESTAMP NOT NULL)`
)

// fileWith gives the URL of a SQLite file with that table.
func fileWith(t testing.TB, table string) string {
	t.Helper()
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, url, table)
	return url
}

// onBothWith runs f on a fresh database of each kind with that table.
func onBothWith(t *testing.T, table string, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, fileWith(t, table))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, dbtest.Postgres(t, strings.Replace(table, "id INTEGER", "id SERIAL", 1)))
	})
}

func TestMessagesToPersonsAreStoredWithTheirReceiver(t *testing.T) {
	t.Parallel()
	onBothWith(t, directTable, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		if m := s.Mapping(); m.Receiver.Name != "receiverId" || m.Room.Name != "" || !strings.Contains(m.String(), "receiver=receiverId") {
			t.Errorf("mapping %s", m)
		}
		there := mustSave(t, s, message.Draft{Receiver: "bob", User: "ann", Text: "hi"})
		back := mustSave(t, s, message.Draft{Receiver: "ann", User: "bob", Text: "hello"})
		if string(there.Receiver) != `"bob"` || there.Room != nil || !back.CreatedAt.After(there.CreatedAt) {
			t.Errorf("answers %+v, %+v", there, back)
		}
		if _, err := save(t, s, message.Draft{Room: "r", User: "ann", Text: "hi"}); !errors.Is(err, message.ErrRejected) {
			t.Errorf("a room where there is none: %v", err)
		}
		shut(t, s)
		r, err := Inspect(t.Context(), Config{URL: url})
		if err != nil || r.Trial.Err != nil || r.Trial.Receiver != "ann" || r.Trial.User != "bob" || r.LastText != "hello" {
			t.Errorf("trial %+v of %q, %v", r.Trial, r.LastText, err)
		}
	})
}

func TestARowHasARoomOrAReceiver(t *testing.T) {
	t.Parallel()
	onBothWith(t, eitherTable, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		first := mustSave(t, s, message.Draft{Receiver: "bob", User: "ann", Text: "psst"})
		for !time.Now().Truncate(time.Millisecond).After(first.CreatedAt) { // the newest is found by its time alone
		}
		mustSave(t, s, message.Draft{Room: "r", User: "ann", Text: "hi"})
		rows, err := s.newest(t.Context(), 2)
		if err != nil || len(rows) != 2 || rows[0].room != "r" || rows[0].receiver != "" || rows[1].room != "" || rows[1].receiver != "bob" {
			t.Errorf("rows %+v, %v", rows, err)
		}
		shut(t, s)
		r, err := Inspect(t.Context(), Config{URL: url})
		if err != nil || r.Trial.Err != nil || r.Trial.Room != "r" {
			t.Errorf("trial %+v, %v", r.Trial, err)
		}
	})
}

func TestARefusedMessageToAPersonIsTakenOutAgain(t *testing.T) {
	t.Parallel()
	onBothWith(t, eitherTable, func(t *testing.T, url string) {
		s := open(t, Config{URL: url})
		mustSave(t, s, message.Draft{Receiver: "eve", User: "ann", Text: "psst"})
		stored := mustSave(t, s, message.Draft{Receiver: "bob", User: "ann", Text: "psst"})
		gone := &entry{id: string(stored.ID), text: "psst", user: "ann", receiver: "bob", stored: stored}
		must(t, s.table.remove(t.Context(), []*entry{gone}))
		rows, err := s.newest(t.Context(), 2)
		if err != nil || len(rows) != 1 || rows[0].receiver != "eve" {
			t.Errorf("left are %+v, %v", rows, err)
		}
	})
}

func TestAPersonIsNeverARoom(t *testing.T) {
	t.Parallel()
	users := `CREATE TABLE "User" (id TEXT PRIMARY KEY); CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL,
		"senderId" TEXT NOT NULL REFERENCES "User"(id), peer TEXT NOT NULL REFERENCES "User"(id))`
	both := strings.Replace(directTable, `"createdAt"`, `"roomId" TEXT NOT NULL, "createdAt"`, 1)
	for name, c := range map[string]struct {
		table  string
		config Config
		want   string
	}{
		"by its name":         {directTable, Config{RoomColumn: "receiverId"}, "set MESSAGE_RECEIVER_COLUMN=receiverId instead of MESSAGE_ROOM_COLUMN"},
		"by its key":          {users, Config{RoomColumn: "peer"}, "set MESSAGE_RECEIVER_COLUMN=peer"},
		"neither is there":    {users, Config{}, "MESSAGE_RECEIVER_COLUMN"},
		"both must be filled": {both, Config{ReceiverColumn: "receiverId"}, "one of them stays empty"},
		"one for two":         {directTable, Config{ReceiverColumn: "senderId", UserColumn: "senderId"}, "can't be two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.config.URL = fileWith(t, c.table)
			s, err := Open(context.Background(), c.config)
			if err == nil {
				shut(t, s)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	s := open(t, Config{URL: fileWith(t, users), ReceiverColumn: "peer"})
	defer shut(t, s)
	if s.Mapping().Receiver.Name != "peer" {
		t.Errorf("mapping %s", s.Mapping())
	}
}
