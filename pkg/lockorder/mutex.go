//go:build !lockorder

package lockorder

import "sync"

// Mutex is the mutex of an Owner. There is one for each Owner: where a type has two, a type of its own names the
// second.
type Mutex[Owner any] = sync.Mutex

// RWMutex is the same for readers and writers. A reader counts as a holder too.
type RWMutex[Owner any] = sync.RWMutex
