// Connections on which things go wrong, in thousands of ways. What must be true of each is said of the dialogue: nothing
// here asks the server's code what it would do.

package faults_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

var (
	faultSeed  = flag.Int64("seed", -1, "run the fault test with this seed alone, and tell all of it")
	faultSeeds = flag.Uint64("seeds", 0, "how many seeds the fault test runs with; 0: 20,000, or fewer where that takes long")
)

// faultTally counts what the seeds came to.
type faultTally struct {
	mu       sync.Mutex
	kinds    map[servertest.FaultKind]int
	whole    int // responses that were whole
	cut      int
	strict   int // dialogues that had to come to their end
	requests int
}

func TestFaults(t *testing.T) {
	if *faultSeed >= 0 {
		runFaults(t, uint64(*faultSeed), &faultTally{kinds: make(map[servertest.FaultKind]int)}, true)
		return
	}
	seeds := *faultSeeds
	if seeds == 0 {
		if seeds = 20_000; testing.Short() || sockets.Race {
			seeds = 2_000
		}
	}
	tally := &faultTally{kinds: make(map[servertest.FaultKind]int)}
	var next, failed atomic.Uint64
	t.Run("seeds", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1) - 1; seed < seeds && failed.Load() < 10; seed = next.Add(1) - 1 {
					if !runFaults(t, seed, tally, false) {
						failed.Add(1)
					}
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	t.Logf("%d seeds, %d requests: %d responses whole, %d cut; %d dialogues had to be complete; faults: %v",
		seeds, tally.requests, tally.whole, tally.cut, tally.strict, tally.kinds)
	for _, kind := range []servertest.FaultKind{
		servertest.ShortRead, servertest.EmptyRead, servertest.FailedRead, servertest.ShortWrite, servertest.SilentWrite,
		servertest.StalledRead, servertest.Yield,
		servertest.EarlyDeadline, servertest.LateDeadline, servertest.FailedDeadline, servertest.DeafDeadline,
		servertest.FailedAccept, servertest.FailedCloseWrite,
	} {
		if tally.kinds[kind] == 0 {
			t.Errorf("no %s was drawn", kind)
		}
	}
	if tally.cut == 0 || tally.whole < tally.requests/4 || tally.strict < int(seeds)/8 {
		t.Errorf("the seeds try too little: %+v", tally)
	}
}

// runFaults runs one seed, and reports whether all was right.
func runFaults(t *testing.T, seed uint64, tally *faultTally, tell bool) bool {
	return t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
		var r *faultRun
		plan := newFaultPlan(seed)
		if tell {
			t.Log(plan) // also where the bubble panics
		}
		synctest.Test(t, func(t *testing.T) { r = plan.run() })
		err := r.judge()
		if err != nil || tell {
			t.Log(r.tell())
		}
		if err != nil {
			t.Errorf("%v\nrepeat it with: go test ./server_test/faults -run TestFaults -seed %d", err, seed)
		}
		tally.count(r)
	})
}

func (f *faultTally) count(r *faultRun) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range r.injected.All() {
		f.kinds[fault.Kind]++
	}
	f.requests += len(r.requests)
	for _, a := range r.answers {
		if a.cut == nil {
			f.whole++
		} else {
			f.cut++
		}
	}
	if r.strict() {
		f.strict++
	}
}

