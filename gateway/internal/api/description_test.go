package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Properties           map[string]schema
	AdditionalProperties *bool
	Enum                 []string
}

type operation struct {
	RequestBody struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema schema }
	}
}

func described(t *testing.T) (paths map[string]map[string]operation, schemas map[string]schema) {
	t.Helper()
	var d struct {
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(description, &d); err != nil {
		t.Fatal(err)
	}
	return d.Paths, d.Components.Schemas
}

// bodies are what each path reads and answers.
var bodies = map[string][2]any{
	"/api/emit":       {emitRequest{}, done{}},
	"/api/messages":   {messageRequest{}, messageAnswer{}},
	"/api/members":    {membersRequest{}, membersAnswer{}},
	"/api/online":     {onlineRequest{}, membersAnswer{}},
	"/api/join":       {moveRequest{}, done{}},
	"/api/leave":      {moveRequest{}, done{}},
	"/api/disconnect": {disconnectRequest{}, done{}},
	"/api/revoke":     {revokeRequest{}, done{}},
}

func TestDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	paths, schemas := described(t)
	want := slices.Sorted(maps.Keys(routes))
	got := slices.Sorted(maps.Keys(paths))
	if got = slices.DeleteFunc(got, func(path string) bool { return path == descriptionPath }); !slices.Equal(got, want) {
		t.Fatalf("it describes %q, and there are %q", got, want)
	}
	for path, methods := range paths {
		if path == descriptionPath {
			continue
		}
		post, ok := methods["post"]
		if !ok || len(methods) != 1 {
			t.Errorf("%s should be asked by POST alone", path)
		}
		for i, ref := range []string{post.RequestBody.Content["application/json"].Schema.Ref, post.Responses["200"].Content["application/json"].Schema.Ref} {
			name := strings.TrimPrefix(ref, "#/components/schemas/")
			if wantName := reflect.TypeOf(bodies[path][i]).Name(); !strings.EqualFold(name, wantName) {
				t.Errorf("%s has %s, want %s", path, name, wantName)
			}
			sameFields(t, name, schemas, reflect.TypeOf(bodies[path][i]))
		}
	}
}

// sameFields holds an object of the description against the type that is decoded.
func sameFields(t *testing.T, name string, schemas map[string]schema, typ reflect.Type) {
	t.Helper()
	described := schemas[name]
	if closed := described.AdditionalProperties; closed == nil || *closed {
		t.Errorf("%s should say that it has no further fields", name)
	}
	var fields []string
	for i := range typ.NumField() {
		fields = append(fields, typ.Field(i).Tag.Get("json"))
		if typ.Field(i).Type == reflect.TypeFor[targets]() && name != "Targets" {
			sameFields(t, "Targets", schemas, reflect.TypeFor[targets]())
		}
	}
	slices.Sort(fields)
	if got := slices.Sorted(maps.Keys(described.Properties)); !slices.Equal(got, fields) {
		t.Errorf("%s has %q, want %q", name, got, fields)
	}
}

func TestDescriptionHasEveryCodeOfFailure(t *testing.T) {
	t.Parallel()
	_, schemas := described(t)
	var codes []string
	for code := range statuses {
		codes = append(codes, string(code))
	}
	slices.Sort(codes)
	got := schemas["Failure"].Properties["code"].Enum
	slices.Sort(got)
	if !slices.Equal(got, codes) {
		t.Errorf("it has %q, want %q", got, codes)
	}
	if status(contract.Unavailable) != http.StatusServiceUnavailable {
		t.Error("unavailable should be 503, which clients try again")
	}
}
