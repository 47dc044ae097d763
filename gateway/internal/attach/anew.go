package attach

// Who is who an app may keep in the memory of its process alone, by what its clients said when they connected. Kept over a restart they would
// not say it again, and nobody would know them. Such an app says so in its hello, and its clients are sent away with its process: they
// come back by themselves, say it all again, and keep to themselves what they have to say meanwhile.

// sendAway ends a client of an app that does not keep its clients. One that no namespace has let in yet has said nothing that is lost: it waits for
// the next process, and so does every client of an app that keeps them. mu is held.
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
