//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// The loads, in the order in which they run. From connect to reconnect they share one server and its connections.
const (
	loadConnect   = "connect"
	loadIdle      = "idle"
	loadFanout    = "fanout"
	loadReconnect = "reconnect"
	loadLight     = "light"
	loadDurable   = "durable"
	loadJoin      = "join"
	loadRecover   = "recover" // only if it is asked for
)

var allLoads = []string{loadConnect, loadIdle, loadFanout, loadReconnect, loadLight, loadDurable, loadJoin}

// options are the command line.
type options struct {
	only      []string
	against   bool // the yardstick
	profile   bool
	recovery  string
	out       string
	gateway   string // binary
	yardstick string // folder
	postgres  string // scripts/postgres

	serverCore int
	loadCore   int // which Postgres shares

	rounds      int           // of the loads that take turns
	connections int           // of a crowd
	rooms       int           // of a crowd
	window      int           // messages in flight per room
	seconds     time.Duration // of each measurement
	rest        time.Duration // before memory is read
	lightRooms  int
	lightRate   int // messages a second in all
	senders     int // durable messages
	storm       int // users who join one room
	bigStorm    int // the same, the gateway alone

	attached     int    // clients, instead of the loads
	cluster      bool   // instead of the loads
	servers      string // part of the names of the setups that are wanted
	simulate     bool   // the same
	attacks      bool   // the same
	attack       string // part of the names of those that are wanted
	attackWindow time.Duration
	shared       bool // the machine
	role         role
}

// results is where the figures are that gateway/docs/BENCHMARKS.md shows.
const results = "scripts/bench/results"

func parseOptions(args []string) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := f.String("only", "", "loads to run, of "+strings.Join(allLoads, ",")+","+loadRecover+"; all but the last unless set. With -attach: "+loadConnect+" and what follows it, "+onlyPolling+", or both")
	quick := f.Bool("quick", false, "a tenth of everything, in one round: to try it, not to measure; its figures miss targets, and go to /tmp/socketgate-bench unless -out is given")
	f.BoolVar(&o.against, "yardstick", true, "measure the Node yardstick too; =false measures the gateway alone")
	f.StringVar(&o.recovery, "recovery", "auto", "RECOVERY of the gateway: auto, on or off")
	f.BoolVar(&o.profile, "profile", false, "save CPU profiles of the gateway beside the results")
	f.StringVar(&o.out, "out", results, "folder for results.md, results.json and results.svg")
	f.StringVar(&o.gateway, "gateway", "", "binary of the gateway")
	f.StringVar(&o.yardstick, "yardstick-dir", "scripts/bench/yardstick", "folder of the yardstick")
	f.StringVar(&o.postgres, "postgres", "scripts/postgres", "script that starts a Postgres")
	f.IntVar(&o.serverCore, "server-core", 0, "core that the server has to itself")
	f.IntVar(&o.rounds, "rounds", 3, "connect, light and durable: rounds, the gateway and the yardstick by turns, of which medians are shown")
	f.IntVar(&o.connections, "connections", 10_000, "connections")
	f.IntVar(&o.rooms, "rooms", 100, "rooms that they are in")
	f.IntVar(&o.window, "window", 8, "fanout: messages in flight per room, by a sender each, at most 10")
	f.DurationVar(&o.seconds, "seconds", 10*time.Second, "how long each load is measured")
	f.DurationVar(&o.rest, "rest", 12*time.Second, "idle: how long the server rests before its memory is read")
	f.IntVar(&o.lightRooms, "light-rooms", 10, "light: rooms")
	f.IntVar(&o.lightRate, "light-rate", 20, "light: messages a second, in all rooms together")
	f.IntVar(&o.senders, "senders", 1_000, "durable: senders, ten in a room")
	f.IntVar(&o.storm, "storm", 1_000, "join: users who join one room")
	f.IntVar(&o.bigStorm, "big-storm", 10_000, "join: the same, the gateway alone")
	f.IntVar(&o.attached, "attach", 0, "measure an app's own socket.io server behind the gateway beside the same server by itself, with so many clients, instead, about nine minutes; writes attached.md and attached.json")
	f.BoolVar(&o.cluster, "cluster", false, "measure several gateways on one Redis beside one, and beside Node servers, instead, about five minutes, in two rounds at most; writes cluster.md and cluster.json")
	f.StringVar(&o.servers, "servers", "", "cluster: only servers whose names have this in them")
	f.BoolVar(&o.simulate, "simulate", false, "tell how the cost of a cluster grows to fifty gateways and a million members, from what its parts cost here, instead, about three minutes; writes simulation.md and simulation.json")
	f.BoolVar(&o.attacks, "attacks", false, "measure honest clients beside attacks instead, about six minutes; writes attacks.md and attacks.json")
	f.StringVar(&o.attack, "attack", "", "attacks: only those whose names have this in them")
	f.DurationVar(&o.attackWindow, "attack-window", 3*time.Second, "attacks: how long honest clients are measured alone, beside an attack elsewhere, and beside it")
	f.BoolVar(&o.shared, "shared", false, "attacks: others use this machine: the gateway takes a real-time priority, and attackers the highest of the others, as if they were alone (needs root)")
	o.role.flags(f)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.only = allLoads
	if o.attached > 0 {
		o.only = []string{loadConnect, onlyPolling}
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
		for _, name := range o.only {
			if name != loadRecover && name != onlyPolling && !slices.Contains(allLoads, name) {
				return o, fmt.Errorf("no load is called %q; there are %s, %s and, with -attach, %s", name, strings.Join(allLoads, ", "), loadRecover, onlyPolling)
			}
		}
	}
	if *quick {
		o.connections, o.rooms, o.senders, o.storm, o.bigStorm = o.connections/10, max(1, o.rooms/10), o.senders/10, o.storm/10, o.bigStorm/10
		o.seconds, o.rest, o.rounds, o.attackWindow = o.seconds/5, o.rest/5, 1, o.attackWindow/5
		if o.out == results {
			o.out = filepath.Join(os.TempDir(), "socketgate-bench") // a try is no result to keep
		}
	}
	if o.window < 1 || o.window > maxSenders {
		return o, fmt.Errorf("-window must be 1 to %d", maxSenders)
	}
	if o.rounds < 1 {
		return o, errors.New("-rounds must be 1 at least")
	}
	return o, nil
}

