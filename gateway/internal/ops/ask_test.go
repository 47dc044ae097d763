package ops

import "testing"

func TestAGatewayIsAskedWhereItListens(t *testing.T) {
	t.Parallel()
	for listening, want := range map[string]string{
		"0.0.0.0:4000": "127.0.0.1:4000", ":4000": "127.0.0.1:4000", "[::]:4000": "[::1]:4000",
		"127.0.0.2:4000": "127.0.0.2:4000", "gateway.internal:4000": "gateway.internal:4000",
	} {
		if got := ownAddress(listening); got != want {
			t.Errorf("listening at %s: %s, want %s", listening, got, want)
		}
	}
}
