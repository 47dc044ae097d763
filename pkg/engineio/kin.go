package engineio

import (
	"net"
	"net/http"

	"github.com/socketgate/socketgate/pkg/engineio/internal/netpoll"
)

// kin are the arrivals of one network that wait at a Door, in the order in which they came. Once they are as many as may be, each that
// comes takes the place of the one that has taken longest: whoever speaks does so at once, and who opens connections to say nothing, or
// a byte at a time, locks nobody out but themselves.
type kin struct{ eldest, youngest *arrival }

// kinship is an arrival's place among its kin. The Door's mu guards it.
type kinship struct {
	network        uint64
	elder, younger *arrival
	departed       bool // Depart has had its mark
}

// joinKin has an arrival be the youngest of its network. mu is held, as for leaveKin.
func (d *Door) joinKin(a *arrival) {
	k := d.kin[a.network]
	if k == nil {
		k = new(kin)
		d.kin[a.network] = k
		k.eldest = a
	} else {
		k.youngest.younger, a.elder = a, k.youngest
	}
	k.youngest = a
}

func (d *Door) leaveKin(a *arrival) {
	k := d.kin[a.network]
	if a.elder != nil {
		a.elder.younger = a.younger
	} else {
		k.eldest = a.younger
	}
	if a.younger != nil {
		a.younger.elder = a.elder
	} else {
		k.youngest = a.elder
	}
	a.elder, a.younger = nil, nil
	if k.eldest == nil {
		delete(d.kin, a.network)
	}
}

// makeRoom cuts the eldest of a connection's kin, and takes its place back. False means that there is none, or that what it has said
// waits to be read: then it is the server that takes long.
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
	k := d.kin[network]
	if k == nil || !k.eldest.conn.Quiet() {
		return nil
	}
	a := k.eldest
	d.unlink(a)
	a.departed = true
	a.conn.Cut()
	return a
}

// sendAway closes a connection that finds no place. Who has asked for something gets an answer.
func sendAway(conn net.Conn) {
	defer conn.Close()
	netpoll.ReadNow(conn, func(said []byte) {
		r := parseHandshake(said[:headEnd(said)])
		if r == nil {
			r = new(http.Request)
		}
		refusal := &heldRefusal{header: make(http.Header)}
		RefusalFor(CauseArrivals).Write(refusal, r)
		writeAnswer(conn, &Packet{frame: refusal.frame})
	})
}
