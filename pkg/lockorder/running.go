//go:build lockorder && (amd64 || arm64)

package lockorder

// running is the calling goroutine: where the runtime keeps it, which is where it stays until it ends. What runtime.Stack
// says of it would take longer than all else here.
func running() uintptr
