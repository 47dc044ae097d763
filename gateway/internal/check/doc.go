// Package check tries what a start needs and, from outside, what stands between browsers and the
// gateway, and names for every fault the line to change.
//
// It takes its parts from package compose as a start does, so that the two can't disagree. From
// outside it is a client like any other, with a few steps of Engine.IO of its own.
//
// Nothing that it prints holds a secret, a token or a message, and nothing that it does stays: the
// insert is rolled back, and no room is joined.
package check
