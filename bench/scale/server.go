//go:build linux

// The server's process: it serves one short answer, and says of itself what its clients cannot see.

package scale

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/run"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/listen"
	"github.com/spillway-go/spillway/server/nethttp"
)

// ServerMode is the first argument with which this program is the server; the second is an Order.
const ServerMode = "-scale-server"

// The APIs that a handler may have.
const (
	native  = "native"
	netHTTP = "nethttp"
)

// Order says how the server is to be.
type Order struct {
	API       string // native, if it is empty
	Procs     int    // GOMAXPROCS
	PerCore   bool   // a listener for each
	NoPark    bool
	ParkAfter time.Duration
	AtOnce    int // goroutines that there are to have been, see reach
}

// State is what the server says of itself.
type State struct {
	Goroutines   int
	Heap, Stacks uint64 // bytes of what has not been collected, and of what is in use
	RSS          int64
	Files        int // descriptors
	Open, Parked int // connections
	CPU          time.Duration
	Stats        time.Duration // what Server.Stats takes, the median; if it was asked for
}

const text = "Hello, World!"

// served is what is asked of either server.
type served interface {
	Serve(net.Listener) error
	Stats() server.Stats
}

func (o *Order) server() served {
	limits := server.Limits{ParkAfter: o.ParkAfter, IdleTimeout: 10 * time.Minute}
	if o.NoPark {
		limits.ParkAfter = -1
	}
	if o.API == netHTTP {
		s := nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, text)
		})})
		s.Limits = limits
		return s
	}
	return &server.Server{Limits: limits, Handler: server.HandlerFunc(func(w *server.Response, _ *server.Request) error {
		_, err := w.WriteString(text)
		return err
	})}
}

// Serve is the server's process. It writes its address as the first line, answers "state", "settled" and "stats" with a State,
// and ends with its input.
func Serve(order string, in io.Reader, out io.Writer) error {
	raiseFiles()
	var o Order
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return err
	}
	runtime.GOMAXPROCS(o.Procs)
	listeners, err := listen.Config{PerCore: o.PerCore}.On("127.0.0.1:0")
	if err != nil {
		return err
	}
	reach(o.AtOnce)
	s := o.server()
	for _, l := range listeners {
		go s.Serve(l)
	}
	fmt.Fprintln(out, listeners[0].Addr())
	to, lines := json.NewEncoder(out), bufio.NewScanner(in)
	for lines.Scan() {
		state, err := stateOf(s, lines.Text())
		if err == nil {
			err = to.Encode(state)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// reach has so many goroutines at once, and lets them end. The runtime keeps something of each that there ever was, which is
// heap; what a server leaves behind is told from that only where no more of them come later.
func reach(goroutines int) {
	var all sync.WaitGroup
	end := make(chan struct{})
	for range goroutines {
		all.Go(func() { <-end })
	}
	close(end)
	all.Wait()
}

func stateOf(s served, question string) (*State, error) {
	state := new(State)
	switch question {
	case "settled":
		runtime.GC() // what pools hold goes at the second
		debug.FreeOSMemory()
	case "stats":
		state.Stats = median(31, func() { s.Stats() })
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now); err != nil {
		return nil, err
	}
	state.CPU = time.Duration(now.Nano())
	stats := s.Stats()
	state.Open, state.Parked, state.Goroutines = stats.Open, stats.Parked, runtime.NumGoroutine()
	if question == "state" {
		return state, nil
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	state.Heap, state.Stacks = m.HeapAlloc, m.StackInuse
	rss, err := run.Resident(os.Getpid())
	if err != nil {
		return nil, err
	}
	state.RSS = int64(rss)
	files, err := os.ReadDir("/proc/self/fd")
	state.Files = len(files) - 1 // of which one was the directory's
	return state, err
}

// median returns the median of how long f takes.
func median(times int, f func()) time.Duration {
	var all []time.Duration
	for range times {
		began := time.Now()
		f()
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[times/2]
}

// raiseFiles raises the limit of open files as far as it goes, and returns it.
func raiseFiles() int { return int(run.EnoughFiles(1 << 20)) }
