package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

const prefix = "GATEWAY"

// An environment holds variables by their full names, each from the source that wins.
type environment map[string]setting

type setting struct {
	value string
	file  string // the .env file it came from, empty for the process
}

// lookup finds a variable by its bare name and says under which name it was set. A blank value is none: compose files
// pass on variables that the user left out as empty ones.
func (e environment) lookup(name string) (key string, s setting, ok bool) {
	for _, key := range []string{prefix + "_" + name, name} {
		if s := e[key]; strings.TrimSpace(s.value) != "" {
			return key, s, true
		}
	}
	return name, setting{}, false
}

// alias tells which of the app's own variables may be the missing one, and the line that passes it on. It is nil where no
// file has one.
func (e environment) alias(missing string, others []string) error {
	for _, other := range others {
		if s := e[other]; s.file != "" && strings.TrimSpace(s.value) != "" {
			return hint("but the app has %s: if that is it, add %s=${%s} below it, in %s", other, missing, other, s.file)
		}
	}
	return nil
}

// ReadEnvironment returns the variables that a start in dir would have, by their full names: those of the process, as
// os.Environ gives them, and of the .env files, as @next/env reads them. It exists to be held against @next/env.
func ReadEnvironment(dir string, process []string) map[string]string {
	env, _, _ := readEnvironment(dir, process)
	values := make(map[string]string, len(env))
	for key, s := range env {
		values[key] = s.value
	}
	return values
}

// readEnvironment merges what the process has (as os.Environ gives it) with the .env files in dir. Only a file that can't be
// opened is a fault; the warnings are about lines of files.
func readEnvironment(dir string, process []string) (environment, Faults, []string) {
	m := merge{env: environment{}, process: map[string]string{}}
	for _, line := range process {
		if key, value, ok := strings.Cut(line, "="); ok && !fromKubernetes(key, value) {
			m.process[key] = value
		}
	}
	own := maps.Clone(m.process)
	var faults Faults
	for _, file := range dotenvFiles(m.process["NODE_ENV"]) {
		path := filepath.Join(dir, file)
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0 {
			continue // Docker makes a directory for a missing mount
		}
		text, err := os.ReadFile(path)
		switch {
		case err == nil:
			m.add(file, text)
		case !errors.Is(err, fs.ErrNotExist):
			faults = append(faults, fmt.Sprintf("%s cannot be read: %v", file, errors.Unwrap(err)))
		}
	}
	for key := range own { // its references are replaced if a file has the variable too
		m.env[key] = setting{value: m.process[key]}
	}
	return m.env, faults, m.warnings
}

// A merge adds files to an environment, the winning one first.
type merge struct {
	env      environment       // what the files so far have set
	process  map[string]string // what process.env of Next.js holds by now
	warnings []string
}

// add does what @next/env does with a file. That one drops a file whole if a value refers to itself without an end.
func (m *merge) add(file string, text []byte) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		m.warn("%s is written in UTF-16, as PowerShell does it, which neither Next.js nor the gateway reads: save it as UTF-8", file)
		return
	}
	assignments, foreign := parseDotenv(decodeUTF8(text))
	for _, line := range foreign {
		m.warn("%s, line %d, is not like NAME=value: it is passed over", file, line)
	}
	values := map[string]string{}
	lines := map[string]int{}
	var keys []string
	for _, a := range assignments {
		if _, again := values[a.key]; !again {
			keys = append(keys, a.key)
		}
		values[a.key], lines[a.key] = a.value, a.line
	}
	for _, key := range keys {
		m.warnOfQuote(file, key, values[key], lines[key])
		value, ok := m.process[key]
		if !ok {
			value = values[key]
		}
		e := expansion{process: m.process, file: values, missing: func(reference string) { m.warnOfReference(file, key, reference, lines[key]) }}
		value, err := e.expand(value)
		if err != nil {
			m.warn("%s, line %d: %s %v; Next.js reads nothing of such a file, and neither does the gateway", file, lines[key], key, err)
			return
		}
		values[key] = value
	}
	for _, key := range keys {
		value, _, _ := strings.Cut(values[key], "\x00") // more an environment can't hold
		m.process[key] = value
		if _, set := m.env[key]; !set {
			m.env[key] = setting{value: value, file: file}
		}
	}
}

// warn notes a line, once: a query has several $ of one kind.
func (m *merge) warn(format string, args ...any) {
	if warning := fmt.Sprintf(format, args...); !slices.Contains(m.warnings, warning) {
		m.warnings = append(m.warnings, warning)
	}
}

// warnOfQuote warns where a value of ours begins with a quote that stayed in it.
func (m *merge) warnOfQuote(file, key, value string, line int) {
	if known(strings.TrimPrefix(key, prefix+"_")) && value != "" && isQuote(value[0]) && !isQuoted(value) {
		m.warn("%s, line %d: the quote before the value of %s is part of it, since none closes it at the end, as Next.js reads it too", file, line, key)
	}
}

// warnOfReference warns where a value of ours lacks something: a database URL without its password is hard to find. What looks
// like a reference by accident may be a part of a secret, so only the form that is meant is repeated.
func (m *merge) warnOfReference(file, key, reference string, line int) {
	switch {
	case !known(strings.TrimPrefix(key, prefix+"_")):
	case intended.MatchString(reference):
		m.warn("%s in %s uses %s, which this file does not define: it reads as empty", key, file, reference)
	default:
		m.warn(`%s, line %d: in %s a $ begins the name of a variable that there is not, which reads as empty, as in Next.js; a $ itself is written \$`, file, line, key)
	}
}

var intended = regexp.MustCompile(`^\$\{[A-Z][A-Z0-9_]*\}$`)

// decodeUTF8 reads bytes as Node does: what is not UTF-8 becomes U+FFFD.
func decodeUTF8(text []byte) string {
	decoded, _ := unicode.UTF8.NewDecoder().Bytes(text) // has no errors
	return string(decoded)
}

// dotenvFiles lists the files that Next.js reads, the winning one first.
func dotenvFiles(nodeEnv string) []string {
	if nodeEnv == "" {
		nodeEnv = "development"
	}
	files := []string{".env." + nodeEnv + ".local"}
	if nodeEnv != "test" {
		files = append(files, ".env.local")
	}
	return append(files, ".env."+nodeEnv, ".env")
}

// fromKubernetes tells the variables that Kubernetes puts into every container for a Service named "gateway", such as
// GATEWAY_PORT=tcp://10.0.0.7:4000, which nobody meant for us.
func fromKubernetes(key, value string) bool {
	return serviceLink.MatchString(key) || key == "GATEWAY_PORT" && strings.Contains(value, "://")
}

var serviceLink = regexp.MustCompile(`^GATEWAY_(SERVICE_(HOST|PORT.*)|PORT_[0-9]+_(TCP|UDP|SCTP).*)$`)
