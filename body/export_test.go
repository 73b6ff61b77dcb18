// What tests reach of a Reader that programs do not.

package body

// ReadInside is the part of Read that holds the lock, for a read that has seen the Reader open just before.
func (r *Reader) ReadInside(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read(&loan{buf: p, given: true})
}
