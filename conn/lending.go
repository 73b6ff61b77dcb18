// What a handler is lent is never lent again: whoever keeps it cannot meet another exchange through it.

package conn

import "sync"

// lending is what the handler of one exchange is lent.
type lending struct {
	request  Request
	response Response
}

// lendings are allocated a few at a time; a connection takes them one by one. It has them only while it does not wait, so that those
// who are served in turn take theirs from the same few cache lines.
type lendings struct {
	all  [32]lending
	next int
}

var lendingPool = sync.Pool{New: func() any { return new(lendings) }}

// lending returns one that nobody has had.
func (w *work) lending() *lending {
	l := w.lendings
	if l == nil || l.next == len(l.all) {
		l = lendingPool.Get().(*lendings)
		w.lendings = l
	}
	l.next++
	return &l.all[l.next-1]
}

// returnLendings lets another connection have those that nobody has had.
func (w *work) returnLendings() {
	if l := w.lendings; l != nil && l.next < len(l.all) {
		lendingPool.Put(l)
	}
	w.lendings = nil
}
