package engineio

import (
	"net"
	"net/http"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// kinship is an arrival's place among those of its network whose first request has not come. The Door's mu guards it.
type kinship struct {
	network  uint64
	seat     seat[arrival]
	slow     bool // it has begun a head, and not ended it at once
	departed bool // Depart has had its mark
}

// makeRoom cuts the eldest connection of a newcomer's network, and gives its place back. False means that there is none, or that its first
// bytes wait to be read: then it is the server that takes long, and nobody is cut.
func (d *Door) makeRoom(conn net.Conn) bool {
	a := d.cutEldest(peerNetwork(conn))
	if a != nil {
		d.options.Depart(a.mark)
	}
	return a != nil
}

func (d *Door) cutEldest(network uint64) *arrival {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.kin.eldest(network)
	if a == nil || !a.slow && !a.conn.Quiet() {
		return nil
	}
	a.unlink()
	a.departed = true
	a.conn.Cut()
	return a
}

// sendAway closes a connection for which there is no place. If it has asked for something already, it gets an answer.
func sendAway(conn net.Conn) {
	defer conn.Close()
	netpoll.ReadNow(conn, func(said []byte) {
		r := parseRequest(said[:headEnd(said)])
		if r == nil {
			r = new(http.Request)
		}
		x := &exchange{request: r, header: make(http.Header), closes: true}
		RefusalFor(CauseArrivals).Write(x, r)
		writeAnswer(conn, &Packet{frame: x.answer().frames[0]})
	})
}
