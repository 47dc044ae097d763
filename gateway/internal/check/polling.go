package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// Sessions on long-polling, with requests enough that chance does not keep them together.
const pollingSessions = 8

// sticky has sessions of several requests each, every one on a new connection, and upgrades them.
func (o outside) sticky(ctx context.Context, upgrades bool) {
	requests := 0
	for i := range pollingSessions {
		n, err := o.poll(ctx, i%2 == 0, upgrades)
		requests += n
		if errors.Is(err, errNotSticky) {
			o.fault("polling", fmt.Sprintf("not sticky: after %s, one came to a gateway that does not know the session", count(requests, "request")),
				stickyFix, `or the clients' option transports: ["websocket"], which needs no stickiness`)
			return
		}
		if err != nil {
			o.fault("polling", "long-polling fails: "+unquoted(err), "nginx: proxy_buffering off; and client_max_body_size above MAX_PAYLOAD")
			return
		}
	}
	o.ok("polling", "%d sessions, %s: all came to the gateway of their session", pollingSessions, count(requests, "request"))
}

var errNotSticky = errors.New("session unknown")

// poll is one session: handshake, CONNECT, its answer, and the upgrade. It returns how many requests
// it took. A browser has seen the page before, other clients have not, and proxies may be sticky by
// a cookie that comes with it.
func (o outside) poll(ctx context.Context, browser, upgrades bool) (int, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return 0, err
	}
	client := newClient(jar)
	header := o.loggedIn()
	if browser && o.origin == nil {
		if _, err := request(ctx, client, http.MethodGet, o.page.String()+"/", header, ""); err != nil {
			return 0, err
		}
	}
	address := *o.page
	address.Path, address.RawQuery = o.config.SocketPath, "EIO=4&transport=polling"
	answer, err := request(ctx, client, http.MethodGet, address.String(), header, "")
	if err != nil {
		return 1, err
	}
	session, err := engineclient.ParseOpening(answer.Body)
	if err != nil {
		return 1, err
	}
	address.RawQuery += "&sid=" + url.QueryEscape(session.SID)
	for i, step := range []struct{ method, body string }{{http.MethodPost, connectPacket(o.config.Namespace, "")}, {http.MethodGet, ""}} {
		answer, err := request(ctx, client, step.method, address.String(), header, step.body)
		if err == nil {
			err = pollFault(answer)
		}
		if err != nil {
			return i + 2, err
		}
		if strings.HasPrefix(answer.Body, "44") { // without a token the session ends here
			return i + 2, nil
		}
	}
	if !upgrades {
		request(ctx, client, http.MethodPost, address.String(), header, "1") // goodbye
		return 4, nil
	}
	for _, c := range jar.Cookies(o.page) {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	header.Set("Cookie", strings.Join(header.Values("Cookie"), "; "))
	return 4, o.upgradeSession(ctx, session.SID, header)
}

func pollFault(answer engineclient.Answer) error {
	code, message, refused := refusal(answer)
	switch {
	case refused && code == sessionUnknown:
		return errNotSticky
	case refused:
		return errors.New(message)
	case answer.Status != http.StatusOK:
		return errors.New("answered " + answer.String())
	}
	return nil
}

// upgradeSession goes on from long-polling to a WebSocket.
func (o outside) upgradeSession(ctx context.Context, sid string, header http.Header) error {
	socket, err := engineclient.Dialer{Header: header, Step: patience}.Dial(ctx, o.socketURL()+"&sid="+url.QueryEscape(sid))
	var refused engineclient.Refused
	if errors.As(err, &refused) && refused.Body == "Session ID unknown" {
		return errNotSticky
	}
	if err != nil {
		return err
	}
	defer socket.Leave()
	if err := socket.Say("2probe"); err != nil {
		return err
	}
	if packet, err := socket.Packet(); err != nil || packet != "3probe" {
		return fmt.Errorf("the upgrade's probe is answered by %.10q (%v)", packet, err)
	}
	return nil
}
