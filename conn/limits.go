// Every limit and timeout of a connection, with its default.

package conn

import (
	"math"
	"time"

	"github.com/spillway-go/spillway/parser"
)

// Limits bounds what a client may cost. A zero field means its default; a negative one turns the limit off, where the
// comment does not say otherwise.
type Limits struct {
	ProxyHeaderTimeout time.Duration // from a connection's beginning to the end of its PROXY header, where one may come. Default 5 s

	ReadHeaderTimeout time.Duration // from a request's first byte to the end of its head: 408. Default 10 s
	ReadTimeout       time.Duration // from a request's first byte to the end of its content: 408. Default off
	WriteTimeout      time.Duration // from the end of a request's head to the last byte of its response. Default off

	// IdleTimeout is how long the connection waits for a request's first byte. Default 75 s: balancers keep their connections
	// for 60 s, as nginx and AWS's do, and it must be they who end one first, or a request of theirs meets a closed connection.
	IdleTimeout time.Duration

	// ParkAfter is how long a connection is idle before it gives up its goroutine, on Linux. Default 750 ms. Before its second
	// request a connection waits a 64th of that, but at least 1 ms; when the last came after more than ParkAfter, not at all.
	ParkAfter time.Duration

	HeadBytes          int   // request line and field lines together: 431. Default 64 KiB; cannot be turned off
	TargetBytes        int   // the request-target: 414. Default 16 KiB
	Fields             int   // field lines of a head, or of a trailer section: 431. Default 256
	TrailerBytes       int   // the trailer section: 431. Default 16 KiB; cannot be turned off
	ChunkExtBytes      int   // chunk extensions of one message: 413. Default 16 KiB
	ChunkOverheadBytes int64 // by how much the chunk framing of a message may exceed its content: 413. Default 1 MiB

	BodyBytes int64 // content: a larger declared one gets 413 unread, a larger chunked one ends in an error. Default off

	DrainBytes   int64         // how much of a leftover is read so that the connection can be kept. Default 256 KiB
	DrainTimeout time.Duration // how long that may take. Default 5 s

	MinReadRate  int64         // bytes of content per second that a client must send, where we wait: 408. Default 240
	MinWriteRate int64         // bytes of the response per second that a client must take, where we wait. Default 240
	RateGrace    time.Duration // how long a client may be slower than that. Default 5 s; cannot be turned off

	// StallTimeout is how long neither side of an exchange may move a byte, with a write under way and content unread, before
	// the content is given up: the client is taken for one that reads nothing before it has sent all. Default 10 s.
	StallTimeout time.Duration

	LingerTimeout time.Duration // how long a closing connection goes on reading. Default 5 s
	LingerIdle    time.Duration // how long it waits for more at a time. Default 5 s
	LingerBytes   int64         // how much it reads at most. Default off
	LingerRate    int64         // how much all of a server's read in a second, see below. Default 2 GiB; cannot be turned off
	MaxLingering  int           // connections of a server that linger at once; the oldest is closed for a new one. Default 4096

	// MaxHandshakes is how many TLS handshakes of a server compute at once: the others wait in turn, for as long as a handshake
	// may take. One that waits for its client keeps none from its turn, but functions of the tls.Config that wait do. Default
	// off. Connections that a listener gives their TLS are not bounded.
	MaxHandshakes int

	// MaxRequests is how many requests a connection serves, and MaxAge how long it may have been open when it sends a response,
	// so that clients come again and balancers can choose again: the last response says Connection: close. Default off. Ages
	// end up to a tenth earlier, each connection's at its own time, so that those that were opened together do not end so. A
	// connection whose age is over while it is idle ends as for IdleTimeout, once it has been idle for a tenth of MaxAge.
	MaxRequests int
	MaxAge      time.Duration

	ShutdownGrace time.Duration // how long an idle connection waits for a request that is on its way. Default 100 ms
}

// forever stands for a limit that is turned off, where that is no int.
const forever = 1<<63 - 1

// withDefaults returns the limits with every zero replaced by its default and every negative by no limit.
func (l Limits) withDefaults() Limits {
	p := parser.DefaultLimits()
	set(&l.ProxyHeaderTimeout, 5*time.Second, 0)
	set(&l.ReadHeaderTimeout, 10*time.Second, 0)
	set(&l.ReadTimeout, 0, 0)
	set(&l.WriteTimeout, 0, 0)
	set(&l.IdleTimeout, 75*time.Second, 0)
	set(&l.ParkAfter, 750*time.Millisecond, forever)
	set(&l.HeadBytes, p.HeadBytes, p.HeadBytes)
	set(&l.TargetBytes, p.TargetBytes, math.MaxInt)
	set(&l.Fields, p.Fields, math.MaxInt)
	set(&l.TrailerBytes, p.TrailerBytes, p.TrailerBytes)
	set(&l.ChunkExtBytes, p.ChunkExtBytes, math.MaxInt)
	set(&l.ChunkOverheadBytes, p.ChunkOverheadBytes, forever)
	set(&l.BodyBytes, forever, forever)
	set(&l.DrainBytes, 256<<10, forever)
	set(&l.DrainTimeout, 5*time.Second, forever)
	set(&l.MinReadRate, 240, 0)
	set(&l.MinWriteRate, 240, 0)
	set(&l.RateGrace, 5*time.Second, 5*time.Second)
	set(&l.LingerTimeout, 5*time.Second, forever)
	set(&l.LingerIdle, 5*time.Second, forever)
	set(&l.LingerBytes, forever, forever)
	set(&l.LingerRate, 2<<30, 2<<30)
	set(&l.StallTimeout, 10*time.Second, 0)
	set(&l.MaxLingering, 4096, math.MaxInt)
	set(&l.MaxHandshakes, 0, 0)
	set(&l.MaxRequests, math.MaxInt, math.MaxInt)
	set(&l.MaxAge, forever, forever)
	set(&l.ShutdownGrace, 100*time.Millisecond, 0)
	return l
}

// set replaces a field's zero by its default and a negative value by what turns the limit off.
func set[T int | int64 | time.Duration](field *T, byDefault, off T) {
	switch {
	case *field == 0:
		*field = byDefault
	case *field < 0:
		*field = off
	}
}

func (l *Limits) parser() parser.Limits {
	return parser.Limits{
		HeadBytes: l.HeadBytes, TargetBytes: l.TargetBytes, Fields: l.Fields,
		TrailerBytes: l.TrailerBytes, ChunkExtBytes: l.ChunkExtBytes, ChunkOverheadBytes: l.ChunkOverheadBytes,
	}
}

// after returns the time that lies d behind t, or the zero time if d is no limit.
func after(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return t.Add(d)
}
