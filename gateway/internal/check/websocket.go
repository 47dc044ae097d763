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

// dial opens a session over a WebSocket.
func (o outside) dial(ctx context.Context, header http.Header) (*webSocket, error) {
	conn, err := engineclient.Dialer{Header: header, Step: patience}.Dial(ctx, o.socketURL())
	if err != nil {
		return nil, err
	}
	packet, err := conn.Packet()
	if err == nil {
		var opening engineclient.Opening
		if opening, err = engineclient.ParseOpening(packet); err == nil {
			return &webSocket{conn, opening}, nil
		}
	}
	conn.Leave()
	return nil, err
}

// errUnauthorized means that the gateway wants another token.
var errUnauthorized = errors.New("the gateway wants another token")

// connectPacket is a CONNECT within a message of Engine.IO.
func connectPacket(namespace, auth string) string {
	if namespace != "/" {
		return "40" + namespace + "," + auth
	}
	return "40" + auth
}

// connect joins a namespace, as a client does first.
func (s *webSocket) connect(namespace, auth string) error {
	if err := s.Say(connectPacket(namespace, auth)); err != nil {
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
