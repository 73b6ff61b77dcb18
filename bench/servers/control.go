// A server process tells where it listens, and then answers questions about its own memory, over its standard input and
// output. Nothing of this happens while it is being measured.

package servers

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/spillway-go/spillway/bench/cases"
)

// Memory is what a Go server says of its memory.
type Memory struct {
	Allocations uint64 `json:"allocations"` // objects since the process began
	Allocated   uint64 `json:"allocated"`   // bytes since the process began
	Heap        uint64 `json:"heap"`        // bytes in use
	Stacks      uint64 `json:"stacks"`      // bytes in use
	Goroutines  int    `json:"goroutines"`
}

func memory() Memory {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Memory{Allocations: m.Mallocs, Allocated: m.TotalAlloc, Heap: m.HeapInuse, Stacks: m.StackInuse,
		Goroutines: runtime.NumGoroutine()}
}

// Run is a server process for the server of this name.
func Run(name, caseID, dir string, in io.Reader, out io.Writer) error {
	s, err := Find(name)
	if err != nil {
		return err
	}
	return s.Run(caseID, dir, in, out)
}

// Run is a server process: it serves the case, writes its address as the first line, and then answers "memory", and
// "release", before which it gives unused memory back to the system. It ends with its input.
func (s *Server) Run(caseID, dir string, in io.Reader, out io.Writer) (err error) {
	if s.Serve == nil {
		return fmt.Errorf("servers: %s is another program", s.Name)
	}
	env := &Env{Dir: dir, Listens: make(chan struct{})}
	if env.Case, err = cases.Find(caseID); err != nil {
		return err
	}
	if env.Case.TLS {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile))
		if err != nil {
			return err
		}
		env.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l, env) }()
	if s.Opens {
		select {
		case err := <-failed:
			return fmt.Errorf("servers: %s: %w", s.Name, err)
		case <-env.Listens:
		}
	}
	fmt.Fprintln(out, l.Addr())
	ended := make(chan error, 1)
	go func() { ended <- answer(in, out) }()
	select {
	case err := <-failed:
		return fmt.Errorf("servers: %s: %w", s.Name, err)
	case err := <-ended:
		return err
	}
}

func answer(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	to := json.NewEncoder(out)
	for lines.Scan() {
		switch lines.Text() {
		case "memory":
		case "release":
			debug.FreeOSMemory()
		default:
			return fmt.Errorf("servers: what is %q?", lines.Text())
		}
		if err := to.Encode(memory()); err != nil {
			return err
		}
	}
	return lines.Err()
}
