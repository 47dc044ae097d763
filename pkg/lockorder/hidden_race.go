//go:build lockorder && race

package lockorder

import "runtime"

// hide has the race detector ignore what the calling goroutine synchronizes, until show.
func hide() { runtime.RaceDisable() }
func show() { runtime.RaceEnable() }
