// What can go wrong on a connection, as chances, and the faults that were drawn from them.

package servertest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Faults says what goes wrong on a connection, and how often. Each chance is of one operation, where nothing else is said,
// from 0 to 1; the zero Faults has none. What goes wrong where is drawn from the seed: the n-th read, the n-th write and the n-th deadline of the
// n-th connection meet the same faults each time, in whatever order they come.
//
// Some are what every connection may do, and cost a server nothing: it must go on as if they had not been.
//
//	ShortRead, EmptyRead, StalledRead, StalledWrite, Yield, LateDeadline, FailedDeadline, DeafDeadline, FailedCloseWrite,
//	FailedAccept
//
// The others end the connection, or may. [Fault.Harmless] tells the ones from the others.
type Faults struct {
	Seed uint64

	ShortRead   float64 // a read gets fewer bytes than there are
	EmptyRead   float64 // a read returns 0, nil although it asked for more (io.Reader allows that)
	FailedRead  float64 // a read fails, at times behind its last bytes, which come with the error
	ShortWrite  float64 // a write sends less than it should, or nothing, and fails
	SilentWrite float64 // a write sends less than it should, and says so without an error, which io.Writer forbids

	// Operations wait before they go on, as behind EAGAIN; only Close ends a wait earlier. In a bubble of testing/synctest
	// time stands still while a goroutine waits for a sync.Mutex: where others wait for one that the operation's caller
	// holds, use Yield, which takes no time.
	StalledRead  float64
	StalledWrite float64
	Yield        float64 // a read or write lets all other goroutines go first

	EarlyDeadline  float64 // a deadline strikes up to Shift too early
	LateDeadline   float64 // a deadline strikes up to Shift too late
	FailedDeadline float64 // a deadline is not set, with an error
	DeafDeadline   float64 // of a connection, not of an operation: none of its deadlines does anything, without an error

	FailedCloseWrite float64 // half-closing fails
	FailedAccept     float64 // Accept fails, with an error that passes by itself

	LongestStall time.Duration // 0: 1 s
	Shift        time.Duration // of deadlines; 0: 1 s
}

// RandomFaults draws the chances too: most seeds have a few kinds of faults, some have none and some have all.
func RandomFaults(seed uint64) Faults {
	f := Faults{Seed: seed}
	rng := rand.New(rand.NewPCG(seed, 1))
	kinds := 1 + rng.IntN(4) // of four, so many are left out
	for _, chance := range []*float64{
		&f.ShortRead, &f.EmptyRead, &f.FailedRead, &f.ShortWrite, &f.SilentWrite, &f.StalledRead, &f.StalledWrite, &f.Yield,
		&f.EarlyDeadline, &f.LateDeadline, &f.FailedDeadline, &f.DeafDeadline, &f.FailedCloseWrite, &f.FailedAccept,
	} {
		size := 0.5 * rng.Float64() * rng.Float64() // mostly rare
		if rng.IntN(5) >= kinds {
			*chance = size
		}
	}
	f.LongestStall = time.Duration(1 + rng.Int64N(int64(2*time.Second)))
	f.Shift = time.Duration(1 + rng.Int64N(int64(3*time.Second)))
	return f
}

// FaultKind is a kind of fault: the name of a field of Faults.
type FaultKind string

// The kinds of faults.
const (
	ShortRead        FaultKind = "ShortRead"
	EmptyRead        FaultKind = "EmptyRead"
	FailedRead       FaultKind = "FailedRead"
	ShortWrite       FaultKind = "ShortWrite"
	SilentWrite      FaultKind = "SilentWrite"
	StalledRead      FaultKind = "StalledRead"
	StalledWrite     FaultKind = "StalledWrite"
	Yield            FaultKind = "Yield"
	EarlyDeadline    FaultKind = "EarlyDeadline"
	LateDeadline     FaultKind = "LateDeadline"
	FailedDeadline   FaultKind = "FailedDeadline"
	DeafDeadline     FaultKind = "DeafDeadline"
	FailedCloseWrite FaultKind = "FailedCloseWrite"
	FailedAccept     FaultKind = "FailedAccept"
)

// Fault is one thing that went wrong.
type Fault struct {
	Kind   FaultKind
	Conn   int           // the connection's number, from 1; FailedAccept: which Accept
	Number int           // of the operation: among the reads, the writes, the deadlines or the half-closes of its connection
	Bytes  int           // that the operation said it moved
	Wait   time.Duration // how long it stalled, or by how much the deadline was moved
	Err    error         // what the operation said
}

// String returns the fault in one line.
func (f Fault) String() string {
	s := fmt.Sprintf("%s: conn %d, operation %d, %d bytes", f.Kind, f.Conn, f.Number, f.Bytes)
	if f.Wait != 0 {
		s += fmt.Sprintf(", %v", f.Wait)
	}
	if f.Err != nil {
		s += fmt.Sprintf(", %v", f.Err)
	}
	return s
}

// Harmless reports whether a server must go on as if the fault had not been.
func (f Fault) Harmless() bool {
	switch f.Kind {
	case FailedRead, ShortWrite, SilentWrite, EarlyDeadline:
		return false
	}
	return true
}

// Injected is what has gone wrong so far, on all connections of one Faults.
type Injected struct {
	mu  sync.Mutex
	all []Fault
}

// All returns the faults in the order in which they happened.
func (i *Injected) All() []Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]Fault(nil), i.all...)
}

func (i *Injected) add(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, f)
}

// Listen returns a listener whose connections have the faults, and where these are noted. The listener and its connections
// have the methods of net.Listener and net.Conn alone; where l's connections can half-close, they have CloseWrite too.
func (f Faults) Listen(l net.Listener) (net.Listener, *Injected) {
	injected := &Injected{}
	return &faultyListener{Listener: l, faults: f.normal(), injected: injected, rng: f.draws(0, 0)}, injected
}

// Conn returns a connection with the faults, and where these are noted. It has the methods of net.Conn alone; where c can
// half-close, it has CloseWrite too.
func (f Faults) Conn(c net.Conn) (net.Conn, *Injected) {
	injected := &Injected{}
	return newFaultyConn(c, f.normal(), 1, injected), injected
}

func (f Faults) normal() Faults {
	if f.LongestStall <= 0 {
		f.LongestStall = time.Second
	}
	if f.Shift <= 0 {
		f.Shift = time.Second
	}
	return f
}

// draws is a source of chance for one kind of operation of one connection.
func (f Faults) draws(conn, operation uint64) *rand.Rand {
	return rand.New(rand.NewPCG(f.Seed, conn<<8|operation<<1|1<<40))
}

// faultyListener is what Listen returns.
type faultyListener struct {
	net.Listener
	faults   Faults
	injected *Injected

	mu       sync.Mutex // guards what follows
	rng      *rand.Rand
	accepts  int
	accepted int
}

// Accept waits for a connection, or fails with an error that passes.
func (l *faultyListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	l.accepts++
	fault := Fault{Kind: FailedAccept, Conn: l.accepts, Err: errPassing}
	fails := l.rng.Float64() < l.faults.FailedAccept
	l.mu.Unlock()
	if fails {
		l.injected.add(fault)
		return nil, errPassing
	}
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.accepted++
	number := l.accepted
	l.mu.Unlock()
	return newFaultyConn(c, l.faults, number, l.injected), nil
}
