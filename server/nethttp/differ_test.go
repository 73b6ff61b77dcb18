// Every exchange runs on net/http and on spillway, with the same handler and the same bytes from the client. All that can
// be seen of it must be the same, or the difference is a row of the table in the package's documentation.

package nethttp_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server/nethttp"
)

// exchange is a case: what a client sends, and the handler that answers.
type exchange struct {
	name    string
	method  string // of the request, for the client
	request string // its bytes
	rest    string // is sent when a 100 (Continue) has come
	handler func(*notes, http.ResponseWriter, *http.Request)
	tunnel  bool // nothing follows the response

	malformed bool // the content breaks its framing
}

// notes are what a handler saw.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

// outcome is what can be seen of an exchange.
type outcome struct {
	Informed []string // informational responses
	Proto    string
	Status   int
	Reason   string
	Header   http.Header // without the value of Date
	Order    []string    // of its fields
	Coding   []string
	Content  string
	Cut      bool // the content ended before its end
	Trailer  http.Header
	Hung     bool     // there was no response, nor an end
	Kept     bool     // another request was answered
	Notes    []string // of the handler
	Log      []string // ErrorLog, without addresses and stacks
	States   []string // ConnState
}

// run runs an exchange on one server.
func run(t *testing.T, make func(*http.Server) engine, x exchange) *outcome {
	var log logLines
	var seen states
	var n notes
	var handlers sync.WaitGroup
	srv := make(&http.Server{ErrorLog: log.logger(), ConnState: seen.hook, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/probe" {
				io.WriteString(w, "probe")
				return
			}
			handlers.Add(1)
			defer handlers.Done()
			x.handler(&n, w, r)
		})})
	nc := dial(t, srv)
	nc.SetDeadline(time.Now().Add(5 * time.Second))
	o := converse(nc, x)
	nc.Close()
	seen.await(t)
	handlers.Wait()
	srv.Close()
	o.Notes, o.Log, o.States = n.lines, log.all(), seen.all()
	return o
}

// converse is the client's side.
func converse(nc net.Conn, x exchange) *outcome {
	o := &outcome{}
	var raw bytes.Buffer
	r := bufio.NewReader(io.TeeReader(nc, &raw))
	io.WriteString(nc, x.request)
	for {
		res, err := http.ReadResponse(r, &http.Request{Method: x.method})
		if err != nil {
			o.Hung = errors.Is(err, os.ErrDeadlineExceeded)
			return o
		}
		if res.StatusCode < 200 && res.StatusCode != 101 {
			o.Informed = append(o.Informed, fmt.Sprint(res.Status, res.Header))
			if res.StatusCode == 100 {
				io.WriteString(nc, x.rest)
			}
			continue
		}
		o.take(res)
		o.Order = order(raw.String(), len(o.Informed))
		break
	}
	if !x.tunnel {
		o.Kept = probe(nc, r)
	}
	return o
}

// commonOrder leaves those fields in the orders that are in both.
func commonOrder(theirs, ours *outcome) {
	without := func(names, others []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(others, name) })
	}
	theirs.Order, ours.Order = without(theirs.Order, ours.Order), without(ours.Order, theirs.Order)
}

// order returns the names of a response's fields as they came, behind so many informational responses.
func order(raw string, informed int) (names []string) {
	head := strings.SplitN(raw, "\r\n\r\n", informed+2)[informed]
	for line := range strings.SplitSeq(head, "\r\n") {
		if name, _, is := strings.Cut(line, ":"); is {
			names = append(names, name)
		}
	}
	return names
}

func (o *outcome) take(res *http.Response) {
	content, err := io.ReadAll(res.Body)
	o.Proto, o.Status, o.Reason = res.Proto, res.StatusCode, strings.TrimSpace(res.Status[3:])
	o.Header, o.Coding, o.Trailer = res.Header, res.TransferEncoding, res.Trailer
	o.Content, o.Cut = string(content), err != nil
	if o.Header["Date"] != nil {
		o.Header["Date"] = []string{"now"}
	}
	if res.Close && res.Header["Connection"] == nil {
		o.Header["Connection"] = []string{"close"} // ReadResponse takes it out
	}
}

