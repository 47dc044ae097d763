package attach

import (
	"encoding/json"
	"reflect"
	"testing"
)

func FuzzAnnouncedSocketIsWhatItsJSONSays(f *testing.F) {
	for _, seed := range []string{
		`{"nsp":"/","sid":"QxN0","auth":{}}`, `{"nsp":"/a","sid":"QxN0","pid":"p-1","auth":{}}`, `{"nsp":"/","sid":"a\"b","auth":{}}`,
		`{"nsp":"/","sid":"a","auth":{"token":"x"}}`, `{"nsp":"/ü","sid":"a","auth":{}}`, `{"nsp":"/","sid":"a","auth":{}} `, `{"nsp":"/","sid":"a","pid":null,"auth":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := announcedPlainly(text)
		if !ok {
			return
		}
		var want announced
		if err := json.Unmarshal(text, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v, %v", text, got, want, err)
		}
	})
}

func TestSocketsAreAnnouncedPlainly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"nsp":"/","sid":"QxN0","auth":{}}`, `{"nsp":"/","sid":"QxN0","pid":"p","auth":{}}`} {
		if _, ok := announcedPlainly([]byte(text)); !ok {
			t.Errorf("%s is read as any JSON", text)
		}
	}
}
