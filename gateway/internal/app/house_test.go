package app

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/socketgate/socketgate/"

// house is which imports each package may not have: they point down, and each technology has one
// home.
var house = map[string][]string{
	"gateway/internal/config":  {module},
	"gateway/internal/message": {module},
	"gateway/internal/chat":    {"github.com/jackc/pgx", "net/http", module + "pkg/engineio", module + "gateway/internal/store", module + "gateway/internal/app"},
	"gateway/internal/store":   {module + "pkg/socketio", module + "pkg/engineio", module + "gateway/internal/chat", module + "gateway/internal/app"},
	"gateway/internal/check":   {"github.com/jackc/pgx", "github.com/lestrrat-go/jwx", module + "pkg/engineio", module + "pkg/socketio", module + "gateway/internal/chat", module + "gateway/internal/ops", module + "gateway/internal/demo", module + "gateway/internal/legacy"},
	"gateway/internal/ops":     {module + "gateway/", module + "pkg/socketio"},
	"gateway/internal/demo":    {module},
	"gateway/internal/legacy":  {module + "gateway/", module + "pkg/token"},
	"pkg/engineio":             {module, "github.com/lestrrat-go/jwx"},
	"pkg/socketio":             {module + "gateway/", module + "pkg/token", "github.com/jackc/pgx"},
	"pkg/token":                {module},
	"pkg/nodecrypt":            {module, "github.com/"},
	"pkg/rawjson":              {module, "github.com/"},

	"gateway/internal/contract": {"net", "os", "io", "log", "sync", "context", "database", "github.com/jackc", module + "pkg/socketio", module + "pkg/engineio", module + "pkg/token", module + "gateway/internal/presence", module + "gateway/internal/chat", module + "gateway/internal/store", module + "gateway/internal/app"},
	"gateway/internal/presence": {"net", "github.com/jackc", module + "pkg/", module + "gateway/internal/chat", module + "gateway/internal/store", module + "gateway/internal/app"},
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		forbidden, ok := house[strings.TrimPrefix(p.ImportPath, module)]
		if !ok {
			continue
		}
		seen++
		for _, imported := range p.Imports {
			for _, f := range forbidden {
				if strings.HasPrefix(imported, f) {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
		}
	}
	if seen != len(house) {
		t.Errorf("%d of %d packages were found", seen, len(house))
	}
}
