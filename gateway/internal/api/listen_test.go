package api

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestUnixSocketThatWasLeftBehindIsTakenOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if other, err := Listen(t.Context(), path); err == nil {
		other.Close()
		t.Error("it is taken from who listens there")
	}
	killed.SetUnlinkOnClose(false) // as after kill -9
	killed.Close()
	listener, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Stat(path)
	if err != nil || file.Mode().Perm() != socketMode {
		t.Errorf("%v, %v", file.Mode(), err)
	}
	listener.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it is left behind: %v", err)
	}
}

func TestFileThatIsNoSocketStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if listener, err := Listen(t.Context(), path); err == nil {
		listener.Close()
		t.Error("it was taken over")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}
