// Package lookup has look-ups in the app's database wait for their turn: may this user join that room, whose session is
// this. It knows neither the database nor the question; a [Desk] is given both.
//
// It promises that
//
//   - who asks for much waits behind their own questions: keys (a user, a network) take turns, and one has at most half of what runs;
//   - what waits is bounded, for each key and in all, and a key without anybody waiting gets in as long as there is a place;
//   - an answer of yes is never kept, so that a right or session that has ended is not good for a moment longer;
//   - an answer of no may be given again for up to 4 s, and only while look-ups wait: otherwise the database is asked, so
//     that somebody who has just been invited gets in.
//
// It starts no goroutine. Lock order: queue.mu and refusals.mu stand alone, and neither is held while a look-up runs.
package lookup
