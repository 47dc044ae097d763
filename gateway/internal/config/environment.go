package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/joho/godotenv"
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

// alias tells which of the app's own variables may be the missing one, and the line that passes it on. Only the same file
// can refer to it. It is nil where there is none.
func (e environment) alias(missing string, others []string) error {
	for _, other := range others {
		if s := e[other]; s.file != "" && strings.TrimSpace(s.value) != "" {
			return hint("but the app has %s: if that is it, add %s=${%s} below it, in %s", other, missing, other, s.file)
		}
	}
	return nil
}

// readEnvironment merges what the process has (as os.Environ gives it) with the .env files in dir.
func readEnvironment(dir string, process []string) (environment, Faults, []string) {
	env := environment{}
	for _, line := range process {
		if key, value, ok := strings.Cut(line, "="); ok && !fromKubernetes(key, value) {
			env[key] = setting{value: value}
		}
	}
	var faults Faults
	var warnings []string
	for _, file := range dotenvFiles(env["NODE_ENV"].value) {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) || isDirectory(filepath.Join(dir, file)) { // Docker makes a directory for a missing mount
			continue
		}
		values, parseErr := godotenv.UnmarshalBytes(text)
		switch {
		case err != nil:
			faults = append(faults, fmt.Sprintf("%s cannot be read: %v", file, errors.Unwrap(err)))
		case parseErr != nil: // its text may quote a secret
			faults = append(faults, file+" cannot be understood; it should hold lines like NAME=value, and every quote that is opened should be closed")
		}
		for key, value := range values {
			if _, ok := env[key]; !ok {
				env[key] = setting{value: value, file: file}
			}
		}
		warnings = append(warnings, undefinedReferences(file, string(text), values)...)
	}
	return env, faults, warnings
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

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// fromKubernetes tells the variables that Kubernetes puts into every container for a Service named "gateway", such as
// GATEWAY_PORT=tcp://10.0.0.7:4000, which nobody meant for us.
func fromKubernetes(key, value string) bool {
	return serviceLink.MatchString(key) || key == "GATEWAY_PORT" && strings.Contains(value, "://")
}

var serviceLink = regexp.MustCompile(`^GATEWAY_(SERVICE_(HOST|PORT.*)|PORT_[0-9]+_(TCP|UDP|SCTP).*)$`)

// undefinedReferences warns of ${NAME} in a variable of ours where the file does not define NAME. godotenv makes an
// empty text of it, and a database URL without its password is hard to find.
func undefinedReferences(file, text string, values map[string]string) []string {
	var warnings []string
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, "=")
		key = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(key), "export "))
		if !known(strings.TrimPrefix(key, prefix+"_")) || strings.HasPrefix(strings.TrimSpace(value), "'") { // taken literally
			continue
		}
		for _, reference := range references.FindAllStringSubmatch(value, -1) {
			if _, ok := values[reference[1]]; !ok {
				warnings = append(warnings, fmt.Sprintf("%s in %s uses ${%s}, which this file does not define: it reads as empty",
					key, file, reference[1]))
			}
		}
	}
	return warnings
}

var references = regexp.MustCompile(`\$\{(\w+)\}`)
