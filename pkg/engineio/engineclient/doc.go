// Package engineclient is the other side of package engineio: a client of one session over one WebSocket, for the gateway's
// own check of a deployment and for tests.
//
// It is no browser: it neither polls nor comes back, and it may be as rude as its caller wants, since the raw connection
// shows through. It imports nothing of the server, so that it has no reason to agree with it, and the server's own tests may
// use it.
package engineclient
