// Package app is the whole gateway: it opens the parts from the database up, mounts what they serve on two listeners, and stops
// them in the order in which messages flow. It is the only package that may import every other one.
package app
