//go:build !race

// The race detector makes everything larger, so that these say nothing under it.

package app

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"sync"
	"syscall"
	"testing"
	"time"
)

// socketBudget is what a joined socket may take of the heap, its share of the rooms and of the list
// of members included.
const socketBudget = 1536

// Not parallel: the heap is that of the whole process.
func TestAJoinedSocketFitsInItsBudget(t *testing.T) {
	const sockets = 20 * roomRound
	w := newCrowd(t, sockets)
	if each := w.fill(); each > socketBudget {
		t.Errorf("%.0f bytes of heap per joined socket, want at most %d", each, socketBudget)
	} else {
		t.Logf("%.0f bytes of heap per joined socket", each)
	}
}

// BenchmarkMillion fills rooms of 10 to 1,000 with up to a million sockets, and then has messages
// flow while users come and go. It reports what a socket takes of the heap and costs to bring in, the
// pauses of all goroutines (of collections that come by themselves and of forced ones), and the
// collector's share of the CPU time (of the former alone). One iteration is a message
// to one room; a user leaves and comes back for every ten.
//
//	go test -run '^$' -bench Million ./gateway/internal/app
func BenchmarkMillion(b *testing.B) {
	for _, sockets := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(sockets), func(b *testing.B) { benchmarkCrowd(b, sockets) })
	}
}

// trafficTime is how long messages flow at least: enough for several collections.
const trafficTime = 10 * time.Second

func benchmarkCrowd(b *testing.B, sockets int) {
	begun := cpuTime()
	w := newCrowd(b, sockets)
	each := w.fill()
	filling := cpuTime() - begun

	before := readCollector()
	messages, start := 0, time.Now()
	for b.Loop() {
		w.talk(messages)
		messages++
	}
	for time.Since(start) < trafficTime {
		w.talk(messages)
		messages++
	}
	after := readCollector()
	w.talkWhileCollecting()
	w.settled()
	pauses := readCollector()
	b.ReportMetric(each, "B/socket")
	b.ReportMetric(filling.Seconds()*1e6/float64(sockets), "cpu-µs/connect")
	b.ReportMetric(float64(messages), "messages")
	b.ReportMetric(float64(pauses.cycles-before.cycles), "gc-cycles")
	b.ReportMetric(pauses.quantile(before, 0.99)*1e6, "p99-pause-µs")
	b.ReportMetric(pauses.quantile(before, 1)*1e6, "max-pause-µs")
	b.ReportMetric(100*(after.gc-before.gc)/(after.busy-before.busy), "gc-%cpu")
}

// fill has everybody arrive and returns the bytes of heap that each takes.
func (w *crowd) fill() (each float64) {
	before := emptyHeap()
	for i := range w.clients {
		w.arrive(i)
	}
	w.settled()
	return float64(heapInUse()-before) / float64(len(w.clients))
}

// emptyHeap is the heap before the first crowd: what is left of one, for a while, would be counted
// for the next one otherwise, the wrong way round.
var emptyHeap = sync.OnceValue(heapInUse)

// settled waits until all are in their rooms.
func (w *crowd) settled() {
	w.t.Helper()
	rooms := 0
	for i := 0; i < len(w.clients); i += roomRound {
		for rest := 0; rest < roomRound && i+rest < len(w.clients); rest++ {
			if rest == 0 || roomOfClient(i+rest) != roomOfClient(i+rest-1) {
				rooms++
			}
		}
	}
	deadline := time.Now().Add(time.Minute)
	for w.app.sockets.Connections() != len(w.clients) || w.app.chat.Rooms() != rooms || w.joined() != len(w.clients) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%d connections and %d rooms of %d and %d, %d joined", w.app.sockets.Connections(),
				w.app.chat.Rooms(), len(w.clients), rooms, w.joined())
		}
		runtime.Gosched()
	}
}

// joined counts those who are known to be in their room: joining is the last that they say.
func (w *crowd) joined() int {
	n := 0
	for _, c := range w.clients {
		if c.idle() {
			n++
		}
	}
	return n
}

// talk has one client send a message to its room, and every tenth time one leave and come back.
func (w *crowd) talk(turn int) {
	i := rand.IntN(len(w.clients))
	w.clients[i].say(`42["send_message",{"roomId":"` + roomOfClient(i) + `","text":"hello, is anybody there?"}]`)
	if turn%10 == 0 {
		w.depart(i)
		w.arrive(i)
	}
}

// talkWhileCollecting collects over and over, for there to be pauses enough to speak of a p99.
func (w *crowd) talkWhileCollecting() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for start := time.Now(); time.Since(start) < trafficTime; {
			runtime.GC()
		}
	}()
	for turn := 0; ; turn++ {
		select {
		case <-done:
			return
		default:
			w.talk(turn)
		}
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one found to be finalised, and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// collector is what the runtime says of its garbage collector up to now.
type collector struct {
	cycles   uint64
	gc, busy float64 // CPU seconds
	pauses   *metrics.Float64Histogram
}

func readCollector() collector {
	runtime.GC() // the CPU classes are brought up to date by it
	s := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(s)
	return collector{
		cycles: s[0].Value.Uint64(), gc: s[1].Value.Float64(),
		busy: s[2].Value.Float64() - s[3].Value.Float64(), pauses: s[4].Value.Float64Histogram(),
	}
}

// quantile returns the upper bound, in seconds, of that share of the pauses since before.
func (c collector) quantile(before collector, q float64) float64 {
	var total, seen uint64
	for i, n := range c.pauses.Counts {
		total += n - before.pauses.Counts[i]
	}
	want := uint64(math.Ceil(q * float64(total)))
	for i, n := range c.pauses.Counts {
		if seen += n - before.pauses.Counts[i]; seen >= want {
			return c.pauses.Buckets[i+1]
		}
	}
	return 0
}

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
