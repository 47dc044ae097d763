// Command dotenv tells what the gateway reads from .env files, for dotenv.test.js, which holds it against @next/env.
//
// It takes JSON lines from the standard input, {"dir": …, "process": ["NAME=value"]}, and answers each with a line: the
// variables by name.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var question struct {
			Dir     string
			Process []string
		}
		if err := in.Decode(&question); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(config.ReadEnvironment(question.Dir, question.Process)); err != nil {
			log.Fatal(err)
		}
	}
}
