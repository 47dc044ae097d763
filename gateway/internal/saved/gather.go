package saved

import "cmp"

// gathered are the changes that one write takes.
type gathered struct {
	taken []change
	saves []row
	ends  []key
	bytes int
}

// gather takes what has changed and, as far as there is place, what is to be written anew.
func (w *writer) gather() (g gathered) {
	for g.hasPlace() {
		one, ok := w.changes.next()
		if !ok {
			break
		}
		w.put(&g, one)
	}
	crowd := w.sockets.Load()
	for g.hasPlace() && len(w.rest) > 0 {
		one := w.rest[0]
		if w.rest = w.rest[1:]; crowd.has(one.ID()) {
			w.put(&g, change{sid: one.ID(), session: one})
		}
	}
	return g
}

func (g *gathered) hasPlace() bool { return len(g.taken) < sessionsAtOnce && g.bytes < bytesAtOnce }

// put asks the socket what its session is now. A session that can't be saved as it is now is deleted, so that it does not come back as it was.
func (w *writer) put(g *gathered, one change) {
	if one.session == nil {
		g.taken = append(g.taken, one)
		g.ends = append(g.ends, keyOf(one.namespace, one.sid))
		return
	}
	at := cmp.Or(one.at, readAt())
	saved := one.session.Session()
	if saved.SID == "" {
		w.changes.settle([]change{one})
		return
	}
	g.taken = append(g.taken, one)
	r, err := rowOf(saved)
	if err != nil {
		w.tellUnwritten("unfit")
		g.ends = append(g.ends, keyOf(saved.Namespace, saved.SID))
		return
	}
	r.at = at
	g.saves = append(g.saves, r)
	g.bytes += len(r.session) + len(r.user)
}

// writeAnew has the sessions of all sockets written that are connected.
func (w *writer) writeAnew() {
	crowd := w.sockets.Load()
	if crowd == nil {
		return
	}
	w.rest = w.rest[:0:0]
	crowd.each(func(one session) { w.rest = append(w.rest, one) })
}
