package demo

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func TestTheDatabaseIsMadeOnceAndItsNewestRowsComeFirst(t *testing.T) {
	t.Parallel()
	url := "file:" + filepath.Join(t.TempDir(), "demo.db")
	for range 2 { // the second opening finds what the first has made
		d, err := OpenDatabase(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		for range 3 {
			if _, err := d.db.ExecContext(t.Context(), `INSERT INTO "Message" SELECT 'm' || count(*), 'sealed', 'ann', 'lobby', '2026-01-02T03:04:05.678+00:00' FROM "Message"`); err != nil {
				t.Fatal(err)
			}
		}
	}
	d, err := OpenDatabase(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	var want []Row
	for i := range 4 {
		want = append(want, Row{ID: fmt.Sprint("m", 5-i), Room: "lobby", User: "ann", Text: "sealed", CreatedAt: "2026-01-02T03:04:05.678+00:00"})
	}
	if got, err := d.Recent(t.Context(), 4); err != nil || !slices.Equal(got, want) {
		t.Errorf("rows %v, %v, want %v", got, err, want)
	}
}

func TestTheDemoTouchesNoOtherDatabase(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://ann@127.0.0.1:1/chat", "none", ""} {
		if d, err := OpenDatabase(t.Context(), url); err == nil {
			d.Close()
			t.Errorf("%q: opened", url)
		}
	}
}
