package store

import (
	"errors"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// What can't fit is refused before it costs anybody else a second statement.
func TestWhatCannotFitIsRejectedBeforeTheDatabaseSeesIt(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE TABLE "Message" (id TEXT PRIMARY KEY, text VARCHAR(5) NOT NULL, "userId" UUID NOT NULL, "roomId" INTEGER NOT NULL)`)
	watch := &counts{}
	s := open(t, Config{URL: url, Observer: watch})
	good := message.Draft{Room: "1", User: aUUID, Text: "12345"}
	for name, spoil := range map[string]func(*message.Draft){
		"not a number":     func(d *message.Draft) { d.Room = "general" },
		"too big":          func(d *message.Draft) { d.Room = "2147483648" },
		"another spelling": func(d *message.Draft) { d.Room = "01" },
		"not a uuid":       func(d *message.Draft) { d.User = "u1" },
		"too long":         func(d *message.Draft) { d.Text = "123456" },
		"a NUL":            func(d *message.Draft) { d.Text = "\x00" },
		"not UTF-8":        func(d *message.Draft) { d.Text = "\xff" },
		"an empty value":   func(d *message.Draft) { d.Room = "" },
	} {
		d := good
		spoil(&d)
		if err := atOnce(s, d); !errors.Is(err, message.ErrRejected) {
			t.Errorf("%s: %v before Save returned", name, err)
		}
	}
	mustSave(t, s, good)
	if watch.committed != 1 || watch.failed["rejected"] != 8 {
		t.Errorf("counted %v", watch)
	}
}

func TestATextTooLongForItsColumnIsRejectedNotCut(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, `CREATE DOMAIN short AS VARCHAR(5); CREATE TABLE "Message" (id TEXT PRIMARY KEY, text short NOT NULL, "userId" TEXT, "roomId" VARCHAR(3))`)
	s := open(t, Config{URL: url})
	mustSave(t, s, draft("123", "12345"))
	if _, err := save(t, s, draft("123", "123456")); !errors.Is(err, message.ErrRejected) {
		t.Errorf("text: %v", err)
	}
	if _, err := save(t, s, draft("1234", "12345")); !errors.Is(err, message.ErrRejected) {
		t.Errorf("room: %v", err)
	}
	if got := dbtest.Column(t, url, allTexts); len(got) != 1 {
		t.Errorf("rows %q", got)
	}
}
