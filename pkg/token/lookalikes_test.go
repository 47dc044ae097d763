package token

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestWhatLooksLikeATokenIsNamedByItsPlaceAndNeverTold(t *testing.T) {
	t.Parallel()
	tok := sign(hs256, `{"sub":"ann"}`)
	for _, c := range []struct {
		header http.Header
		auth   string
		query  string
		want   string
	}{
		{nil, `{"jwt":"` + tok + `"}`, "", "auth.jwt"},
		{nil, `{"authorization":"Bearer ` + tok + `","room":"r"}`, "", "auth.authorization"},
		{nil, `{"accessToken":"opaque","token":{"a":1},"x":"` + tok + `"}`, "", "auth.accessToken auth.x"},
		{nil, ``, "EIO=4&transport=websocket&token=" + tok, "query.token"},
		{http.Header{"X-Access-Token": {"opaque"}, "Token": {tok}, "User-Agent": {"x"}, "Host": {"h"}}, ``, "", "header.token header.x-access-token"},
		{http.Header{"Cookie": {"a=b; jwt=" + tok + "; theme=dark; csrf_token=x"}}, ``, "", "cookie.jwt"},
		{http.Header{"Authorization": {"Basic x"}, "Sec-Websocket-Key": {"x"}}, `{"room":"r"}`, "EIO=4&t=abc", ""},
		{nil, `"` + tok + `"`, "", ""},
		{nil, `{"` + tok + `":"` + tok + `","bad name":"` + tok + `"}`, "", ""},
	} {
		query, _ := url.ParseQuery(c.query)
		got := Lookalikes(c.header, json.RawMessage(c.auth), query)
		if strings.Join(got, " ") != c.want || slices.ContainsFunc(got, func(place string) bool { return strings.Contains(place, "eyJ") }) {
			t.Errorf("%v %.40s %.40s: %q, want %q", c.header, c.auth, c.query, got, c.want)
		}
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = `"token` + strings.Repeat("x", i%50) + `":"v"`
	}
	if got := Lookalikes(nil, json.RawMessage("{"+strings.Join(many, ",")+"}"), nil); len(got) != 5 {
		t.Errorf("%d places", len(got))
	}
}
