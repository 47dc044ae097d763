package database

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// locate finds the file of a path in DATABASE_URL, as an absolute path. What is relative is read from the folder of the schema by
// Prisma up to 6, and from the working directory by Prisma 7 and others. A file without tables is one that somebody opened by
// mistake: it hides no other, and is an error if there is no other.
func locate(path string) (string, error) {
	candidates := sqliteCandidates(path)
	var empty string
	for _, candidate := range candidates {
		switch stateOf(candidate) {
		case fileHasTables:
			return filepath.Abs(candidate)
		case fileIsEmpty:
			empty = cmp.Or(empty, candidate)
		}
	}
	if empty != "" {
		return "", fmt.Errorf("DATABASE_URL: the SQLite file %s is empty; make its tables first (npx prisma migrate dev)", empty)
	}
	return "", fmt.Errorf("DATABASE_URL: no SQLite file at %s; make it first (npx prisma migrate dev)", strings.Join(candidates, " or "))
}

// fileWarnings tells which other files the path may have meant, if there is one to take.
func fileWarnings(path string) []string {
	var taken string
	var others, warnings []string
	for _, candidate := range sqliteCandidates(path) {
		switch state := stateOf(candidate); {
		case state == fileHasTables && taken == "":
			taken = candidate
		case state == fileHasTables:
			others = append(others, candidate)
		case state == fileIsEmpty:
			others = append(others, candidate+" (which is empty)")
		}
	}
	for _, other := range others {
		if taken != "" {
			warnings = append(warnings, fmt.Sprintf("DATABASE_URL may mean %s, or %s: the first is taken; an absolute path leaves no doubt", taken, other))
		}
	}
	return warnings
}

// sqliteCandidates lists the files that the path may mean, the likeliest first.
func sqliteCandidates(path string) []string {
	spellings := []string{path}
	if decoded := percentDecoded(path); decoded != path { // Prisma takes the path as it is, libsql and file URLs don't
		spellings = append(spellings, decoded)
	}
	var all []string
	for _, spelling := range spellings {
		if filepath.IsAbs(spelling) {
			all = append(all, spelling)
			continue
		}
		for _, folder := range sqliteFolders() {
			all = append(all, filepath.Join(folder, spelling))
		}
	}
	return all
}

// sqliteFolders lists the folders that a relative path may start from.
func sqliteFolders() []string {
	folders := append(schemaFolders(), ".")
	if major := prismaMajor(); major == 0 || major >= 7 {
		folders = append([]string{"."}, folders...)
	}
	return distinct(folders)
}

// schemaFolders lists where Prisma's schema may be: where prisma.config or package.json says, and where Prisma looks.
func schemaFolders() []string {
	folders := []string{"prisma", filepath.Join("prisma", "schema")}
	if schema := configuredSchema(); schema != "" {
		if strings.HasSuffix(schema, ".prisma") {
			schema = filepath.Dir(schema)
		}
		folders = append([]string{filepath.Clean(schema)}, folders...)
	}
	return distinct(folders)
}

// distinct keeps the first of equal ones.
func distinct(all []string) []string {
	var kept []string
	for _, one := range all {
		if !slices.Contains(kept, one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// besideSchema finds a file that Prisma would find, such as a certificate, by a path from the folder of the schema.
func besideSchema(path string) string {
	if _, err := os.Stat(path); err == nil || filepath.IsAbs(path) {
		return path
	}
	for _, folder := range schemaFolders() {
		if _, err := os.Stat(filepath.Join(folder, path)); err == nil {
			return filepath.Join(folder, path)
		}
	}
	return path
}

// packageJSON is what package.json says about Prisma.
type packageJSON struct {
	Prisma          struct{ Schema string }
	Dependencies    map[string]string
	DevDependencies map[string]string
}

func readPackageJSON() (p packageJSON) {
	text, err := readSmall("package.json")
	if err == nil {
		_ = json.Unmarshal(text, &p) // what is not one says nothing about Prisma
	}
	return p
}

// configuredSchema returns the path of the schema, or nothing where it is left to Prisma.
func configuredSchema() string {
	for _, name := range []string{"prisma.config", filepath.Join(".config", "prisma")} {
		for _, extension := range []string{".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"} {
			text, err := readSmall(name + extension)
			if err != nil {
				continue
			}
			text = bytes.ReplaceAll(text, []byte("process.cwd()"), nil)
			if found := schemaInConfig.FindSubmatch(text); found != nil {
				var parts []string
				for _, part := range literal.FindAllSubmatch(found[1], -1) {
					parts = append(parts, string(part[1]))
				}
				return filepath.Join(parts...)
			}
		}
	}
	return readPackageJSON().Prisma.Schema
}

// The schema in prisma.config.ts is a text, or path.join of some.
var (
	schemaInConfig = regexp.MustCompile("\\bschema\\s*:\\s*((?:path\\.)?(?:join|resolve)\\([^)]*\\)|[\"'`][^\"'`\n]*[\"'`])")
	literal        = regexp.MustCompile("[\"'`]([^\"'`\n]*)[\"'`]")
)

// prismaMajor returns the major version of Prisma that package.json asks for, or 0.
func prismaMajor() int {
	p := readPackageJSON()
	for _, dependencies := range []map[string]string{p.Dependencies, p.DevDependencies} {
		for _, name := range []string{"@prisma/client", "prisma"} {
			if digits := firstNumber.FindString(dependencies[name]); digits != "" {
				major, _ := strconv.Atoi(digits)
				return major
			}
		}
	}
	return 0
}

var firstNumber = regexp.MustCompile(`[0-9]+`)

// readSmall reads the beginning of a file.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 1<<20))
}

type fileState int

const (
	fileMissing fileState = iota
	fileIsEmpty
	fileHasTables
)

// stateOf looks into a SQLite file without opening it as one, which might write to it. Its first page begins with a header of 100
// bytes, and then is the root of the schema's tree: a leaf (13) without cells holds no table. https://sqlite.org/fileformat.html
func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return fileMissing
	}
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return fileHasTables // what they are stands in the log, perhaps
	}
	file, err := os.Open(path)
	if err != nil {
		return fileHasTables // opening it will say what is wrong
	}
	defer file.Close()
	var page [105]byte
	n, err := io.ReadFull(file, page[:])
	if n == 0 || err == nil && page[100] == 13 && page[103] == 0 && page[104] == 0 {
		return fileIsEmpty
	}
	return fileHasTables
}
