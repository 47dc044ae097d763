// Package ops is what an operator sees of the gateway: health on the public port, and metrics and
// profiles on a port of their own.
package ops