// tell tells the plan and what became of it.
func (r *faultRun) tell() string {
	var b strings.Builder
	b.WriteString(r.faultPlan.String())
	all := r.injected.All()
	for _, f := range all[:min(len(all), 60)] {
		fmt.Fprintf(&b, "  %v\n", f)
	}
	if len(all) > 60 {
		fmt.Fprintf(&b, "  … and %d faults more\n", len(all)-60)
	}
	for _, e := range r.events {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	received := r.received.String()
	fmt.Fprintf(&b, "%d requests were served, %d bytes sent, and %d received: %.3000q\n", r.served, r.sent, len(received), received)
	for i, a := range r.answers {
		fmt.Fprintf(&b, "response %d: %d bytes of content, cut: %v\n", i, len(a.content), a.cut)
	}
	fmt.Fprintf(&b, "the client's reading ended with %v", r.readEnd)
	return b.String()
}

// strict reports whether the dialogue must come to its end: every fault is one that a connection may have, the client
// stays, and nobody was in a hurry.
func (r *faultRun) strict() bool {
	if r.leaves != faultStays || r.shutdown || !r.harmless() || !r.patient && len(r.injected.All()) > 0 {
		return false
	}
	for _, q := range r.requests {
		if q.hurries > 0 {
			return false
		}
	}
	return true
}

// judge is the oracle.
func (r *faultRun) judge() error {
	if len(r.wrong) > 0 {
		return errors.New(strings.Join(r.wrong, "; "))
	}
	for i, seen := range r.answers {
		if i >= len(r.requests) {
			return fmt.Errorf("response %d answers nothing that was sent", i)
		}
		last := i == len(r.answers)-1
		if err := r.judgeOne(r.requests[i], seen, last); err != nil {
			return fmt.Errorf("response %d: %w", i, err)
		}
	}
	if r.strict() {
		return r.judgeEnd()
	}
	return nil
}

// judgeOne judges one response, which must be right, or cut visibly, or a refusal that ends the connection.
func (r *faultRun) judgeOne(q *faultRequest, seen faultSeen, last bool) error {
	want := q.response()
	switch {
	case seen.cut != nil && !last:
		return fmt.Errorf("behind one that is cut came another: %v", seen.cut)
	case seen.cut != nil && !endsStream(seen.cut):
		return fmt.Errorf("it is garbled: %v", seen.cut)
	case seen.Response == nil: // not even a head
		return nil
	case seen.StatusCode == 200 && (seen.Header.Get("X-Number") != fmt.Sprint(q.number) || q.answer.before()):
		return fmt.Errorf("it answers %q with %d", seen.Header.Get("X-Number"), seen.StatusCode)
	case seen.StatusCode == 200 && !strings.HasPrefix(want, seen.content):
		return fmt.Errorf("its content is %.200q, not %.200q", seen.content, want)
	case seen.cut != nil:
		return nil
	case seen.Close && !last:
		return errors.New("it said that it was the last, and another came")
	case seen.StatusCode == 200 && q.answer.late() && q.method != "HEAD":
		return errors.New("it was cut short, and looks whole")
	case seen.StatusCode == 200 && seen.content != want && q.method != "HEAD":
		return fmt.Errorf("of %d bytes of content came %d, and it looks whole", len(want), len(seen.content))
	case seen.StatusCode == 200 || q.answer.before() && seen.StatusCode == 500:
		return r.judgeFields(seen)
	case r.strict():
		return fmt.Errorf("it is a %d: %.200q", seen.StatusCode, seen.content)
	case seen.StatusCode != 400 && seen.StatusCode != 408 && seen.StatusCode != 500:
		return fmt.Errorf("it is a %d: %.200q", seen.StatusCode, seen.content)
	}
	return r.judgeFields(seen)
}

// judgeFields allows no field but those that somebody has set.
func (r *faultRun) judgeFields(seen faultSeen) error {
	for name := range seen.Header {
		switch name {
		case "Date", "Content-Length", "Content-Type", "Connection", "X-Number":
		default:
			return fmt.Errorf("it has the field %s: %s", name, seen.Header.Get(name))
		}
	}
	if seen.ProtoMinor != 1 || seen.Header.Get("Date") == "" || seen.Status != fmt.Sprint(seen.StatusCode, " ", http.StatusText(seen.StatusCode)) {
		return fmt.Errorf("its head is %s %s %v", seen.Proto, seen.Status, seen.Header)
	}
	return nil
}

// judgeEnd is for dialogues that must be complete: each request is answered, up to one whose answer may be the last.
func (r *faultRun) judgeEnd() error {
	for i, q := range r.requests {
		switch {
		case i >= len(r.answers):
			return fmt.Errorf("request %d was not answered: %v", i, r.readEnd)
		case q.answer.late():
			return nil // it is cut, and where that cannot be seen the connection may end all the same
		case r.answers[i].cut != nil:
			return fmt.Errorf("response %d is cut: %v", i, r.answers[i].cut)
		case r.answers[i].Close && !q.closes && !q.unread() && !q.answer.late():
			return fmt.Errorf("response %d ends the connection without a reason", i)
		case q.closes && !r.answers[i].Close:
			return fmt.Errorf("response %d does not say that it is the last", i)
		case r.answers[i].Close && !errors.Is(r.readEnd, io.EOF):
			return fmt.Errorf("behind the last response the connection ended with %v", r.readEnd)
		case r.answers[i].Close:
			return nil
		}
	}
	return nil
}

// endsStream reports whether an error of the client's reading says that no more came.
func endsStream(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) ||
		err.Error() == "http: unexpected EOF reading trailer" // as package http says it
}
