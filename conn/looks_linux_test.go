//go:build linux && !spillway_portable

// What a response waits for on a busy machine.

package conn

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Content that nobody has read is looked for while others have their turns, and the response is not sent before. Where their turns are
// long, there are few looks.
func TestTopUpDoesNotWaitForManyLongTurns(t *testing.T) {
	const busy, turn, most = 4, looksFor / 2, 4
	_, c := tcpPair(t, Config{Handler: HandlerFunc(echoPath)})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var over atomic.Bool
	var turns atomic.Int64
	var all sync.WaitGroup
	for range busy {
		all.Go(func() {
			for ; !over.Load(); runtime.Gosched() {
				for began := time.Now(); time.Since(began) < turn; {
				}
				turns.Add(1)
			}
		})
	}
	defer all.Wait()
	defer over.Store(true)
	c.in.lend(c.req.Body, time.Time{})
	for range 2 { // the second has no time left
		if (content{&c.in}).TopUp() {
			t.Error("something has come")
		}
	}
	if n := turns.Load(); n > most*busy {
		t.Errorf("others had %d turns meanwhile, want %d at most", n, most*busy)
	}
}
