//go:build linux

// Command bench measures the gateway beside the design that it replaces (yardstick/server.js), on this machine, in
// one run. scripts/bench/run builds everything and starts it; its -h lists the options.
//
// The server under load has one core to itself; this program, which is the load, and Postgres share another. One
// goroutine plays all clients from one epoll loop (crowd.go), counts frames without decoding them (frames.go) and
// checks every delivery: none lost, none doubled, none out of order (sequence.go). CPU and memory of the server are
// what /proc says (proc.go). Latencies include the time that the load needs to read: one message to a room of 1,000
// is 1,000 reads, and the bare write(2) beside it (bare.go) is read in the same way.
//
// With -attacks it measures honest clients beside hostile ones instead (load_attacks.go), and with -cluster several
// servers on one Redis (load_cluster.go). With -simulate it reckons what fifty gateways would cost, from what the parts
// of a few cost in the same run (simulate.go).
package main
