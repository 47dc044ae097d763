// Package app wires the parts of the gateway together and says in which order they stop.
package app
