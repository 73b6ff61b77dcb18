// net/http/pprof and expvar, as a program serves them on its debug port.

package ecosystem

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"expvar"
	"io"
	"maps"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

// debugMux returns the debug pages.
func debugMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/debug/vars", expvar.Handler())
	return mux
}

// Each page has the same status and fields, and content of its kind.
func TestDebugPages(t *testing.T) {
	type outcome struct {
		Status int
		Header http.Header
	}
	pages := []struct{ path, contains string }{
		{"/debug/pprof/", "/debug/pprof/"},
		{"/debug/pprof/cmdline", ".test"},
		{"/debug/pprof/symbol?0x0", "num_symbols: 1"},
		{"/debug/pprof/goroutine?debug=1", "goroutine profile: total"},
		{"/debug/pprof/goroutine?debug=2", "goroutine "},
		{"/debug/pprof/heap", "\x1f\x8b"},
		{"/debug/pprof/allocs?debug=1", "heap profile:"},
		{"/debug/pprof/heap?seconds=x", `invalid value for "seconds"`},
		{"/debug/pprof/none", "Unknown profile"},
		{"/debug/pprof/trace?seconds=0.05", "trace\x00"},
		{"/debug/vars", `"memstats"`},
	}
	sameOutcome(t, func() http.Handler { return debugMux() }, func(t *testing.T, s site) map[string]outcome {
		outcomes := make(map[string]outcome)
		for _, page := range pages {
			a := get(t, s, page.path)
			if !strings.Contains(a.Body, page.contains) || a.ReadErr {
				t.Errorf("%s: %d %.300q", page.path, a.Status, a.Body)
			}
			a.Header.Del("Content-Length") // no two profiles are the same
			outcomes[page.path] = outcome{a.Status, a.Header}
		}
		return outcomes
	})
}

// A CPU profile takes its time, also where the server's WriteTimeout is shorter: the handler asks the request's context
// for the http.Server, and sets a write deadline by it.
func TestCPUProfile(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) http.Header {
		s := e.startServer(t, &http.Server{Handler: debugMux(), WriteTimeout: 500 * time.Millisecond})
		a := get(t, s, "/debug/pprof/profile?seconds=1")
		if a.Status != 200 || a.ReadErr {
			t.Fatalf("%+v", a)
		}
		if err := checkProfile(a.Body); err != nil {
			t.Error(err)
		}
		a.Header.Del("Content-Length")
		return a.Header
	})
	if got.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%v", got)
	}
}

// checkProfile checks that content is a gzipped protocol buffer with the names that every CPU profile has in its table of
// strings, which is its field 6.
func checkProfile(content string) error {
	unzip, err := gzip.NewReader(strings.NewReader(content))
	if err != nil {
		return err
	}
	rest, err := io.ReadAll(unzip)
	if err != nil {
		return err
	}
	var names []string
	for len(rest) > 0 {
		tag, n := binary.Uvarint(rest)
		value, m := binary.Uvarint(rest[max(n, 0):])
		if n <= 0 || m <= 0 {
			return errors.New("no protocol buffer: a number does not end")
		}
		rest = rest[n+m:]
		switch tag & 7 {
		case 0: // a number
		case 2: // so many bytes
			if value > uint64(len(rest)) {
				return errors.New("no protocol buffer: a field does not end")
			}
			if tag>>3 == 6 {
				names = append(names, string(rest[:value]))
			}
			rest = rest[value:]
		default:
			return errors.New("no profile: a field of another type")
		}
	}
	for _, name := range []string{"cpu", "samples", "nanoseconds"} {
		if !slices.Contains(names, name) {
			return errors.New("no CPU profile: no " + name)
		}
	}
	return nil
}

// A client that leaves ends its profile.
func TestProfileClientLeaves(t *testing.T) {
	sameOnEach(t, func(t *testing.T, e engine) bool {
		begun, ended := make(chan bool), make(chan bool)
		s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begun <- true
			pprof.Profile(w, r)
			close(ended)
		}))
		w := wireTo(t, s)
		w.say("GET /debug/pprof/profile?seconds=600 HTTP/1.1\r\nHost: a\r\n\r\n")
		within(t, begun, "the handler")
		w.Close()
		return within(t, ended, "the handler's end")
	})
}

func TestExpvar(t *testing.T) {
	got := sameOutcome(t, func() http.Handler { return debugMux() }, func(t *testing.T, s site) []string {
		vars := make(map[string]json.RawMessage)
		d := json.NewDecoder(bytes.NewReader([]byte(get(t, s, "/debug/vars").Body)))
		if err := d.Decode(&vars); err != nil {
			t.Error(err)
		}
		return slices.Sorted(maps.Keys(vars))
	})
	if !slices.Contains(got, "memstats") || !slices.Contains(got, "cmdline") {
		t.Errorf("%v", got)
	}
}
