// Package chat is the contract with the web app: who may connect, which events it takes, and what
// the rooms are told.
//
// An event goes one way: from a socket through this package into the store, and from there, once
// it is committed, to the room. The store calls back in commit order, and every room hears in that
// order.
//
// Lock order: rosters.mu, then roster.mu. Neither is held while something is emitted.
package chat
