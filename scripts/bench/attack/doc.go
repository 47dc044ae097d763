//go:build linux

// Package attack is hostile clients for the benchmark: each Attack does one hostile thing over and over, from loopback
// addresses of its own, as fast as the gateway and its core let it. What an attack is for, and which sign in the
// gateway's metrics proves that it took place, stands beside it in All.
package attack
