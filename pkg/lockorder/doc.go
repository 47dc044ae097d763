// Package lockorder is the mutexes of this project, and the order in which they may be taken.
//
// A [Mutex] has the type it belongs to as its parameter, which names it in the order:
//
//	type room struct {
//		mu lockorder.Mutex[room] // named socketio.room
//		...
//	}
//
// In an ordinary build it is a sync.Mutex, and costs what that costs. Built with the tag lockorder it knows which
// mutexes each goroutine holds. A goroutine that takes one out of order ends the program, which prints where
// it did that, and where it took the other: also when no deadlock comes of it this time. scripts/test
// runs all tests that way.
//
// The order is explained in gateway/docs/ARCHITECTURE.md; a test compares the page with [Table].
package lockorder
