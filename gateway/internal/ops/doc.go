// Package ops is what an operator sees of the gateway: health on its public port, metrics and profiles on a port of their own,
// and hints in its log. Ask is the other end of health.
package ops
