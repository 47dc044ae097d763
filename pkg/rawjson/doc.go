// Package rawjson reads and writes JSON that is passed on rather than decoded: the parts of an array or
// object as the bytes that they are, and strings as JavaScript writes them.
//
// What it reads must be valid JSON in UTF-8 already, as socketio guarantees of every argument of an event.
// It holds no state, keeps nothing that it is given, and may be called from any goroutine.
package rawjson
