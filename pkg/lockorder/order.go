package lockorder

// rule says which mutexes may be taken while one is held. Those that may be taken while these are held may be too.
type rule struct {
	held  string
	takes []string
}

// everyOther stands for all mutexes but the one itself.
const everyOther = "every other"

// order has a rule for every mutex. Two of the same name are never held at a time.
var order = []rule{
	{"engineio.turn", []string{everyOther}},

	{"socketio.making", []string{"socketio.Server", "socketio.rooms", "socketio.sockets"}},
	{"socketio.releases", []string{"socketio.conn"}},
	{"socketio.delivery", []string{"socketio.Socket"}},
	{"socketio.Socket", []string{"socketio.room", "socketio.absences"}},
	{"socketio.room", []string{
		"socketio.rooms", "socketio.sockets",
		"engineio.Session", "engineio.Server", "engineio.Admission",
		"netpoll.flusher", "netpoll.workers",
		"legacy.client",
	}},
	{"engineio.Door", []string{"netpoll.workers"}},
	{"engineio.Session", []string{"engineio.Admission", "engineio.wheel", "netpoll.workers"}},
	{"presence.Rosters", []string{"presence.roster", "ops.Hints"}},
	{"presence.telling", []string{"presence.roster", "socketio.room", "chat.user"}},
	{"chat.seats", []string{"socketio.Socket", "socketio.Event", "presence.Rosters", "presence.telling", "chat.user", "chat.users", "saved.changes"}},

	{"socketio.Event", nil},
	{"socketio.Server", nil},
	{"socketio.absences", nil},
	{"socketio.conn", nil},
	{"socketio.rooms", nil},
	{"socketio.sockets", nil},
	{"socketio.unreadable", nil},
	{"socketio.absent", nil},
	{"engineio.Admission", nil},
	{"engineio.Server", nil},
	{"engineio.wheel", nil},
	{"netpoll.Poller", nil},
	{"netpoll.epoll", nil},
	{"netpoll.flusher", nil},
	{"netpoll.workers", nil},
	{"presence.roster", nil},
	{"chat.logLimit", nil},
	{"chat.firstTimes", nil},
	{"chat.early", nil},
	{"chat.user", nil},
	{"chat.users", nil},
	{"chat.resends", nil},
	{"chat.absorbed", nil},
	{"chat.grants", nil},
	{"chat.named", nil},
	{"chat.toldAgain", nil},
	{"audit.Log", nil},
	{"chat.explained", nil},
	{"store.health", nil},
	{"store.misfits", nil},
	{"store.queue", nil},
	{"store.asking", nil},
	{"store.fingerprints", nil},
	{"sessions.Names", nil},
	{"saved.changes", nil},
	{"saved.claims", nil},
	{"lookup.queue", nil},
	{"lookup.refusals", nil},
	{"legacy.Server", nil},
	{"legacy.client", nil},
	{"ops.Hints", nil},
}
