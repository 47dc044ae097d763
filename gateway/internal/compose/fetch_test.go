package compose

import (
	"net/http/httptest"
	"testing"
)

// What browsers send along with each kind of request (Fetch Metadata, as Chrome, Firefox and Safari do it).
func TestAForeignPageWithoutAnOriginMakesNoSession(t *testing.T) {
	t.Parallel()
	rule := ruleOf(true, "https://other.example")
	for name, c := range map[string]struct {
		site, mode, dest, origin string
		want                     bool
	}{
		"no browser":                       {want: true},
		"fetch of the same page":           {site: "same-origin", mode: "cors", dest: "empty", want: true},
		"WebSocket of Chrome":              {site: "same-origin", mode: "websocket", dest: "websocket", origin: "https://chat.example", want: true},
		"WebSocket of Firefox":             {site: "same-origin", mode: "websocket", dest: "empty", origin: "https://chat.example", want: true},
		"typed by a person":                {site: "none", mode: "navigate", dest: "document", want: true},
		"fetch of a listed page":           {site: "cross-site", mode: "cors", dest: "empty", origin: "https://other.example", want: true},
		"picture of a foreign page":        {site: "cross-site", mode: "no-cors", dest: "image"},
		"script of a foreign page":         {site: "cross-site", mode: "no-cors", dest: "script"},
		"no-cors fetch of a foreign page":  {site: "cross-site", mode: "no-cors", dest: "empty"},
		"link of a foreign page":           {site: "cross-site", mode: "navigate", dest: "document"},
		"frame of a foreign page":          {site: "cross-site", mode: "navigate", dest: "iframe"},
		"fetch of a foreign page":          {site: "cross-site", mode: "cors", dest: "empty", origin: "https://evil.example"},
		"picture of a sibling domain":      {site: "same-site", mode: "no-cors", dest: "image"},
		"no-cors fetch of a sibling":       {site: "same-site", mode: "no-cors", dest: "empty"},
		"picture in a message of our page": {site: "same-origin", mode: "no-cors", dest: "image"},
		"script of our page":               {site: "same-origin", mode: "no-cors", dest: "script"},
		"frame of our page":                {site: "same-origin", mode: "navigate", dest: "iframe"},
		"a site of its own invention":      {site: "trust-me", dest: "empty"},
	} {
		r := httptest.NewRequest("GET", "/socket.io/?EIO=4&transport=polling", nil)
		r.Host = "chat.example"
		r.Header.Set("X-Forwarded-Proto", "https")
		for header, value := range map[string]string{"Sec-Fetch-Site": c.site, "Sec-Fetch-Mode": c.mode, "Sec-Fetch-Dest": c.dest, "Origin": c.origin} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		if got := rule.allow(r); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