// probe reports whether the connection answers another request.
func probe(nc net.Conn, r *bufio.Reader) bool {
	io.WriteString(nc, "GET /probe HTTP/1.1\r\nHost: example.test\r\n\r\n")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return false
	}
	content, _ := io.ReadAll(res.Body)
	return string(content) == "probe"
}

// logLines is an ErrorLog.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) logger() *log.Logger { return log.New(l, "", 0) }

var address = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+:\d+|\[::1\]:\d+`)

// all returns the first line of every entry that has one.
func (l *logLines) all() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.HasPrefix(line, "http: ") {
			lines = append(lines, address.ReplaceAllString(strings.TrimSpace(line), "ADDR"))
		}
	}
	return lines
}

// states are what ConnState was told.
type states struct {
	mu   sync.Mutex
	list []string
	conn map[net.Conn]bool
}

func (s *states) hook(nc net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		s.conn = make(map[net.Conn]bool)
	}
	s.conn[nc] = true
	s.list = append(s.list, state.String())
}

func (s *states) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conn) > 1 {
		return append(s.list, "on several connections")
	}
	return s.list
}

// await waits until the connection has ended.
func (s *states) await(t *testing.T) {
	for range 1000 {
		if all := s.all(); len(all) > 0 {
			if last := all[len(all)-1]; last == "closed" || last == "hijacked" {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the connection does not end: %v", s.all())
}

func TestDifferences(t *testing.T) {
	all := exchanges()
	if len(all) < 300 {
		t.Errorf("%d exchanges, want at least 300", len(all))
	}
	theirs, ours := runAll(t, all)
	used := make(map[string]int)
	for i, x := range all {
		t.Run(x.name, func(t *testing.T) {
			commonOrder(theirs[i], ours[i])
			diff := cmp.Diff(theirs[i], ours[i])
			for _, row := range explain(x, theirs[i], ours[i]) {
				used[row]++
			}
			if !cmp.Equal(theirs[i], ours[i]) {
				t.Errorf("%.300q: net/http (-), spillway (+):\n%s", x.request, diff)
			}
		})
	}
	for _, d := range differences {
		if used[d.name] == 0 {
			t.Errorf("no exchange shows the difference %q", d.name)
		}
	}
	t.Logf("%d exchanges; differences: %v", len(all), used)
}

// runAll runs the exchanges, many at a time, because net/http often waits before it closes a connection.
func runAll(t *testing.T, all []exchange) (theirs, ours []*outcome) {
	theirs, ours = make([]*outcome, len(all)), make([]*outcome, len(all))
	work := make(chan int)
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for i := range work {
				theirs[i] = run(t, func(s *http.Server) engine { return s }, all[i])
				ours[i] = run(t, func(s *http.Server) engine { return nethttp.New(s) }, all[i])
			}
		})
	}
	for i := range all {
		work <- i
	}
	close(work)
	workers.Wait()
	return theirs, ours
}

// explain takes out the differences that are in the table, and returns their names.
func explain(x exchange, theirs, ours *outcome) (rows []string) {
	for _, d := range differences {
		if cmp.Equal(theirs, ours) {
			break
		}
		before := *theirs
		before.Header, before.Trailer = theirs.Header.Clone(), theirs.Trailer.Clone()
		if d.applies(x, theirs, ours) && !cmp.Equal(&before, theirs) {
			rows = append(rows, d.name)
		}
	}
	return rows
}

// difference is a row of the table. applies changes theirs to what is to be expected of ours, if the row says so.
type difference struct {
	name    string
	applies func(x exchange, theirs, ours *outcome) bool
}
