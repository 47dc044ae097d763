package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/socketio"
)

func TestClientsOfBothGenerationsShareTheLimits(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]engineio.Options{
		"MAX_CONNECTIONS":        {MaxConnections: 1},
		"MAX_CONNECTIONS_PER_IP": {MaxConnectionsPerIP: 1},
	} {
		for first, second := range map[string]string{"3": "4", "4": "3"} {
			t.Run(name+", first EIO="+first, func(t *testing.T) {
				t.Parallel()
				g := newGenerations(socketio.Options{Engine: limits, Logger: slog.New(slog.DiscardHandler)}, true)
				t.Cleanup(func() { g.Shutdown(t.Context()) }) // whose time is over: it cuts off who is there
				status := func(version string) int {
					answer := httptest.NewRecorder()
					g.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/socket.io/?transport=polling&b64=1&EIO="+version, nil))
					return answer.Code
				}
				if got := status(first); got != http.StatusOK {
					t.Fatalf("the first client was answered %d", got)
				}
				if got := status(second); got != http.StatusServiceUnavailable {
					t.Errorf("the second one was answered %d, want 503", got)
				}
			})
		}
	}
}
