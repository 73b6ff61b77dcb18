// Before a connection waits for a request, others have their turn: where one processor serves many, the request has most often come by
// then. It is read without a look in vain, a sleep and a wake-up, which together are a tenth of what a small GET costs.

package conn

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// yieldFor is how long the others' turns may take: a client with little to do waits for them, beside others that have much.
	yieldFor = 4 * time.Millisecond
	// rests is for how many times as long nobody yields behind turns that took longer.
	rests = 16
	// mostUnwatched is for how long connections yield although none of them has had to wait: the scheduler looks at the network when nobody
	// wants to run, and whoever is new waits there.
	mostUnwatched = time.Millisecond
	// smallExchange is how many bytes an exchange has moved at most behind which the connection yields: beside what more costs, nothing is
	// saved.
	smallExchange = 128 << 10
	// prompt is how long ago the wait for the request before began at most. Of a connection whose requests come further apart, nothing
	// is left in the processor's caches when it has its next turn, and then it has to wait all the same.
	prompt = 16 * time.Millisecond
	// A connection whose requests have not come fewMisses times in a row does not yield for the next one, and then for twice as many each
	// time, up to 2 to the power of mostMisses-fewMisses. To yield in vain costs an eighth of what it saves otherwise.
	fewMisses, mostMisses = 4, 10
)

// yields is what a server's connections know together of whether to yield. Times count from when the server began.
type yields struct {
	off   bool         // there are several processors: all who yield would stand in one queue, behind one lock of the scheduler's
	from  atomic.Int64 // not before
	until atomic.Int64 // nor later, unless somebody waits
}

// rest reports whether nobody yields now, whatever happens on a connection.
func (y *yields) rest(now time.Duration) bool { return y.off || int64(now) < y.from.Load() }

// unwatched reports whether nobody has waited for too long.
func (y *yields) unwatched(now time.Duration) bool { return int64(now) >= y.until.Load() }

// watched notes that somebody has waited, so that the network was looked at. It does not note it each time: what it writes to is
// everybody's.
func (y *yields) watched(now time.Duration) {
	if until := int64(now + mostUnwatched); until-y.until.Load() > int64(mostUnwatched/8) {
		y.until.Store(until)
	}
}

// took notes how long the others' turns took.
func (y *yields) took(from, to time.Duration) {
	if took := to - from; took > yieldFor {
		y.from.Store(int64(to + rests*took))
	}
}

// yielding is what a connection knows of it.
type yielding struct {
	misses uint8  // how often in a row that was in vain
	pause  uint16 // so many requests are waited for before it tries again
	waits  int64  // how often it has waited
	moved  int64  // bytes
}

// exchanged notes what the connection has done since this was last called: how often it has waited, and how many bytes it has moved.
func (y *yielding) exchanged(waits, moved int64) (waited, small bool) {
	waited, small = waits > y.waits, moved-y.moved <= smallExchange
	y.waits, y.moved = waits, moved
	return waited, small
}

// rest reports whether the connection does not try for this request.
func (y *yielding) rest() bool {
	if y.pause == 0 {
		return false
	}
	y.pause--
	return true
}

// learn notes how often the connection had waited when the request came for which it has yielded.
func (y *yielding) learn(waits int64) {
	if waits == y.waits {
		y.misses = 0
		return
	}
	y.misses = min(y.misses+1, mostMisses)
	y.pause = 1 << y.misses >> fewMisses
}

// yield lets others have their turn, if the request that is to be waited for is likely to have come then. Before, it sends what is to be
// sent. It returns the time, which was now, and whether it has yielded. Whoever judges wrongly here loses some time, and nothing else.
func (c *Conn) yield(now time.Time) (_ time.Time, yielded bool) {
	y, all, since := &c.yielding, &c.cfg.yields, now.Sub(c.cfg.began)
	if all.rest(since) || !c.sock.Raw() || c.in.stuck {
		return now, false
	}
	waited, small := y.exchanged(c.sock.Waits(), c.sock.Moved())
	if waited {
		all.watched(since)
	}
	if since-c.idleSince > prompt || y.rest() || !small || all.unwatched(since) {
		return now, false
	}
	if c.in.beforeRead(); c.sock.Waits() > y.waits {
		return c.cfg.now(), false // others have had their turn while this one waited for its client
	}
	runtime.Gosched()
	now = c.cfg.now()
	all.took(since, now.Sub(c.cfg.began))
	return now, true
}
