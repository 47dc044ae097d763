package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

// webSocket is a WebSocket to the gateway.
type webSocket struct {
	*engineclient.Conn
	engineclient.Opening
}

// notUpgraded is an answer to a WebSocket handshake other than 101.
type notUpgraded struct{ reply }

func (n notUpgraded) Error() string { return "the WebSocket handshake is answered " + n.String() }

// dial opens a WebSocket. With a session's id in the URL, it is the upgrade of that, without an opening.
func dial(ctx context.Context, url string, header http.Header) (*webSocket, error) {
	conn, err := engineclient.Dialer{Header: header, Step: patience}.Dial(ctx, url)
	var refused *engineclient.Refused
	if errors.As(err, &refused) {
		return nil, notUpgraded{reply{refused.Status, refused.Header, refused.Body}}
	}
	if err != nil {
		return nil, err
	}
	return &webSocket{Conn: conn}, nil
}

// open reads the opening.
func (s *webSocket) open() error {
	packet, err := s.Packet()
	if err == nil {
		s.Opening, err = engineclient.ParseOpening(packet)
	}
	return err
}

// errUnauthorized means that the gateway wants another token.
var errUnauthorized = errors.New("the gateway wants another token")

// connect joins the namespace, as a client does first.
func (s *webSocket) connect(auth string) error {
	if err := s.Say("40" + auth); err != nil {
		return err
	}
	packet, err := s.Next()
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(packet, "44"):
		return errUnauthorized
	case !strings.HasPrefix(packet, "40"):
		return fmt.Errorf("CONNECT is answered by a packet %.2q", packet)
	}
	return nil
}
