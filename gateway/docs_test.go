package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/app"
)

// read returns a file of the repository by its path from the root.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// between returns what stands between two lines of a page.
func between(t *testing.T, page, start, end string) string {
	t.Helper()
	_, rest, started := strings.Cut(read(t, page), start+"\n")
	found, _, ended := strings.Cut(rest, end)
	if !started || !ended {
		t.Fatalf("%s lacks %s or %s", page, start, end)
	}
	return found
}

func TestVariablesPageIsWhatEnvPrints(t *testing.T) {
	t.Parallel()
	if read(t, "gateway/docs/VARIABLES.md") != output(t, "env") {
		t.Error("make it anew: go run ./gateway env > gateway/docs/VARIABLES.md")
	}
}

func TestOperatePageHasTheReasonsOfTheCode(t *testing.T) {
	t.Parallel()
	var reasons bytes.Buffer
	if err := app.WriteReasons(&reasons); err != nil {
		t.Fatal(err)
	}
	got := between(t, "gateway/docs/OPERATE.md", "<!-- disconnect reasons -->", "<!-- end of disconnect reasons -->")
	if got != reasons.String() {
		t.Errorf("the page should have:\n%s", reasons.String())
	}
}

func TestPagesHaveTheLatestResults(t *testing.T) {
	t.Parallel()
	for _, block := range []struct{ page, start, end, file string }{
		{"BENCHMARKS.md", "<!-- results of scripts/bench/run -->", "<!-- end of the results -->", "results.md"},
		{"BENCHMARKS.md", "<!-- results of scripts/bench/run -attacks -->", "<!-- end of the attacks -->", "attacks.md"},
		{"BENCHMARKS.md", "<!-- results of scripts/bench/run -cluster -->", "<!-- end of the clusters -->", "cluster.md"},
		{"BENCHMARKS.md", "<!-- results of scripts/bench/run -attach -->", "<!-- end of the attached -->", "attached.md"},
		{"ARCHITECTURE.md", "<!-- results of scripts/bench/run -simulate -->", "<!-- end of the simulation -->", "simulation.md"},
	} {
		got := between(t, "gateway/docs/"+block.page, block.start, block.end)
		if want := read(t, "scripts/bench/results/"+block.file); got != want {
			t.Errorf("the page should have:\n%s", want)
		}
	}
}

var figure = regexp.MustCompile(`[\d,.]*\d(/s| KiB| us| ms| times|-\d\d-\d\d)`)

func TestReadmeTellsFiguresOfTheLatestResults(t *testing.T) {
	t.Parallel()
	results := read(t, "scripts/bench/results/results.md")
	figures := figure.FindAllString(between(t, "README.md", "## Figures", "\n## "), -1)
	if len(figures) < 8 {
		t.Errorf("only %q were found", figures)
	}
	for _, f := range figures {
		if !strings.Contains(results, strings.TrimSuffix(f, " times")) {
			t.Errorf("results.md has no %s", f)
		}
	}
}

func TestReadmeIsReadInTwoMinutes(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(read(t, "README.md"), "\n"); lines > 150 {
		t.Errorf("%d lines, at most 150 should be", lines)
	}
}

// Packages of tests have nothing to explain.
func TestArchitecturePageNamesEveryPackage(t *testing.T) {
	t.Parallel()
	page := read(t, "gateway/docs/ARCHITECTURE.md")
	seen := map[string]bool{}
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") || seen[filepath.Dir(path)] {
			continue
		}
		seen[filepath.Dir(path)] = true
		if row := fmt.Sprintf("| `%s` |", filepath.ToSlash(filepath.Dir(path))); !strings.Contains(page, "\n"+row) {
			t.Errorf("the floors lack %s", row)
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d packages were found", len(seen))
	}
}

// files lists the files of the repository whose names end so, by their paths from the root.
func files(t *testing.T, suffix string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"node_modules", ".next", ".git", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, suffix):
			path, err = filepath.Rel("..", path)
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
