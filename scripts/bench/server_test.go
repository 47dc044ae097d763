//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAServerThatHasEndedSaysHowAndWhy(t *testing.T) {
	t.Parallel()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := &server{kind: yardstick, log: log.Name(), ended: make(chan error, 1), process: exec.Command("sh", "-c", "echo out of memory; exit 3")}
	s.process.Stdout = log
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	s.ended <- s.process.Wait()
	for range 2 { // whoever asks does not take it away from the next
		_, _, err = s.cpu()
		if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "out of memory") {
			t.Fatalf("its CPU was read with %v", err)
		}
	}
	s.stop()
}
