package lockorder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestArchitecturePageShowsTheOrder(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../gateway/docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "```\n" + drawn(order) + "```\n"; !strings.Contains(string(page), want) {
		t.Errorf("ARCHITECTURE.md lacks the order of locks:\n%s", want)
	}
}

// drawn is the order as the page shows it: arrows first, one line for each package they point to, then what is taken
// alone.
func drawn(rules []rule) string {
	var arrows, alone strings.Builder
	var last string
	for _, r := range rules {
		arrow := "─►"
		for i, name := range r.takes {
			switch {
			case i == 0:
				fmt.Fprintf(&arrows, "%-18s %s %s", r.held, arrow, name)
			case packageOf(name) == packageOf(r.takes[i-1]):
				fmt.Fprintf(&arrows, ", %s", name)
			default:
				fmt.Fprintf(&arrows, "\n%-18s %s %s", "", arrow, name)
			}
		}
		if r.takes != nil {
			arrows.WriteString("\n")
			continue
		}
		if packageOf(r.held) != packageOf(last) {
			alone.WriteString("\n" + r.held)
		} else {
			alone.WriteString(", " + r.held)
		}
		last = r.held
	}
	return arrows.String() + "\nnothing is taken while one of these is held:" + alone.String() + "\n"
}

func packageOf(name string) string {
	p, _, _ := strings.Cut(name, ".")
	return p
}

// Package config imports nothing of the project; its one mutex is told of on the page.
var withoutPlace = []string{"gateway/internal/config"}

var (
	declared = regexp.MustCompile(`lockorder\.(?:RW)?Mutex\[(\w+)\]`)
	plain    = regexp.MustCompile(`\bsync\.(RW)?Mutex\b`)
)

func TestEveryMutexHasOnePlaceInTheOrder(t *testing.T) {
	t.Parallel()
	var names []string
	for _, path := range sources(t) {
		source, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		directory := filepath.ToSlash(filepath.Dir(path))
		if directory == "pkg/lockorder" {
			continue
		}
		if plain.Match(source) && !slices.Contains(withoutPlace, directory) {
			t.Errorf("%s has a mutex of package sync: give it a place in the order, by a lockorder.Mutex", path)
		}
		for _, owner := range declared.FindAllSubmatch(source, -1) {
			names = append(names, filepath.Base(directory)+"."+string(owner[1]))
		}
	}
	var ordered []string
	for _, r := range order {
		ordered = append(ordered, r.held)
	}
	slices.Sort(names)
	slices.Sort(ordered)
	if !slices.Equal(names, ordered) {
		t.Errorf("the code has   %v\nthe order has  %v", names, ordered)
	}
}

// sources lists the files of Go in the repository that are no tests, by their paths from the root.
func sources(t *testing.T) (paths []string) {
	t.Helper()
	for _, root := range []string{"gateway", "pkg"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "node_modules", entry.Name() == ".next":
				return filepath.SkipDir
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				path, err = filepath.Rel("../..", path)
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func TestRulesNameMutexesOfTheOrder(t *testing.T) {
	t.Parallel()
	for _, r := range order {
		for _, name := range r.takes {
			known := slices.ContainsFunc(order, func(other rule) bool { return other.held == name })
			if !known && name != everyOther {
				t.Errorf("%s takes %s, which has no rule", r.held, name)
			}
		}
	}
}
