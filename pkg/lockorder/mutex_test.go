//go:build !lockorder

package lockorder

import "sync"

// An ordinary build pays nothing: the types are those of package sync.
var (
	_ *sync.Mutex   = (*Mutex[rule])(nil)
	_ *sync.RWMutex = (*RWMutex[rule])(nil)
)
