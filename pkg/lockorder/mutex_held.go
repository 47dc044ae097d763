//go:build lockorder

package lockorder

import "sync"

// Mutex is a mutex that may be taken in order only.
type Mutex[Owner any] struct{ mu sync.Mutex }

func (m *Mutex[Owner]) Lock() {
	taken(lockOf[Owner](), m)
	m.mu.Lock()
}

func (m *Mutex[Owner]) Unlock() {
	if !released(m) {
		end(lockOf[Owner]().name + foreign)
	}
	m.mu.Unlock()
}

// TryLock does not wait, and is held to the order all the same.
func (m *Mutex[Owner]) TryLock() bool {
	locked := m.mu.TryLock()
	if locked {
		taken(lockOf[Owner](), m)
	}
	return locked
}

// RWMutex is the same for readers and writers. A reader that waits for a writer is a part of a deadlock as much as
// the writer is, so both keep to the order.
type RWMutex[Owner any] struct{ mu sync.RWMutex }

func (m *RWMutex[Owner]) Lock() {
	taken(lockOf[Owner](), m)
	m.mu.Lock()
}

func (m *RWMutex[Owner]) Unlock() {
	if !released(m) {
		end(lockOf[Owner]().name + foreign)
	}
	m.mu.Unlock()
}

func (m *RWMutex[Owner]) RLock() {
	taken(lockOf[Owner](), m)
	m.mu.RLock()
}

func (m *RWMutex[Owner]) RUnlock() {
	if !released(m) {
		end(lockOf[Owner]().name + foreign)
	}
	m.mu.RUnlock()
}
