// Connections take turns in a queue.

package load

// queue holds connections in the order in which they began to wait.
//
//	ring[(first+i)%len(ring)], 0 ≤ i < n // who waits
type queue struct {
	ring     []int32
	first, n int
}

// fill makes it hold 0 to n-1.
func (q *queue) fill(n int) {
	q.ring = make([]int32, n)
	for i := range q.ring {
		q.ring[i] = int32(i)
	}
	q.first, q.n = 0, n
}

func (q *queue) len() int { return q.n }

func (q *queue) pop() int32 {
	c := q.ring[q.first]
	q.first = (q.first + 1) % len(q.ring)
	q.n--
	return c
}

func (q *queue) push(c int32) {
	q.ring[(q.first+q.n)%len(q.ring)] = c
	q.n++
}
