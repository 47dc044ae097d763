package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who asks for a namespace makes it, without anybody who looks at logins: the gateway has one, which App.namespace names.
func TestNobodyMakesANamespaceBesideTheChats(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		inLegacy := strings.Contains(filepath.ToSlash(path), "/legacy/") // which NAMESPACE and ALLOW_EIO3 keep to "/"
		if strings.Contains(string(text), `.Of("/")`) && !inLegacy {
			t.Errorf("%s names a namespace: the chat's is App.namespace()", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
