// Package sessions tells who somebody is by the sessions that the web app keeps in its database (SESSION_QUERY), which logins it has
// ended (REVOKED_QUERY: [OpenRevocations]), and what a user
// is called whose token does not say so (USER_QUERY, or what the store finds in the schema).
//
// [Open] checks the query once, [Sessions.Claims] asks it for each token. Nothing is kept of it between two calls, so a session that
// the app has ended lets nobody in any more. The package has up to 4 connections of its own, so that a rush of logins makes
// no commit and no join wait; who finds them all busy waits within the timeout of the call.
//
// [OpenNames] and [Names.Name] do the same for names, with 2 connections. Names are kept for a minute, and who can't be named is
// let in without a name: that nobody knows it must not keep anybody out.
//
// The lock of Names is held for a few instructions. The package starts no goroutine of its own. The pool's goroutines end with [Sessions.Close].
package sessions
