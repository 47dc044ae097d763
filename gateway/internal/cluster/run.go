package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/presence"
)

// retry is how long a loop waits after Redis has failed it, before it tries again.
const retry = 100 * time.Millisecond

// wait waits, and returns false when the node closes.
func (n *Node) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-n.ctx.Done():
		return false
	}
}

// locked calls f with the view, and wakes those whom it has given something to do.
func (n *Node) locked(f func(v *view)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(n.view)
	if n.view.epoch != "" && len(n.view.dirty) > 0 {
		signal(n.write)
	}
	if len(n.view.wanted) > 0 || len(n.view.repairs) > 0 || len(n.view.doubted) > 0 {
		signal(n.read)
	}
	if len(n.view.changes) > 0 {
		signal(n.told)
	}
}

// keepLease renews the lease every second, and begins an epoch when there is none.
func (n *Node) keepLease() {
	asked := sync.OnceFunc(func() { close(n.asked) })
	trouble := trouble{ready: time.Now()}
	for {
		began := time.Now()
		err := n.renew()
		asked()
		n.attend(&trouble, err, time.Now())
		rest := renewal - time.Since(began)
		n.mu.Lock()
		if n.view.epoch == "" {
			rest = retry
		} else if left := time.Until(n.view.lenient); left > 0 { // then whose lease is missing is gone
			rest = min(rest, left)
		}
		n.mu.Unlock()
		if !n.wait(max(rest, retry)) {
			return
		}
	}
}

func (n *Node) renew() error {
	ctx, cancel := context.WithTimeout(n.ctx, patience)
	defer cancel()
	n.mu.Lock()
	epoch, wrote := n.view.epoch, n.view.wrote
	n.mu.Unlock()
	if epoch == "" {
		epoch = newEpoch()
		if err := n.medium.register(ctx, epoch, lease); err != nil {
			n.failed(err)
			return err
		}
		var drains bool
		n.locked(func(v *view) { v.registered(epoch); drains = v.drains })
		wrote = 0 // of this epoch; what the one before wrote is not to be known
		if drains {
			n.tellEnd(epoch)
		}
	}
	asked := time.Now()
	r, err := n.medium.renew(ctx, epoch, wrote, lease)
	if err != nil {
		n.failed(err)
		return err
	}
	now := time.Now()
	r.asked = asked
	if n.health.renewed(now) {
		n.locked(func(v *view) { v.spare(now) }) // while Redis was away, or this process stood still, nobody could renew
	}
	var suspects []string
	n.locked(func(v *view) {
		suspects = v.read(r, now)
		v.linger(now, false)
	})
	n.bury(ctx, suspects, r.over)
	n.compare(ctx)
	return nil
}

// failed notes that Redis is away, or has lost what it had.
func (n *Node) failed(err error) {
	now := time.Now()
	if errors.Is(err, errLost) {
		if n.health.saysLoss(now) {
			n.options.Logger.Warn("Redis has lost what this gateway had written, or the others took it for dead: all is written again (if this goes on: "+
				"maxmemory-policy noeviction, and enough memory)", "error", err)
		}
		n.locked(func(v *view) { v.lost(now) })
		return
	}
	if n.ctx.Err() != nil {
		return
	}
	n.health.cause.Store(&err)
	n.locked(func(v *view) { v.spare(now) })
	n.health.failed(now)
}

// bury ends the epochs of nodes whose lease is over, and has what they left cleaned away.
func (n *Node) bury(ctx context.Context, suspects, over []string) {
	for _, epoch := range suspects {
		switch gone, err := n.medium.fence(ctx, epoch); {
		case err != nil:
			n.failed(err)
			return
		case gone:
			over = append(over, epoch)
			n.locked(func(v *view) { v.expire(epoch, time.Now()) })
		}
	}
	for _, epoch := range over {
		n.clean(epoch)
	}
}

// clean is done beside all else: a dead node may have had many rooms.
func (n *Node) clean(epoch string, rooms ...string) {
	if n.ctx.Err() != nil || !n.health.cleaning.CompareAndSwap(false, true) {
		return // the next renewal finds it again
	}
	n.running.Go(func() {
		defer n.health.cleaning.Store(false)
		ctx, cancel := context.WithTimeout(n.ctx, cleanLock)
		defer cancel()
		if err := n.medium.clean(ctx, epoch, rooms...); err != nil && n.ctx.Err() == nil {
			n.options.Logger.Warn("what a gateway that is gone has left in Redis could not be cleaned away yet", "error", err)
		}
	})
}

// compare compares some rooms with what one other node says of them, or all with one of which something was missed.
func (n *Node) compare(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var q *question
		n.locked(func(v *view) { q = v.audit(auditsAtOnce) })
		if q == nil {
			return
		}
		marks, err := n.medium.marks(ctx, q.epoch, q.rooms)
		if err != nil {
			n.failed(err)
			return
		}
		n.locked(func(v *view) {
			v.compared(q, marks)
			more = q.hurry && q.rest || v.behind()
		})
	}
}

