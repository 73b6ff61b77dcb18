// What a handler is lent is never lent again: whoever keeps it cannot meet another exchange through it.

package conn

import "sync"

// lending is what the handler of one exchange is lent.
type lending struct {
	request  Request
	response Response
}

// batch is how many are allocated at a time.
const batch = 32

type lendingBatch struct {
	all  [batch]lending
	next int
}

type lendingPool struct{ batches sync.Pool }

var lendings lendingPool

// take returns one that nobody has had.
func (p *lendingPool) take() *lending {
	b, _ := p.batches.Get().(*lendingBatch)
	if b == nil {
		b = new(lendingBatch)
	}
	l := &b.all[b.next]
	if b.next++; b.next < batch {
		p.batches.Put(b)
	}
	return l
}
