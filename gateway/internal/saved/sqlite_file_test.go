package saved

import (
	"os"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

func TestADamagedFileIsMovedAside(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, path string){
		"no file of SQLite's": func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("garbage ", 2000)), 0o600))
		},
		"a page is gone": func(t *testing.T, path string) {
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			must(t, err)
			defer file.Close()
			info, err := file.Stat()
			must(t, err)
			_, err = file.WriteAt(make([]byte, info.Size()-4096), 4096)
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := newSQLite(t)
			first := start(t, url, Options{})
			first.save(connect("ann", "u1", "a"))
			first.stop()
			path := fileOf(url) + beside
			must(t, os.Remove(path+"-wal")) // which would mend it
			damage(t, path)
			second, bob := start(t, url, Options{}), connect("bob", "u2", "a")
			wants(t, second.claim("ann"), nil)
			second.save(bob)
			wants(t, start(t, url, Options{}).claim("bob"), bob)
			if _, err := os.Stat(path + damaged); err != nil || strings.Count(second.said(), "moved aside") != 1 {
				t.Errorf("%v, and the log says\n%s", err, second.said())
			}
		})
	}
}

func TestAFileThatIsDamagedWhileItIsOpenIsMadeAnew(t *testing.T) {
	t.Parallel()
	url := newSQLite(t)
	g, ann := start(t, url, Options{}), connect("ann", "u1", "a")
	g.save(ann)
	other, err := database.OpenSQLite(fileOf(url)+beside, database.Write, 1)
	must(t, err)
	_, err = other.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	must(t, err)
	must(t, other.Close())
	must(t, os.WriteFile(fileOf(url)+beside, []byte(strings.Repeat("garbage ", 4096)), 0o600))
	eventually(t, "moved aside", func() bool { return strings.Contains(g.said(), "moved aside") })
	eventually(t, "everybody written who is connected", func() bool { return g.counted("written") >= 2 })
	wants(t, start(t, url, Options{}).claim("ann"), ann)
}

// The tests may run as root, to whom no file is forbidden: so a folder is in the way.
func TestAFileThatCanNotBeMadeIsSaidOnce(t *testing.T) {
	t.Parallel()
	url := newSQLite(t)
	must(t, os.Mkdir(fileOf(url)+beside, 0o700))
	g := start(t, url, Options{})
	g.changed(connect("ann", "u1", "a"))
	wants(t, g.claim("ann"), nil)
	must(t, (&claimer{Sessions: g.Sessions}).serve([]*claim{newClaim("/", "ann")})) // as one that was asked just before
	if said := g.said(); strings.Count(said, "let the gateway's user write") != 1 || !strings.Contains(said, fileOf(url)+beside) {
		t.Errorf("the log says\n%s", said)
	}
}

func TestTheFileIsForWhomTheDatabaseIs(t *testing.T) {
	t.Parallel()
	url := newSQLite(t)
	must(t, os.Chmod(fileOf(url), 0o640))
	start(t, url, Options{}).save(connect("ann", "u1", "a"))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(fileOf(url) + beside + suffix)
		must(t, err)
		if info.Mode().Perm() != 0o640 {
			t.Errorf("%s is %v", info.Name(), info.Mode())
		}
	}
}
