package app

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/socketgate/socketgate/"

// A room is a package of the house. A path without a slash is below gateway/internal.
type room struct {
	path string
	// imports are the packages of the project that it may import. They stand further down in the house.
	imports []string
	// without are packages of the standard library that it may not import, nor what is below them.
	without []string
}

// everythingBelow is what the one room may import that puts the others together.
const everythingBelow = "*"

// house is every package from the roof down, so that imports point down. A package that has no room here fails the test.
var house = []room{
	// Programs.
	{path: "gateway", imports: []string{"app", "check", "compose", "config", "database", "demo", "ops", "outbox", "saved", "store", "pkg/token"}},
	{path: "scripts/bench", imports: []string{"scripts/bench/attack", "pkg/engineio/engineclient", "pkg/token"}},
	{path: "scripts/bench/attack", imports: []string{"pkg/engineio/engineclient", "pkg/token"}},
	{path: "scripts/conformance", imports: []string{"pkg/engineio", "pkg/socketio"}},

	{path: "gateway/e2e/clustered", imports: []string{"pkg/postgresemitter", "pkg/redisadapter", "pkg/socketio"}},
	{path: "gateway/e2e/harness/dotenv", imports: []string{"config"}},
	{path: "gateway/e2e/resuming", imports: []string{"pkg/socketio"}},
	{path: "gateway/e2e/wirefuzz", imports: []string{"contract", "pkg/engineio", "pkg/socketio"}},

	// Parts put together.
	{path: "app", imports: []string{everythingBelow}},
	{path: "check", imports: []string{"api", "cluster", "compose", "config", "contract", "database", "neighbours", "ops", "outbox", "redis", "saved", "store", "pkg/engineio/engineclient", "pkg/nodecrypt", "pkg/redisadapter", "pkg/token"}},
	{path: "compose", imports: []string{"chat", "config", "contract", "database", "redis", "sessions", "store", "pkg/engineio", "pkg/nodecrypt", "pkg/redisadapter", "pkg/socketio", "pkg/token"}},
	{path: "config"},

	// Parts.
	{path: "audit", imports: []string{"pkg/lockorder"}, without: []string{"net/http", "database"}},
	{path: "demo", imports: []string{"database"}},
	{path: "neighbours", imports: []string{"database"}},
	{path: "api", imports: []string{"chat", "contract", "pkg/lockorder", "pkg/rawjson"}},
	{path: "attach", imports: []string{"pkg/engineio", "pkg/socketio", "pkg/rawjson", "pkg/lockorder"}, without: []string{"database"}},
	{path: "cluster", imports: []string{"presence", "contract", "pkg/lockorder", "pkg/rawjson", "pkg/redisadapter"}},
	{path: "order", imports: []string{"message", "pkg/lockorder"}, without: []string{"net", "database"}},
	{path: "legacy", imports: []string{"pkg/engineio", "pkg/socketio", "pkg/lockorder"}},
	{path: "ops", imports: []string{"pkg/engineio", "pkg/lockorder"}},
	{path: "chat", imports: []string{"presence", "contract", "message", "pkg/socketio", "pkg/token", "pkg/lockorder"}, without: []string{"net/http", "database"}},
	{path: "presence", imports: []string{"contract", "pkg/lockorder"}, without: []string{"net", "database"}},
	{path: "contract", imports: []string{"message", "pkg/rawjson"}, without: []string{"net", "os", "io", "log", "sync", "context", "database"}},
	{path: "saved", imports: []string{"database", "pkg/redisadapter", "pkg/socketio", "pkg/lockorder"}},
	{path: "sessions", imports: []string{"database", "lookup", "pkg/lockorder", "pkg/rawjson", "pkg/token"}},
	{path: "outbox", imports: []string{"database", "message", "store", "pkg/pglisten"}},
	{path: "store", imports: []string{"database", "lookup", "message", "pkg/rawjson", "pkg/lockorder"}},
	{path: "logtest"},
	{path: "gateway/internal/database/dbtest", imports: []string{"database"}},
	{path: "gateway/internal/redis/redistest", imports: []string{"pkg/redisadapter/redistest"}},
	{path: "redis"},
	{path: "database"},
	{path: "lookup", imports: []string{"pkg/lockorder"}, without: []string{"net", "database"}},
	{path: "message", without: []string{"net", "database"}},

	// Libraries.
	{path: "pkg/postgresemitter", imports: []string{"pkg/pglisten", "pkg/redisadapter", "pkg/socketio"}},
	{path: "pkg/pglisten"},
	{path: "pkg/redisadapter", imports: []string{"pkg/socketio", "pkg/rawjson", "pkg/lockorder"}, without: []string{"database"}},
	{path: "pkg/redisadapter/redistest", without: []string{"database"}},
	{path: "pkg/socketio", imports: []string{"pkg/engineio", "pkg/rawjson", "pkg/lockorder"}, without: []string{"database"}},
	{path: "pkg/engineio", imports: []string{"pkg/engineio/internal/netpoll", "pkg/lockorder"}, without: []string{"database"}},
	{path: "pkg/engineio/engineclient", without: []string{"database"}},
	{path: "pkg/engineio/internal/netpoll", imports: []string{"pkg/lockorder"}, without: []string{"net/http", "database"}},
	{path: "pkg/token", imports: []string{"pkg/lockorder", "pkg/rawjson"}, without: []string{"database"}},
	{path: "pkg/rawjson", without: []string{"net", "os", "database"}},
	{path: "pkg/lockorder", without: []string{"net", "database"}},
	{path: "pkg/nodecrypt", without: []string{"net", "database"}},
}

