// Package pglisten hears what is notified in a PostgreSQL database, over a connection that it makes anew when it is lost and asks for
// signs of life. It keeps nothing: what is notified while nobody listens is missed, and the caller is told when that may be.
package pglisten