// pinned finds out which core is the load's, and makes sure that it has no other and is not the server's.
func (o *options) pinned() error {
	list, err := statusOf(os.Getpid(), "Cpus_allowed_list")
	if err != nil {
		return err
	}
	if o.loadCore, err = strconv.Atoi(list); err != nil || o.loadCore == o.serverCore {
		return fmt.Errorf("the load runs on core %s, the server on %d: each needs one of its own (scripts/bench/run sees to it)", list, o.serverCore)
	}
	return nil
}

// bench is one run.
type bench struct {
	ctx      context.Context // ends the run early
	options  options
	self     string // this program
	scratch  string
	users    []user
	database *database
	report   report
	attacks  siege
}

func run(ctx context.Context, args []string) (err error) {
	// A server dies with the thread that started it, which must be this one.
	runtime.LockOSThread()
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if play := o.role.play(); play != nil {
		return play(ctx)
	}
	debug.SetGCPercent(400) // the load should not be what is measured
	b := &bench{ctx: ctx, options: o, report: report{Machine: thisMachine(), Options: strings.Join(args, " "), Rounds: o.rounds}}
	if err := b.prepare(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.tidy()) }()
	if o.attacks {
		return b.attackSession()
	}
	if o.simulate {
		return b.simulation()
	}
	if o.attached > 0 {
		return b.attachedRun()
	}
	if o.cluster {
		return b.clusterRun()
	}
	for _, session := range b.sessions() {
		if err := b.runSession(session); err != nil {
			return err
		}
	}
	return b.report.write(o.out, os.Stdout)
}

// session is what one start of a server is used for.
type session struct {
	loads  []string // it runs if any of them is wanted
	rounds int
	kinds  []string // of servers, by turns
	run    func(kind string) error
}

func (b *bench) sessions() []session {
	kinds := []string{gateway}
	if b.options.against {
		kinds = append(kinds, yardstick)
	}
	rounds, crowds := b.options.rounds, 1
	if b.wants(loadConnect) { // which is all that a crowd is for after the first round
		crowds = rounds
	}
	return []session{
		{[]string{loadConnect, loadIdle, loadFanout, loadReconnect}, crowds, kinds, b.crowdSession},
		{[]string{loadLight}, rounds, append(slices.Clone(kinds), bare), b.lightSession},
		{[]string{loadDurable}, rounds, kinds, b.durableSession},
		{[]string{loadJoin}, 1, kinds, b.joinSession},
		{[]string{loadRecover}, 1, []string{gateway}, b.recoverSession},
	}
}

// runSession runs a session's rounds. One that fails is a fault of the run; what else was measured still counts.
func (b *bench) runSession(s session) error {
	if !slices.ContainsFunc(s.loads, b.wants) {
		return nil
	}
	for b.report.round = 1; b.report.round <= s.rounds; b.report.round++ {
		for _, kind := range s.kinds {
			if err := s.run(kind); err != nil {
				if b.ctx.Err() != nil {
					return err
				}
				b.report.fault(fmt.Sprintf("%s: %v", kind, err))
			}
		}
	}
	return nil
}

func (b *bench) wants(load string) bool { return slices.Contains(b.options.only, load) }

// prepare makes what all loads need. tidy takes it away, also if prepare failed half way.
func (b *bench) prepare() error {
	o := &b.options
	for _, path := range []*string{&o.out, &o.yardstick, &o.postgres, &o.gateway} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	if err := o.pinned(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b.self = self
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if b.scratch, err = os.MkdirTemp("/tmp", "socketgate-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(b.scratch, 0o755); err != nil { // Postgres runs as another user
		return err
	}
	if b.users, err = mintUsers(max(o.connections, o.senders, o.storm, o.bigStorm, o.attached)); err != nil {
		return err
	}
	if b.options.attached > 0 {
		return nil
	}
	if b.options.attacks || b.options.cluster || b.options.simulate || b.wants(loadDurable) || b.wants(loadRecover) {
		b.database, err = startDatabase(o.postgres, b.scratch)
	}
	return err
}

func (b *bench) tidy() error {
	var err error
	if b.database != nil {
		err = b.database.stop()
	}
	return errors.Join(err, os.RemoveAll(b.scratch))
}

// say tells whoever waits what goes on.
func say(kind, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%-14s %s\n", kind, fmt.Sprintf(format, args...))
}
