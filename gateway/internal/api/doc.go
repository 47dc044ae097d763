// Package api is HTTP for the web app's own server: its routes and Server Actions emit, send messages, ask who is where, move and end
// connections, all over the cluster. openapi.json is its description, which a test holds against the code.
//
// It promises that
//
//   - nothing is done or told without one of the keys, which are compared in constant time and reach no log;
//   - a request ends within [Options.Deadline], its body has a bound, and so has how many there are a second and at once;
//   - what is answered is JSON: what was asked for, or a code and a text that says what to do.
//
// It is HTTP and nothing else: the rules are package chat's. It owns no goroutine.
package api
