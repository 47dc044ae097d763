// Package sessions tells who somebody is by the sessions that the web app keeps in its database (SESSION_QUERY), and
// which logins it has ended (REVOKED_QUERY).
//
// [Open] and [OpenRevocations] check a query once; [Sessions.Claims] and [Revocations.Revoked] ask it for each login, and the
// methods Ended for many that were let in before. Nothing is kept between two calls, so a session that the app has ended lets
// nobody in any more. Each query has up to 4 connections of its own, so that a rush of logins makes
// no commit and no join wait; who finds them all busy waits within the timeout of the call.
//
// The package has no lock and starts no goroutine of its own. The pool's goroutines end with Close.
package sessions
