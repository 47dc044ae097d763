package presence

import "time"

// What lists may cost whoever causes them, in bytes times receivers. A full purse pays for three changes between rooms of 300;
// what it does not pay for is told later, and not refused: a join is a join.
const (
	purse        = 16 << 20
	pursePerSec  = 1 << 20
	longestDelay = time.Minute // nobody is listed wrongly for longer
	// delayedPerSec is what the lists of one room may cost per second for whoever owes. It keeps the delay of small rooms small:
	// 0.2 s for 10 people, 2 s for 35. Who comes from a stadium into a kitchen is seen there.
	delayedPerSec = 32 << 10
)

// purses are what people have spent on lists, by user. Whoever has spent nothing lately is in it no more; connecting anew
// fills no purse. Rosters.mu guards it.
type purses map[string]*budget

// delay is how long a list of that cost has to wait, because of what the user has caused before.
func (p purses) delay(user string, cost int, now time.Time) time.Duration {
	spent := p[user]
	if spent == nil {
		return 0
	}
	most := time.Duration(float64(cost) / delayedPerSec * float64(time.Second))
	return min(spent.wait(now, pursePerSec, purse), most, longestDelay)
}

// charge has a user pay for a list. Debts that would delay them beyond the longest delay are forgiven.
func (p purses) charge(user string, cost int, now time.Time) {
	p.forget(now)
	if cost == 0 {
		return
	}
	spent := p[user]
	if spent == nil {
		spent = new(budget)
		p[user] = spent
	}
	spent.charge(cost, now, pursePerSec)
	spent.spent = min(spent.spent, purse+pursePerSec*longestDelay.Seconds())
}

// forget is called for each charge. It looks at any two purses and drops them if they are full: so all full ones are dropped in the end.
func (p purses) forget(now time.Time) {
	looked := 0
	for user, spent := range p {
		if spent.settle(now, pursePerSec); spent.spent == 0 {
			delete(p, user)
		}
		if looked++; looked == 2 {
			return
		}
	}
}

// budget is bytes that are earned at a rate and may be overdrawn: what something costs is known once it has been done.
type budget struct {
	spent float64
	at    time.Time
}

func (b *budget) settle(now time.Time, perSecond float64) {
	b.spent = max(0, b.spent-max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
}

// charge spends so much, whether it is there or not.
func (b *budget) charge(cost int, now time.Time, perSecond float64) {
	b.settle(now, perSecond)
	b.spent += float64(cost)
}

// wait is how long it takes until no more than reserve is spent.
func (b *budget) wait(now time.Time, perSecond, reserve float64) time.Duration {
	b.settle(now, perSecond)
	return time.Duration(max(0, b.spent-reserve) / perSecond * float64(time.Second))
}
