// A list of those that are parked, which needs no memory of its own.

package park

// Place is where one who can be parked is in a Set. It is a part of the parked one itself; its zero value is nowhere.
type Place struct {
	prev, next *Place
	id         int64
	who        Waiter
}

// list is a ring of places, of which the root is none. The zero value must be made ready with init.
type list struct{ root Place }

func (l *list) init() { l.root.prev, l.root.next = &l.root, &l.root }

// push puts p at the end.
func (l *list) push(p *Place) {
	p.prev, p.next = l.root.prev, &l.root
	p.prev.next, p.next.prev = p, p
}

// first returns the place that has been in the list for longest, or nil.
func (l *list) first() *Place {
	if l.root.next == &l.root {
		return nil
	}
	return l.root.next
}

// remove takes p out of its list.
func (p *Place) remove() {
	p.prev.next, p.next.prev = p.next, p.prev
	*p = Place{}
}
