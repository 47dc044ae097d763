package compose

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

// called is a request as the gateway sees it. The peer is a trusted proxy unless direct is set.
type called struct {
	host    string
	origins []string
	headers map[string]string
	direct  bool
}

func (c called) request() *http.Request {
	r := httptest.NewRequest("GET", "/socket.io/", nil)
	r.Host, r.RemoteAddr = c.host, "10.0.0.9:1"
	if c.direct {
		r.RemoteAddr = "203.0.113.9:1"
	}
	if c.origins != nil {
		r.Header["Origin"] = c.origins
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	return r
}

func page(origins ...string) []string { return origins }

func ruleOf(production bool, allowed ...string) origins {
	c := config.Default()
	c.Production, c.AllowedOrigins = production, allowed
	return newOrigins(c)
}

func (o origins) expect(t *testing.T, c called, want visitor) {
	t.Helper()
	r := c.request()
	if got := o.visitor(r); got != want {
		t.Errorf("%+v: %d, want %d", c, got, want)
	}
	if o.allow(r) != (want != foreigner) || o.cors().Allow(r) != (want == guest) {
		t.Errorf("%+v: allow and CORS follow another rule", c)
	}
}

func TestOnlyPagesOfTheSameHostOrListedOnesConnect(t *testing.T) {
	t.Parallel()
	for _, production := range []bool{false, true} {
		rule := ruleOf(production, "https://App.example", "http://localhost:3000", "capacitor://localhost")
		for _, c := range []struct {
			called
			want visitor
		}{
			{called{host: "chat.example"}, program},
			{called{host: "chat.example", origins: page("https://chat.example")}, resident},
			{called{host: "chat.example", origins: page("http://chat.example")}, resident}, // nobody tells the scheme
			{called{host: "chat.example", origins: page("https://CHAT.example:443")}, resident},
			{called{host: "Chat.Example:443", origins: page("https://chat.example")}, resident},
			{called{host: "chat.example:80", origins: page("http://chat.example")}, resident},
			{called{host: "chat.example:8080", origins: page("http://chat.example:8080")}, resident},
			{called{host: "[2001:db8::1]:4000", origins: page("http://[2001:DB8:0::1]:4000")}, resident},
			{called{host: "xn--bcher-kva.example", origins: page("https://xn--bcher-kva.example")}, resident},
			{called{host: "chat.example.", origins: page("https://chat.example.")}, resident},
			{called{host: "chat.example", origins: page("https://app.example")}, guest},
			{called{host: "chat.example", origins: page("https://app.example:443")}, guest},
			{called{host: "chat.example", origins: page("http://localhost:3000")}, guest},
			{called{host: "chat.example", origins: page("capacitor://localhost")}, guest},
			{called{host: "gateway:4000", headers: map[string]string{"X-Forwarded-Host": "chat.example"}, origins: page("https://chat.example")}, resident},
			{called{host: "gateway:4000", headers: map[string]string{"Forwarded": `for="[::1]:1";host="chat.example";proto=https, for=10.0.0.1;host=b`}, origins: page("https://chat.example")}, resident},
			{called{host: "chat.example", headers: map[string]string{"Sec-Fetch-Site": "same-origin"}, origins: page("https://chat.example:8443")}, resident}, // the proxy lost it

			{called{host: "chat.example", origins: page("http://localhost:3001")}, foreigner},
			{called{host: "chat.example", origins: page("https://evil.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example.evil.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://evil.example/chat.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example/")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example?")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example#")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example@evil.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://evil.example@chat.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example.")}, foreigner},
			{called{host: "chat.example", origins: page("https://.chat.example")}, foreigner},
			{called{host: "chat.example", origins: page("chrome-extension://chat.example")}, foreigner},
			{called{host: "chat.example", origins: page("//chat.example")}, foreigner},
			{called{host: "chat.example", origins: page("chat.example")}, foreigner},
			{called{host: "bücher.example", origins: page("https://xn--bcher-kva.example")}, foreigner},
			{called{host: "", origins: page("http://")}, foreigner},
			{called{host: "", origins: page("https://:443")}, foreigner},
			{called{host: "chat.example", origins: page("null")}, foreigner},
			{called{host: "null", origins: page("null")}, foreigner},
			{called{host: "chat.example", origins: page("")}, foreigner},
			{called{host: "chat.example", origins: page("https://evil.example", "https://chat.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://app.example", "https://app.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example https://evil.example")}, foreigner},
			{called{host: "chat.example", origins: page("https://chat.example, https://evil.example")}, foreigner},
			{called{host: "gateway:4000", direct: true, headers: map[string]string{"X-Forwarded-Host": "evil.example"}, origins: page("https://evil.example")}, foreigner},
			{called{host: "gateway:4000", direct: true, headers: map[string]string{"Forwarded": "host=evil.example"}, origins: page("https://evil.example")}, foreigner},
		} {
			rule.expect(t, c.called, c.want)
		}
	}
}

// What the same host serves on another port, or what somebody in the network says by http, is another page.
func TestSchemeAndPortOfAPageCount(t *testing.T) {
	t.Parallel()
	https := map[string]string{"X-Forwarded-Proto": "https"}
	for _, production := range []bool{false, true} {
		rule := ruleOf(production)
		for _, c := range []called{
			{host: "app.example", origins: page("http://app.example"), headers: https},
			{host: "app.example", origins: page("http://app.example"), headers: map[string]string{"X-Forwarded-Proto": "wss"}},
			{host: "app.example", origins: page("http://app.example"), headers: map[string]string{"X-Forwarded-Proto": "https, http"}},
			{host: "app.example", origins: page("http://app.example"), headers: map[string]string{"Forwarded": "For=1.2.3.4; Proto=HTTPS"}},
			{host: "app.example", origins: page("http://app.example"), headers: map[string]string{"X-Forwarded-Port": "443"}},
			{host: "app.example:443", origins: page("http://app.example")},
			{host: "app.example:443", origins: page("http://app.example:443")},
			{host: "app.example:8443", origins: page("http://app.example:8443"), headers: https},
			{host: "app.example", origins: page("https://app.example:8443")},
			{host: "app.example", origins: page("http://app.example:3000")},
			{host: "app.example", origins: page("https://app.example:80"), headers: https},
			{host: "app.example:8443", origins: page("https://app.example")},
			{host: "app.example:8443", origins: page("https://app.example:9443"), headers: https},
			{host: "app.example", origins: page("https://app.example"), headers: map[string]string{"X-Forwarded-Port": "8443"}},
			{host: "app.example", origins: page("https://app.example"), headers: map[string]string{"X-Forwarded-Host": "app.example:8443"}},
			{host: "app.example", origins: page("https://app.example"), headers: map[string]string{"Sec-Fetch-Site": "same-site"}},
			{host: "app.example", origins: page("https://app.example"), headers: map[string]string{"Sec-Fetch-Site": "cross-site"}},
			{host: "app.example", headers: map[string]string{"Sec-Fetch-Site": "cross-site"}},
			{host: "app.example", headers: map[string]string{"Sec-Fetch-Site": "same-site"}},
		} {
			rule.expect(t, c, foreigner)
		}
		for _, c := range []called{
			{host: "app.example", origins: page("https://app.example"), headers: https},
			{host: "app.example", origins: page("https://app.example"), headers: map[string]string{"X-Forwarded-Proto": "http"}}, // TLS ends before
			{host: "app.example", origins: page("https://app.example"), headers: map[string]string{"X-Forwarded-Port": "80"}},
			{host: "app.example", origins: page("https://app.example:8443"), headers: map[string]string{"X-Forwarded-Port": "8443"}},
			{host: "app.example", origins: page("https://app.example:8443"), headers: map[string]string{"X-Forwarded-Host": "app.example:8443"}},
			{host: "app.example:8443", origins: page("https://app.example:8443"), headers: map[string]string{"X-Forwarded-Host": "app.example"}},
			{host: "app.example", direct: true, origins: page("http://app.example"), headers: https}, // nobody's word
		} {
			rule.expect(t, c, resident)
		}
		rule.expect(t, called{host: "app.example", headers: map[string]string{"Sec-Fetch-Site": "same-origin"}}, program)
	}
}

// Next.js runs on port 3000 of the developer's machine, the gateway on 4000.
func TestPagesOnTheDevelopersMachineConnectInDevelopmentOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []called{
		{host: "localhost:4000", origins: page("http://localhost:3000")},
		{host: "localhost:4000", origins: page("http://127.0.0.1:3000")},
		{host: "[::1]:4000", origins: page("http://[::1]:3000")},
		{host: "127.0.0.1:4000", origins: page("https://app.localhost:3000")},
		{host: "192.168.1.5:4000", origins: page("http://192.168.1.5:3000")},
		{host: "box.local:4000", origins: page("http://box.local:3000")},
	} {
		ruleOf(false).expect(t, c, guest)
		ruleOf(true).expect(t, c, foreigner)
	}
	listed := ruleOf(false, "http://localhost:3000")
	listed.expect(t, called{host: "127.0.0.1:4000", origins: page("http://localhost:3001")}, foreigner)
	listed.expect(t, called{host: "localhost:4000", origins: page("http://localhost:3001")}, guest)
	for _, c := range []called{
		{host: "app.example", origins: page("http://localhost:3000")},
		{host: "192.168.1.5:4000", origins: page("http://192.168.1.6:3000")},
		{host: "192.168.1.5:4000", origins: page("http://localhost:3000")},
		{host: "localhost:4000", origins: page("http://localhost.evil.example:3000")},
		{host: "localhost:4000", origins: page("http://evil.example")},
		{host: "localhost:4000", origins: page("file://")},
		{host: "localhost:4000", origins: page("null")},
		{host: "evil.example", origins: page("http://127.0.0.1:3000")},
	} {
		ruleOf(false).expect(t, c, foreigner)
	}
}

func TestEveryOriginMayConnectWhereAsked(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://anywhere.example", "null"} {
		ruleOf(true, "*").expect(t, called{host: "app.example", origins: page(origin)}, guest)
	}
	ruleOf(true, "*").expect(t, called{host: "app.example", headers: map[string]string{"Sec-Fetch-Site": "cross-site"}}, program)
}