// technologies are the modules of others, and the rooms that may know them.
var technologies = map[string][]string{
	"github.com/gobwas/ws":                 {"pkg/engineio", "pkg/engineio/engineclient", "pkg/engineio/internal/netpoll", "scripts/bench/attack"},
	"github.com/google/uuid":               {"sessions", "store"},
	"github.com/googollee/go-socket.io":    {"legacy"},
	"github.com/jackc/pgx/v5":              {"database", "gateway/e2e/clustered", "gateway/internal/database/dbtest", "neighbours", "outbox", "pkg/pglisten", "pkg/postgresemitter", "saved", "scripts/bench", "sessions", "store"},
	"github.com/kelseyhightower/envconfig": {"config"},
	"github.com/lestrrat-go/jwx/v2":        {"pkg/token"},
	"github.com/prometheus/client_golang":  {"ops"},
	"github.com/redis/rueidis":             {"app", "check", "cluster", "gateway/e2e/clustered", "pkg/redisadapter", "pkg/redisadapter/redistest", "redis", "saved"},
	"github.com/tinylib/msgp":              {"pkg/redisadapter"},
	"golang.org/x/crypto":                  {"pkg/nodecrypt"},
	"golang.org/x/text":                    {"config"},
	"modernc.org/sqlite":                   {"database", "store"},
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := make(map[string]bool)
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		path := roomPath(p.ImportPath)
		at := slices.IndexFunc(house, func(r room) bool { return r.path == path })
		if at < 0 {
			t.Errorf("%s has no room in the house: say what it may import", p.ImportPath)
			continue
		}
		seen[path] = true
		for _, imported := range p.Imports {
			if !house[at].mayImport(imported, house[at+1:]) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
	for _, r := range house {
		if !seen[r.path] {
			t.Errorf("there is no package %s", r.path)
		}
	}
}

func TestEveryRoomStandsAboveWhatItMayImport(t *testing.T) {
	t.Parallel()
	for i, r := range house {
		for _, imported := range r.imports {
			if imported != everythingBelow && !hasRoom(house[i+1:], imported) {
				t.Errorf("%s may import %s, which does not stand below it", r.path, imported)
			}
		}
	}
}

// mayImport tells whether a room may import a package, given the rooms below it.
func (r room) mayImport(imported string, below []room) bool {
	switch first, _, _ := strings.Cut(imported, "/"); {
	case strings.HasPrefix(imported, module):
		path := roomPath(imported)
		return slices.Contains(r.imports, path) || slices.Contains(r.imports, everythingBelow) && hasRoom(below, path)
	case strings.Contains(first, "."):
		for technology, rooms := range technologies {
			if within(imported, technology) {
				return slices.Contains(rooms, r.path)
			}
		}
		return false
	}
	return !slices.ContainsFunc(r.without, func(path string) bool { return within(imported, path) })
}

func hasRoom(rooms []room, path string) bool {
	return slices.ContainsFunc(rooms, func(r room) bool { return r.path == path })
}

// within tells whether a package is the one at path, or below it.
func within(imported, path string) bool {
	return imported == path || strings.HasPrefix(imported, path+"/")
}

// roomPath is how the house calls a package of the project.
func roomPath(importPath string) string {
	path := strings.TrimPrefix(importPath, module)
	if name := strings.TrimPrefix(path, "gateway/internal/"); !strings.Contains(name, "/") {
		return name
	}
	return path
}
