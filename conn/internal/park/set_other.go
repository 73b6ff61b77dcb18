//go:build !linux || spillway_portable

// Elsewhere than on Linux, and with the build tag spillway_portable, nobody is parked.

package park

// Set parks nobody: an idle connection keeps its goroutine.
type Set struct{}

// Park reports false.
func (*Set) Park(Waiter, *Place, int64, int) bool { return false }

// Remove has nothing to do.
func (*Set) Remove(int64) {}

// Watch reports false.
func (*Set) Watch(int64, int, func(reset bool)) bool { return false }

// Unwatch returns nil.
func (*Set) Unwatch(int64) func(reset bool) { return nil }

// Parkings returns 0.
func (*Set) Parkings() int64 { return 0 }

// Close has nothing to do.
func (*Set) Close() {}
