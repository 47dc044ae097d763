package app

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// appSettings are for a gateway that leaves everything to the app: nothing else is set.
func appSettings(t *testing.T) config.Config {
	t.Helper()
	folder, err := os.MkdirTemp("", "sg") // t.TempDir is named after the test: too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	c := config.Default()
	c.Host, c.Port = "127.0.0.1", 0
	c.Handlers, c.AttachAddr, c.AttachKey = "app", filepath.Join(folder, "attach.sock"), config.Secrets{testSecret}
	return c
}

func TestWhatIsAllTheAppsNeedsNeitherLoginNorDatabase(t *testing.T) {
	t.Parallel()
	c := appSettings(t)
	a, stop := start(t, c)
	if status, body := get(t, a.Addr().String(), "/readyz"); status != 200 || !strings.Contains(body, "no app is attached: clients wait") {
		t.Errorf("/readyz says %d %q", status, body)
	}
	if status, body := get(t, a.Addr().String(), "/socket.io/?EIO=4&transport=polling"); status != 200 || !strings.HasPrefix(body, "0{") {
		t.Errorf("a client is told %d %q", status, body)
	}
	conn, err := net.Dial("unix", c.AttachAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var hello [5]byte
	conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := conn.Read(hello[:]); err != nil || hello[4] != 0 {
		t.Errorf("who dials is told %x, %v", hello, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestReadinessEndsWhenClientsAreNotHeldAnyLonger(t *testing.T) {
	t.Parallel()
	c := appSettings(t)
	c.AttachHold = time.Millisecond
	a, _ := start(t, c)
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		status, body := get(t, a.Addr().String(), "/readyz")
		if status == 503 && body == "no app is attached\n" {
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("/readyz says %d %q", status, body)
		}
	}
}

func TestASocketThatAKilledGatewayLeftBehindIsTakenOver(t *testing.T) {
	t.Parallel()
	c := appSettings(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: c.AttachAddr, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	start(t, c)
}
