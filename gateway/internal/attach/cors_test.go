package attach

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
)

func TestLogNamesTheOriginsThatAreNotAllowedHere(t *testing.T) {
	t.Parallel()
	s := Settings{AllowedOrigins: []string{"https://a.example", "https://b.example/"}}
	const some = "cors lets other origins in, here ALLOWED_ORIGINS says which"
	for option, want := range map[string]string{
		``: "", `null`: "", `false`: "", `{"origin":false}`: "",
		`{"origin":"https://A.example"}`:                       "",
		`{"origin":["https://a.example","https://b.example"]}`: "",
		`{"origin":["https://a.example","https://c.example"]}`: "cors.origin is https://a.example,https://c.example, here ALLOWED_ORIGINS=https://a.example,https://b.example/",
		`{"origin":"https://c.example"}`:                       "cors.origin is https://c.example, here ALLOWED_ORIGINS=https://a.example,https://b.example/",
		`true`:                                                 some, `{}`: some, `{"origin":"*"}`: some, `{"origin":true}`: some, `{"origin":null}`: some, `{"origin":[null]}`: some,
	} {
		if got := strings.Join(s.differences(appOptions{CORS: []byte(option)}), "; "); got != want {
			t.Errorf("%s: got %q, want %q", option, got, want)
		}
		all := Settings{AllowedOrigins: []string{"*"}}
		if got := all.differences(appOptions{CORS: []byte(option)}); got != nil {
			t.Errorf("%s: %q although all are allowed", option, got)
		}
	}
}

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
