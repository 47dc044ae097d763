package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const goodAPIKey = "Vn2k0c6i3Q0rJ8sXbT1yLw9eZuGhD5aP7mFo4KxC"

func TestAppsOwnWayInNeedsAnAddressAndAKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ addr, key, user, fault string }{
		{"127.0.0.1:4001", goodAPIKey, "", ""},
		{"[::1]:4001", goodAPIKey + " , " + goodSecret, "system", ""},
		{"/run/socketgate/api.sock", goodAPIKey, "", ""},
		{"./api.sock", goodAPIKey, "", ""},
		{"", "", "", ""},
		{"4001", goodAPIKey, "", "API_ADDR holds"},
		{"127.0.0.1:http", goodAPIKey, "", "API_ADDR holds"},
		{"127.0.0.1:4001", "", "", "API_KEY is not set, but API_ADDR is"},
		{"127.0.0.1:4001", goodAPIKey + ",", "", "API_KEY holds"},
		{"127.0.0.1:4001", goodAPIKey, strings.Repeat("u", 257), "API_USER holds"},
	} {
		got, faults := parse(with("API_ADDR", c.addr, "API_KEY", c.key, "API_USER", c.user), ruled)
		if c.fault == "" && (faults != nil || got.Warnings != nil) || c.fault != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0], c.fault)) {
			t.Errorf("%q, %d bytes: faults %q, warnings %q, want %q", c.addr, len(c.key), faults, got.Warnings, c.fault)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got)+strings.Join(faults, ""), goodAPIKey) {
			t.Error("the key is shown")
		}
	}
}

func TestEachOfSeveralKeysIsLookedAt(t *testing.T) {
	t.Parallel()
	const weak = goodAPIKey + ",your-secret-key"
	for _, of := range []string{"API", "ATTACH"} {
		pairs := []string{of + "_ADDR", "127.0.0.1:4001", of + "_KEY", weak}
		got, faults := parse(with(pairs...), ruled)
		if faults != nil || len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], of+"_KEY is ") {
			t.Errorf("in development: %q, %q", faults, got.Warnings)
		}
		_, faults = parse(with(append(pairs, "NODE_ENV", "production")...), ruled)
		if len(faults) != 1 || !strings.HasPrefix(faults[0], of+"_KEY holds ") || strings.Contains(faults[0], goodAPIKey) {
			t.Errorf("in production: %q", faults)
		}
	}
}

// Many apps have an API_KEY of some service in their .env.
func TestAPIKeyOfSomethingElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	got, faults := parse(with("API_KEY", "changeme", "NODE_ENV", "production"), ruled)
	if faults != nil || got.Warnings != nil {
		t.Errorf("%q, %q", faults, got.Warnings)
	}
}

func TestAPIAddrThatOthersReachIsWarnedOf(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":4001", "0.0.0.0:4001", "203.0.113.7:4001"} {
		got, faults := parse(with("API_ADDR", addr, "API_KEY", goodAPIKey), ruled)
		if faults != nil || !slices.ContainsFunc(got.Warnings, func(line string) bool { return strings.HasPrefix(line, "API_ADDR="+addr) }) {
			t.Errorf("%s: %q, %q", addr, faults, got.Warnings)
		}
	}
}
