// Those that are parked, by when their time is over: it comes in no order that has to do with when they were parked.

package park

import "time"

// wheel has a list for each slotTime in which the time of somebody is over. So who is parked, and who is taken out, costs the
// same however many there are, and whoever looks for those whose time is over looks at no others.
type wheel struct {
	began time.Time
	slots map[int64]*list
}

// slotTime is how much longer than was asked for somebody is in the wheel, at most.
const slotTime = 250 * time.Millisecond

func (w *wheel) init() { w.began, w.slots = time.Now(), make(map[int64]*list) }

// slot returns the number of the slot in which t lies.
func (w *wheel) slot(t time.Time) int64 { return int64(t.Sub(w.began) / slotTime) }

// push puts p where its time is over.
func (w *wheel) push(p *Place, until time.Time) {
	n := w.slot(until)
	of := w.slots[n]
	if of == nil {
		of = new(list)
		of.init()
		w.slots[n] = of
	}
	of.push(p)
}

// over returns the lists of those whose time is over, and forgets them. A list may be empty.
func (w *wheel) over(now time.Time) (lists []*list) {
	current := w.slot(now)
	for n, l := range w.slots {
		if n < current {
			delete(w.slots, n)
			lists = append(lists, l)
		}
	}
	return lists
}
