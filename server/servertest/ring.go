// Law of this file: bytes come out of a ring in the order they went in, and a ring that has grown once does not
// allocate again.

package servertest

// ringFirst is a ring's first size in bytes: most test connections carry one small message each way, and a test that
// makes a hundred thousand connections must not clear 64 KiB for each.
const ringFirst = 512

// ring is a first-in-first-out queue of bytes. The caller bounds it.
type ring struct {
	//	0 ≤ n ≤ len(buf), 0 ≤ r < len(buf) unless both are 0
	//	the n bytes from buf[r] on, around the end // queued
	buf  []byte
	r, n int
}

// put appends all of p, growing the ring to the next power of two that holds it.
func (q *ring) put(p []byte) {
	if need := q.n + len(p); need > len(q.buf) {
		size := max(ringFirst, len(q.buf))
		for size < need {
			size *= 2
		}
		buf := make([]byte, size)
		n := q.n
		q.get(buf[:n])
		*q = ring{buf: buf, n: n}
	}
	if len(p) == 0 {
		return
	}
	at := (q.r + q.n) % len(q.buf)
	k := copy(q.buf[at:], p)
	copy(q.buf, p[k:])
	q.n += len(p)
}

// get moves the first len(p) bytes into p; there must be as many.
func (q *ring) get(p []byte) {
	k := copy(p, q.buf[q.r:])
	copy(p[k:], q.buf)
	q.skip(len(p))
}

// skip throws the first n bytes away; there must be as many.
func (q *ring) skip(n int) {
	if q.n -= n; q.n == 0 {
		q.r = 0 // the next put and get are then one copy each
		return
	}
	q.r = (q.r + n) % len(q.buf)
}

// truncate throws the last n bytes away; there must be as many.
func (q *ring) truncate(n int) { q.n -= n }
