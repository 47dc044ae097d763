// Command wirefuzz makes up what clients may say, has a Socket.IO server of this module read it and pass it on to a
// room, and prints both, so that the official parsers can judge it: wire.test.js beside it starts it.
//
//	go run ./gateway/e2e/wirefuzz [-seed N] [-from N] [-for 30s|1000x] [-payloads FILE,..]
//
// The same seed makes the same packets; -from skips those before. Each line of the output is one exchange, as JSON.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	var r run
	var seed uint64
	var length, files string
	flag.Uint64Var(&seed, "seed", 1, "what the packets are made from")
	flag.Uint64Var(&r.from, "from", 0, "the number of the first packet")
	flag.StringVar(&length, "for", "1000x", "how long: a time like 30s, or a number of packets like 1000x")
	flag.StringVar(&files, "payloads", "", "files of payloads, one on each line, that are tried first")
	flag.Parse()
	r.seed = seed
	if err := r.start(length, files, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "wirefuzz:", err)
		os.Exit(1)
	}
}

// run is one run of the program.
type run struct {
	seed, from uint64
}

func (r run) start(length, files string, out io.Writer) error {
	more, err := until(length, r.from)
	if err != nil {
		return err
	}
	s := newService()
	buffered := bufio.NewWriter(out)
	lines := json.NewEncoder(buffered)
	if files != "" {
		for _, file := range strings.Split(files, ",") {
			if err := r.known(file, s, lines); err != nil {
				return err
			}
		}
	}
	for n := r.from; more(n); n++ {
		g := generator{rand.New(rand.NewPCG(r.seed, n))}
		if err := lines.Encode(s.exchange(strconv.FormatUint(n, 10), g.packet())); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// known tries each payload of a file as an event and as an ack, with one attachment and without.
func (r run) known(file string, s *service, lines *json.Encoder) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for i, payload := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		for _, p := range []said{{kind: "2", payload: payload}, {kind: "27", payload: payload}, {kind: "51-", payload: payload}, {kind: "61-", payload: payload}} {
			if strings.HasSuffix(p.kind, "-") {
				p.attachments = [][]byte{{1, 2, 3}}
			}
			if err := lines.Encode(s.exchange(fmt.Sprintf("%s:%d", file, i+1), p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// until tells whether there is to be another packet.
func until(length string, from uint64) (more func(n uint64) bool, err error) {
	if count, ok := strings.CutSuffix(length, "x"); ok {
		n, err := strconv.ParseUint(count, 10, 64)
		return func(at uint64) bool { return at < from+n }, err
	}
	d, err := time.ParseDuration(length)
	end := time.Now().Add(d)
	return func(uint64) bool { return time.Now().Before(end) }, err
}
