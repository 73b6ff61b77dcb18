// Package spillwayworld puts spillway under every http.Server of a test binary, if the environment asks for it, and says
// at the end which tests it served.
package spillwayworld

import (
	"context"
	"fmt"
	"internal/runtime/exithook"
	"internal/runtime/pprof/label"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/spillway-go/spillway/server/nethttp"
)

// variable names a file. Where it is set, spillway serves, and what it served is appended to the file.
const variable = "SPILLWAY_WORLD"

// testLabel is the goroutine label that names the test. Goroutines inherit it.
const testLabel = "spillway-world-test"

// served is a server and the test that started it.
type served struct {
	server *nethttp.Server
	test   string
}

var (
	mu      sync.Mutex
	servers []served
)

func init() {
	path := os.Getenv(variable)
	if path == "" {
		return
	}
	http.WorldNew = newServer
	testing.WorldStart = func(name string) {
		labels := pprof.WithLabels(context.Background(), pprof.Labels(testLabel, name))
		pprof.SetGoroutineLabels(labels)
	}
	exithook.Add(exithook.Hook{F: func() { report(path) }, RunOnFailure: true})
}

func newServer(s *http.Server) http.WorldServer {
	w := nethttp.New(s)
	mu.Lock()
	defer mu.Unlock()
	servers = append(servers, served{w, currentTest()})
	return w
}

// report appends a line for each server: how many requests it had, and its test.
func report(path string) {
	if !mu.TryLock() { // a program that ends while a server is made must end
		return
	}
	defer mu.Unlock()
	var text strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&text, "%d %s\n", s.server.Stats().Exchanges, s.test)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		fmt.Fprintln(os.Stderr, "spillway world:", err)
		return
	}
	f.WriteString(text.String())
	f.Close()
}

// currentTest returns the name of the test that the current goroutine belongs to, or "".
func currentTest() string {
	labels := (*label.Set)(runtime_getProfLabel())
	if labels == nil {
		return ""
	}
	for _, l := range labels.List {
		if l.Key == testLabel {
			return l.Value
		}
	}
	return ""
}

//go:linkname runtime_getProfLabel runtime/pprof.runtime_getProfLabel
func runtime_getProfLabel() unsafe.Pointer