// writing writes what has changed here, one batch after the other: while one is under way, the next gathers.
func (n *Node) writing() {
	for {
		select {
		case <-n.write:
		case <-n.ctx.Done():
			return
		}
		for n.writeOne() {
		}
	}
}

func (n *Node) writeOne() (more bool) {
	var b *batch
	n.locked(func(v *view) {
		if b = v.next(); b != nil {
			n.health.writing.Store(true)
		}
	})
	if b == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(n.ctx, patience)
	err := n.medium.write(ctx, b)
	cancel()
	var past []string
	n.locked(func(v *view) {
		v.done(b, err)
		past = v.settled()
	})
	n.health.writing.Store(false)
	if err != nil {
		if !errors.Is(err, errLost) || n.isEpoch(b.epoch) {
			n.failed(err)
		}
		return n.wait(retry)
	}
	for _, epoch := range past { // who does not hear it finds out by the lease
		n.tellAll(append([]byte{saysOver}, epoch...))
	}
	return true
}

func (n *Node) isEpoch(epoch string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.view.epoch == epoch
}

func (n *Node) tellAll(message []byte) (heard int, err error) {
	ctx, cancel := context.WithTimeout(n.ctx, patience)
	defer cancel()
	if heard, err = n.medium.tell(ctx, message); err != nil {
		n.health.cause.Store(&err)
	}
	return heard, err
}

// reading reads the rooms that somebody here has entered, and those that are to be read again.
func (n *Node) reading() {
	for {
		select {
		case <-n.read:
		case <-n.ctx.Done():
			return
		}
		for n.readSome() {
		}
	}
}

func (n *Node) readSome() (more bool) {
	var names []string
	var again bool
	n.locked(func(v *view) { names, again = v.unread(loadsAtOnce) })
	n.amend()
	if len(names) == 0 {
		return false
	}
	found, known, err := n.load(names, again)
	strays := make(map[string][]string)
	now := time.Now()
	n.locked(func(v *view) {
		for i, name := range names {
			if err != nil {
				v.unloaded(name)
				continue
			}
			for _, epoch := range v.loaded(name, found[i], known, now) {
				strays[epoch] = append(strays[epoch], name)
			}
		}
	})
	for epoch, rooms := range strays {
		n.clean(epoch, rooms...)
	}
	if err != nil {
		n.failed(err)
		return n.wait(retry)
	}
	return true
}

// load reads rooms. It fails at once while Redis is known to be away, since whoever has entered one of them waits for it.
func (n *Node) load(names []string, again bool) (found []map[string]*share, known map[string]uint64, err error) {
	if n.health.isAway() {
		return nil, nil, errAway
	}
	ctx, cancel := context.WithTimeout(n.ctx, patience)
	defer cancel()
	if found, err = n.medium.load(ctx, names); err == nil && again {
		known, err = n.medium.sequences(ctx)
	}
	return found, known, err
}

// amend asks other nodes to write again what was not found as they say, and writes again what they have not found of this one.
func (n *Node) amend() {
	var repairs []repair
	var epoch string
	var doubted []string
	n.locked(func(v *view) {
		repairs, doubted, epoch = v.repairs, v.doubted, v.epoch
		v.repairs, v.doubted = nil, nil
	})
	for _, r := range repairs {
		n.tellAll(appendText(append([]byte{saysAmend}, r.epoch...), r.room))
	}
	for _, room := range doubted {
		ctx, cancel := context.WithTimeout(n.ctx, patience)
		present, err := n.medium.present(ctx, epoch, room)
		cancel()
		if err == nil { // else it is asked for again
			n.locked(func(v *view) { v.amend(room, present) })
		}
	}
}

// telling tells the rosters what has changed elsewhere, in order.
func (n *Node) telling() {
	for {
		select {
		case <-n.told:
		case <-n.ctx.Done():
			return
		}
		var changes []change
		var serve func([]presence.Change)
		n.locked(func(v *view) { changes, serve = v.takeChanges(), n.serve })
		var told []presence.Change
		for _, c := range changes {
			if c.room == connections {
				n.user.elsewhere(c)
			} else {
				told = append(told, presence.Change{
					Room: c.room, Opening: c.opening, Known: c.loaded, Person: decodePerson(c), Gateways: c.nodes(),
				})
			}
		}
		if serve != nil && len(told) > 0 {
			serve(told)
		}
	}
}

// listening hears what the others tell, and listens anew whenever that ends.
func (n *Node) listening() {
	for n.ctx.Err() == nil {
		ctx, cancel := context.WithCancel(n.ctx)
		n.health.listen(cancel)
		err := n.medium.listen(ctx, n.health.listens, n.hear)
		cancel()
		n.health.deaf()
		if n.ctx.Err() == nil && err != nil {
			n.health.cause.Store(&err)
			n.options.Logger.Debug("listening to the other gateways ended, and begins anew", "error", err)
		}
		n.wait(retry)
	}
}
