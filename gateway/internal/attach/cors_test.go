package attach

import (
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestCORSOptionOfTheAppIsReadAsThePackageCorsReadsIt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		option string
		want   engineio.CORSFields
	}{
		{``, engineio.CORSFields{}},
		{`true`, engineio.CORSFields{}},
		{`{"origin":"https://a.example","credentials":true}`, engineio.CORSFields{}},
		{`{"methods":["GET","POST"],"allowedHeaders":["x-a","x-b"],"exposedHeaders":["x-c"],"maxAge":600}`,
			engineio.CORSFields{Methods: "GET,POST", AllowedHeaders: "x-a,x-b", ExposedHeaders: "x-c", MaxAge: "600"}},
		{`{"methods":"GET","headers":"x-a","exposedHeaders":"x-c","maxAge":"5"}`,
			engineio.CORSFields{Methods: "GET", AllowedHeaders: "x-a", ExposedHeaders: "x-c", MaxAge: "5"}},
		{`{"allowedHeaders":["x-a\r\nset-cookie: b=1"],"methods":{"a":1},"maxAge":null}`, engineio.CORSFields{}},
	} {
		h := new(Hub)
		h.cors.Store(corsFields([]byte(test.option)))
		if got := h.CORSFields(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.option, got, test.want)
		}
	}
}
