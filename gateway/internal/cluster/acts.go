package cluster

import (
	"encoding/json"
	"slices"
	"time"
)

// actsQueue is how many acts may wait, those of others here and those of this node for Redis. More are lost, and counted.
const actsQueue = 10_000

// actPatience is how long an act of this node is told again while Redis is away. What is not heard by then the others find out by
// themselves, within ACCESS_RECHECK.
const actPatience = 30 * time.Second

// actAgain is how often such an act is told again.
const actAgain = 500 * time.Millisecond

// Act is what all nodes are to do with the clients of a user: to end those of one login, or, without one, all of them. It holds nothing that
// lets anybody in.
type Act struct {
	User  string `json:"user"`
	Login string `json:"login,omitempty"` // a digest
	Node  string `json:"node"`            // who said so; tellAct sets it
}

// LoginEnded has all other nodes be told that a login has ended, within a second where Redis can be reached. It does not wait.
func (n *Node) LoginEnded(user, login string) { n.tellAct(Act{User: user, Login: login}) }

// UserEnded has all other nodes be told to disconnect a user.
func (n *Node) UserEnded(user string) { n.tellAct(Act{User: user}) }

func (n *Node) tellAct(a Act) {
	a.Node = n.name
	message, err := json.Marshal(a)
	if err != nil {
		return // of strings it can always be made
	}
	select {
	case n.said <- message:
	default:
		n.health.lostActs.Add(1)
	}
}

// Heed has heed be called with what the others say, by one goroutine at a time. What they said before is over.
func (n *Node) Heed(heed func([]Act)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heed = heed
}

// unheard is an act that not all others have heard yet.
type unheard struct {
	message []byte
	until   time.Time
}

// saying tells the acts of this node, and tells those again that not everybody has heard: Redis was away, or others do not listen yet.
func (n *Node) saying() {
	var waiting []unheard
	again := time.NewTicker(actAgain)
	defer again.Stop()
	for {
		select {
		case message := <-n.said:
			u := unheard{append([]byte{saysAct}, message...), time.Now().Add(actPatience)}
			if n.say(u.message) {
				continue
			}
			if len(waiting) == actsQueue {
				n.health.lostActs.Add(1)
				continue
			}
			waiting = append(waiting, u)
		case <-again.C:
			waiting = slices.DeleteFunc(waiting, func(u unheard) bool {
				late := time.Now().After(u.until)
				if late {
					n.health.lostActs.Add(1)
				}
				return late || n.say(u.message)
			})
		case <-n.ctx.Done():
			return
		}
	}
}

// say tells an act, and reports whether all nodes that are there have heard it, as far as Redis can say.
func (n *Node) say(message []byte) (byAll bool) {
	if n.health.isAway() {
		return false
	}
	heard, err := n.tellAll(message)
	n.mu.Lock()
	there := 1 + n.view.others()
	n.mu.Unlock()
	return err == nil && (heard < 0 || heard >= there)
}

// queueAct takes an act of any node.
func (n *Node) queueAct(message []byte) {
	select {
	case n.acts <- message:
	default:
		n.health.lostActs.Add(1)
	}
}

// actsAtOnce is how many acts are done together: one look through all clients is for all of them.
const actsAtOnce = 1000

// acting has what the others said be done.
func (n *Node) acting() {
	for {
		select {
		case message := <-n.acts:
			acts := n.gather(message)
			n.mu.Lock()
			heed := n.heed
			n.mu.Unlock()
			if len(acts) > 0 && heed != nil {
				heed(acts)
			}
		case <-n.ctx.Done():
			return
		}
	}
}

// gather reads an act and those that wait behind it, without this node's own.
func (n *Node) gather(message []byte) (acts []Act) {
	for {
		var a Act
		if err := json.Unmarshal(message, &a); err != nil || a.Node == "" {
			n.health.garbled.Add(1)
		} else if a.Node != n.name {
			acts = append(acts, a)
		}
		if len(acts) == actsAtOnce {
			return acts
		}
		select {
		case message = <-n.acts:
		default:
			return acts
		}
	}
}
