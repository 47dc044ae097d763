package check

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

const (
	// patience bounds one request, or one step on a WebSocket.
	patience = 10 * time.Second
	// mostBody is as much of an answer as is read.
	mostBody = 64 << 10
)

// refusal is the gateway's own way of refusing: a code and a message of Engine.IO.
func refusal(a engineclient.Answer) (code int, message string, ok bool) {
	var refused struct {
		Code    *int
		Message string
	}
	if json.Unmarshal([]byte(a.Body), &refused) != nil || refused.Code == nil {
		return 0, "", false
	}
	return *refused.Code, refused.Message, true
}

// Codes of Engine.IO.
const (
	transportUnknown = 0
	sessionUnknown   = 1
	forbidden        = 4
)

// request sends one request on a connection of its own: what follows may reach another gateway.
func request(ctx context.Context, client *http.Client, method, url string, header http.Header, body string) (engineclient.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return engineclient.Answer{}, err
	}
	r.Header = header.Clone()
	res, err := client.Do(r)
	if err != nil {
		return engineclient.Answer{}, err
	}
	return engineclient.ReadAnswer(res, mostBody)
}

func newClient(jar http.CookieJar) *http.Client {
	return &http.Client{
		Jar:           jar,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
