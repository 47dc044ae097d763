// Package presence knows who is in which room, by user, and tells rooms when that changes.
//
// Sockets are counted in with [Rosters.Enter] and out with [Rosters.Leave]; three tabs of one person are one
// member. It knows no socket and sends nothing itself: the function given to [New] does, and returns what
// that cost.
//
// It promises that
//
//   - the first change of a room is told at once, later ones gather for a step, and the last state is always told:
//     n joins cost steps and not n lists;
//   - a step is longer while thousands come and go, in all rooms together: who comes back in a storm hears few lists;
//   - the lists of one room cost at most 32 MiB a second, as far as a step of 2 s allows, and those of all rooms what
//     [Options] say;
//   - whoever causes lists pays for them: a person who comes and goes all the time has rooms told ever later, by a minute at
//     most and small rooms by less, and never what somebody else causes;
//   - a room that everybody has left is forgotten.
//
// It owns one goroutine, which tells all rooms one after the other and which Close waits for. Every method but
// Close may be called from any goroutine, also while a room is told.
//
// [Rosters] and a roster are locked for a few instructions, and not while a room is told. A roster's telling is held then. The order of
// the locks is in gateway/docs/ARCHITECTURE.md.
package presence
