package config

import "slices"

// AppHandles tells whether the app's own handlers have everything (HANDLERS=app): then the gateway knows neither users nor messages.
func (c Config) AppHandles() bool { return c.Handlers == "app" }

// OwnEvents are those that the gateway handles itself, in one spelling each.
func (c Config) OwnEvents() []string {
	events := slices.Concat(c.JoinEvents, c.LeaveEvents, c.SendEvents)
	for _, relay := range c.RelayEvents {
		events = append(events, relay.Event)
	}
	return events
}

// checkAttach checks what lets the app's own server in.
func (c *Config) checkAttach(faults *report) {
	if c.AppHandles() && c.AttachAddr == "" {
		faults.add("ATTACH_ADDR", hint("but HANDLERS=app leaves everything to the app that dials it"))
	}
	if c.AppHandles() && c.AllowEIO3 {
		faults.add("ALLOW_EIO3", hint("but HANDLERS=app serves no clients of Socket.IO v2"))
	}
	if c.AttachAddr == "" {
		return
	}
	if !isPrivateAddress(c.AttachAddr) {
		faults.add("ATTACH_ADDR", nil)
	}
	if len(c.AttachKey) == 0 {
		faults.add("ATTACH_KEY", hint("but ATTACH_ADDR is"))
	}
}
