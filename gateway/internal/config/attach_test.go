package config

import (
	"slices"
	"strings"
	"testing"
)

const attachKey = "nT2w8bqv0rXc5mLz7yGk3hJd9sPf4aUe"

func TestWithTheAppsHandlersNothingElseIsRequired(t *testing.T) {
	t.Parallel()
	env := environment{"HANDLERS": {value: "app"}, "ATTACH_ADDR": {value: "/run/attach.sock"}, "ATTACH_KEY": {value: attachKey}}
	c, faults := parse(env, ruled)
	if faults != nil || c.Warnings != nil {
		t.Fatalf("faults %q, warnings %q", faults, c.Warnings)
	}
	if c.AttachAddr != "/run/attach.sock" || !c.AppHandles() {
		t.Errorf("%s, app handles: %t", c.AttachAddr, c.AppHandles())
	}
}

func TestAttachIsNotHalfConfigured(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		pairs []string
		fault string
	}{
		{[]string{"HANDLERS", "app", "ATTACH_KEY", attachKey}, "ATTACH_ADDR "},
		{[]string{"ATTACH_ADDR", "127.0.0.1:4001"}, "ATTACH_KEY "},
		{[]string{"ATTACH_ADDR", "127.0.0.1:4001", "ATTACH_KEY", " , "}, "ATTACH_KEY "},
		{[]string{"ATTACH_ADDR", "localhost", "ATTACH_KEY", attachKey}, "ATTACH_ADDR "},
		{[]string{"ATTACH_ADDR", "/run/" + strings.Repeat("a", 103), "ATTACH_KEY", attachKey}, "ATTACH_ADDR "}, // longer than Linux allows
		{[]string{"HANDLERS", "both", "ATTACH_ADDR", "127.0.0.1:4001", "ATTACH_KEY", attachKey}, "HANDLERS "},
		{[]string{"HANDLERS", "app", "ALLOW_EIO3", "true", "ATTACH_ADDR", "127.0.0.1:4001", "ATTACH_KEY", attachKey}, "ALLOW_EIO3 "},
		{[]string{"NODE_ENV", "production", "ATTACH_ADDR", "127.0.0.1:4001", "ATTACH_KEY", attachKey + ",changeme"}, "ATTACH_KEY "},
	} {
		_, faults := parse(with(one.pairs...), ruled)
		if len(faults) != 1 || !strings.HasPrefix(faults[0], one.fault) || strings.Contains(faults[0], attachKey) {
			t.Errorf("%q: %q, want one fault of %s", one.pairs, faults, one.fault)
		}
	}
}

func TestAnAttachAddressThatOthersReachIsWarnedOf(t *testing.T) {
	t.Parallel()
	for address, warned := range map[string]bool{"0.0.0.0:4001": true, ":4001": true, "127.0.0.1:4001": false, "10.0.0.7:4001": false, "/run/a.sock": false} {
		c, faults := parse(with("ATTACH_ADDR", address, "ATTACH_KEY", attachKey), ruled)
		if faults != nil || slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "ATTACH_ADDR") }) != warned {
			t.Errorf("%s: faults %q, warnings %q", address, faults, c.Warnings)
		}
	}
}
