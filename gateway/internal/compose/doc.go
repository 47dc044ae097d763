// Package compose makes the options of each part of the gateway from its configuration. It starts nothing; what it opens, the
// caller closes.
//
// A start and `check` both take their parts from here, so that the two can't disagree.
package compose
