package saved

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// childURL is the variable that makes the test binary a gateway on that database, which is to be killed.
const childURL = "SAVED_TEST_CHILD"

const childSessions = 100

// beChild keeps sessions until it is killed, and says when all of them are written.
func beChild(url string) {
	u, err := database.Parse(url)
	if err != nil {
		panic(err)
	}
	r := &record{counts: map[string]int{}}
	s, err := Open(context.Background(), u, Options{Window: time.Minute, Observer: r})
	if err != nil {
		panic(err)
	}
	for i := range childSessions {
		s.changed(childSession(i))
	}
	for r.counted("written") < childSessions {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("written")
	select {}
}

func childSession(i int) *socket {
	return connect(fmt.Sprint("sid-", i), fmt.Sprint("user-", i), "lobby", fmt.Sprint("room-", i))
}

func TestSessionsOutliveAKilledProcess(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string, _ func(string)) {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childURL+"="+url)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		line, _ := bufio.NewReader(out).ReadString('\n')
		child.Process.Kill()
		child.Wait()
		if line != "written\n" {
			t.Fatalf("the child said %q", line)
		}
		g := start(t, url, Options{})
		for i := range childSessions {
			wants(t, g.claim(fmt.Sprint("sid-", i)), childSession(i))
		}
		wants(t, g.claim("sid-unknown"), nil)
		eventually(t, "counted", func() bool { return g.counted("found") == childSessions && g.counted("none") == 1 })
	})
}
