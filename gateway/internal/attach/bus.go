package attach

// passOn gives a message of one process of the app to another one, or to all others. A process that has no room for it does not get it,
// which is counted: adapters have time-outs for that.
func (h *Hub) passOn(from *link, to string, message []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := end(appendText(appendText(begin(nil, opBusHeard), from.hello.App), message), 0)
	for _, l := range h.links {
		if l != from && l.ready && (to == "" || to == l.hello.App) && !l.tryPut(f) {
			h.options.Observer.AppBusDropped()
		}
	}
}

// tellPeers tells each process which others there are. mu is held.
func (h *Hub) tellPeers() {
	for _, l := range h.links {
		if !l.ready {
			continue
		}
		var others []string
		for _, other := range h.links {
			if other != l && other.ready {
				others = append(others, other.hello.App)
			}
		}
		l.put(frame(opPeers, appendList(nil, others)...))
	}
}
