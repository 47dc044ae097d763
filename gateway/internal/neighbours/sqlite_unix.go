//go:build unix

package neighbours

import (
	"context"
	"os"
	"syscall"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// file is a SQLite file with a shared lock on it. Whoever could lock it alone is alone.
type file struct{ *os.File }

// openFile returns nil where the file can't be opened: the store has said so.
func openFile(url database.URL) presence {
	path, err := url.File()
	if err != nil {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	return file{f}
}

// others tells one from none. For a moment it holds the lock alone, or none: another gateway that looks just then is wrong
// until its next look.
func (f file) others(context.Context) (int, error) {
	alone := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return 0, err
	}
	if alone != nil {
		return 1, nil
	}
	return 0, nil
}

func (f file) close() { f.Close() }
