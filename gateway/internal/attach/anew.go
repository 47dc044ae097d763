package attach

// An app may know who its clients are only from what they said when they connected, in the memory of its process. If they were kept over a
// restart, they would not say it again, and nobody would know them. Such an app says so in its hello (keep: false), and its clients are closed
// when its process goes: they come back by themselves and say it all again, and buffer meanwhile what their users say.

// sendAway closes a client whose app does not keep its clients, and returns true. It leaves alone the clients of other apps, and those that no
// namespace has let in yet: they have said nothing that would be lost, and wait for the next process. mu is held.
func (h *Hub) sendAway(c *client, by *link) bool {
	if !by.hello.Options.Anew {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sockets) == 0 && c.ended == "" {
		return false
	}
	if c.left, c.taker = true, nil; c.ended != "" {
		h.drop(c)
		return true
	}
	c.dropHeld()
	c.session.Close(ByApp)
	return true
}

// goneText says what becomes of the clients of a link that is over.
func goneText(l *link) string {
	if l.hello.Options.Anew {
		return "an app is gone: its clients come back and begin anew, as it asked for"
	}
	return "an app is gone: its clients wait for another"
}
