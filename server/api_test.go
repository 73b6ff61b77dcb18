// Every exported method that a handler is lent, called in every phase of an exchange: it panics nowhere, its own exchange
// ends in a whole response or in a connection that visibly ends, and the next request has its own answer, to the byte.

package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// apiPhase is when a call is made.
type apiPhase struct {
	name string

	// inside brings the exchange there; the call follows, and then the rest of the exchange. nil: see the others.
	inside func(w *server.Response, r *server.Request) error

	hijacks  bool // the exchange begins with a Hijack
	between  bool // the call is made when the exchange has been settled
	next     bool // the call is made in the handler of the next request
	straying bool // the call is made in the exchange, and again and again while the next ones run, by another goroutine
}

// apiPhases returns the phases: all ways to have read and to have written, and those in which that does not matter.
func apiPhases() (phases []apiPhase) {
	type step struct {
		name string
		do   func(w *server.Response, r *server.Request) error
	}
	reading := []step{
		{"nothing read", func(*server.Response, *server.Request) error { return nil }},
		{"amid content", func(_ *server.Response, r *server.Request) error {
			_, err := io.ReadFull(r.Body, make([]byte, 4))
			return err
		}},
		{"all read", func(_ *server.Response, r *server.Request) error {
			_, err := io.Copy(io.Discard, r.Body)
			return err
		}},
	}
	writing := []step{
		{"nothing written", func(*server.Response, *server.Request) error { return nil }},
		{"content written", func(w *server.Response, _ *server.Request) error { _, err := w.WriteString("begun"); return err }},
		{"head sent", func(w *server.Response, _ *server.Request) error {
			w.WriteString("begun")
			return w.Flush()
		}},
	}
	for _, read := range reading {
		for _, write := range writing {
			phases = append(phases, apiPhase{name: read.name + ", " + write.name,
				inside: func(w *server.Response, r *server.Request) error {
					return errors.Join(read.do(w, r), write.do(w, r))
				}})
		}
	}
	for _, hijacks := range []bool{false, true} {
		name := ""
		if hijacks {
			name = "hijacked, "
			phases = append(phases, apiPhase{name: name + "in the handler", hijacks: true})
		}
		phases = append(phases,
			apiPhase{name: name + "after the exchange", hijacks: hijacks, between: true},
			apiPhase{name: name + "in the next handler", hijacks: hijacks, next: true},
			apiPhase{name: name + "for ever", hijacks: hijacks, straying: true})
	}
	return phases
}

// apiBench is a server on which calls are tried, one after the other.
type apiBench struct {
	t   *testing.T
	srv *servertest.Server

	*apiTrial
	mu  sync.Mutex
	log bytes.Buffer
}

// apiTrial is one call in one phase.
type apiTrial struct {
	apiPhase
	call  apiCall
	chunk bool

	w         *server.Response
	r         *server.Request
	content   *body.Content
	hijacked  *server.Hijacked
	returned  chan struct{} // the first handler is about to return
	stop      chan struct{} // for the stray goroutine
	strayOver chan struct{}
}

func TestEveryMethodInEveryPhase(t *testing.T) {
	calls := apiCalls(t)
	for name, over := range map[string]servertest.Option{
		"tcp":    servertest.Over(servertest.Carriers()[0]),
		"memory": servertest.InMemory(),
	} {
		for _, phase := range apiPhases() {
			t.Run(name+"/"+phase.name, func(t *testing.T) {
				b := &apiBench{t: t}
				b.srv = servertest.Start(t, server.HandlerFunc(b.serve), over,
					servertest.Configure(func(s *server.Server) { s.Log = slog.New(slog.NewTextHandler(b, nil)) }))
				for _, call := range calls {
					if call.on == apiHijacked && !phase.hijacks {
						continue
					}
					b.try(apiTrial{apiPhase: phase, call: call})
					b.try(apiTrial{apiPhase: phase, call: call, chunk: true})
				}
				b.mu.Lock()
				defer b.mu.Unlock()
				if strings.Contains(b.log.String(), "panic") {
					t.Errorf("the log says\n%.2000s", b.log.String())
				}
			})
		}
	}
}

func (b *apiBench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

// fail reports what went wrong with the call that is tried.
func (b *apiBench) fail(format string, args ...any) {
	b.t.Errorf("%v, chunked %v: %s", b.call, b.chunk, fmt.Sprintf(format, args...))
}

// make makes the call.
func (b *apiBench) make() (results []any) {
	defer func() {
		if v := recover(); v != nil {
			b.fail("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return b.call.make(b.w, b.r, b.content, b.hijacked)
}

// serve is the handler.
func (b *apiBench) serve(w *server.Response, r *server.Request) error {
	if r.RawPath != "/first" {
		if b.next && r.RawPath == "/second" {
			b.checkEnded(b.make())
		}
		return echo(w, r)
	}
	defer close(b.returned)
	b.w, b.r, b.content = w, r, r.Body
	if b.hijacks {
		var err error
		if b.hijacked, err = w.Hijack(); err != nil {
			return err
		}
	}
	switch {
	case b.next, b.between:
		return nil
	case b.straying:
		b.stray()
		return nil
	case b.hijacks:
		b.make()
		return nil
	}
	if err := b.inside(w, r); err != nil {
		return err
	}
	b.make()
	_, err := io.Copy(io.Discard, r.Body)
	if _, werr := w.WriteString("end"); err == nil {
		err = werr
	}
	return err
}

// stray starts a goroutine that makes the call until it is told to stop, and waits for the first.
func (b *apiBench) stray() {
	first := make(chan struct{})
	go func() {
		defer close(b.strayOver)
		b.make()
		close(first)
		for {
			select {
			case <-b.stop:
				return
			default:
				b.make()
				runtime.Gosched()
			}
		}
	}()
	<-first
}

// echo answers with what it is sent, and nothing in it depends on the time.
func echo(w *server.Response, r *server.Request) error {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	w.Set("Date", epoch)
	_, err = fmt.Fprintf(w, "%s %s: %s", r.Method, r.RawPath, content)
	return err
}

const epoch = "Thu, 01 Jan 1970 00:00:00 GMT"

// checkEnded looks at what a method of a response returns when its exchange has ended: an error, where it can.
func (b *apiBench) checkEnded(results []any) {
	method, ok := apiResponse.MethodByName(b.call.method)
	if b.hijacks || b.call.on != apiResponse || !ok {
		return
	}
	last := method.Type.NumOut() - 1
	fails := last >= 0 && method.Type.Out(last) == reflect.TypeFor[error]()
	if fails && len(results) > last && results[last] == nil {
		b.fail("it returned no error, but %v", results)
	}
}

// try makes one call in a phase, and then asks for two more answers.
func (b *apiBench) try(trial apiTrial) {
	trial.returned, trial.stop, trial.strayOver = make(chan struct{}), make(chan struct{}), make(chan struct{})
	b.apiTrial = &trial
	c := b.srv.DialConn()
	defer func() { c.Close() }()
	in := b.sendFirst(c)
	goesOn := !b.hijacks && b.firstEnds(in)
	<-b.returned
	if !b.hijacks && (b.between || b.next) {
		b.settled()
	}
	if b.between {
		b.checkEnded(b.make())
	}
	if b.hijacks && !b.straying && !b.next {
		b.hijacked.Close()
		b.ends(in)
	}
	if !goesOn {
		old, oldIn := c, in
		c = b.srv.DialConn()
		in = bufio.NewReader(c)
		defer func() {
			if b.hijacks {
				b.ends(oldIn)
			}
			old.Close()
		}()
	}
	b.nextAnswers(c, in)
	close(b.stop)
	if b.hijacks {
		b.hijacked.Close() // which ends a Read of the stray goroutine's too
	}
	if b.straying {
		<-b.strayOver
	}
}

// settled waits until the exchange has nothing to do with the connection any more. Nothing tells that of one that has
// hijacked it.
func (b *apiBench) settled() {
	is := func(x servertest.Exchange) bool { return x.Conn == b.r.ConnID() && x.Number == b.r.Number() }
	for all := b.srv.Exchanges(1); !slices.ContainsFunc(all, is); {
		all = b.srv.Exchanges(len(all) + 1)
	}
}

// sendFirst sends the request in which the call is made.
func (b *apiBench) sendFirst(c net.Conn) *bufio.Reader {
	c.SetDeadline(time.Now().Add(20 * time.Second))
	head, content := "Content-Length: 11", "hello world"
	if b.chunk {
		head, content = "Transfer-Encoding: chunked", "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
	}
	io.WriteString(c, "POST /first HTTP/1.1\r\nHost: a\r\n"+head+"\r\n\r\n"+content)
	if b.straying {
		return bufio.NewReaderSize(c, 1<<20) // net/http takes no more trailers than fit in: the stray goroutine adds some each time
	}
	return bufio.NewReader(c)
}

// firstEnds reads the response to the first request, which must be whole, or else the connection must end. It reports
// whether the connection goes on.
func (b *apiBench) firstEnds(in *bufio.Reader) bool {
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			b.ends(in)
			return false
		}
		if _, err = io.Copy(io.Discard, res.Body); err != nil || res.Close {
			b.ends(in)
			return false
		}
		if res.StatusCode >= 200 {
			return true
		}
	}
}

// ends waits for the connection's end.
func (b *apiBench) ends(in io.Reader) {
	if _, err := io.Copy(io.Discard, in); errors.Is(err, os.ErrDeadlineExceeded) {
		b.fail("neither a whole response nor the connection's end")
	}
}

// nextAnswers sends two more requests, of which the last one ends the connection, and compares every byte that comes.
func (b *apiBench) nextAnswers(c net.Conn, in io.Reader) {
	c.SetDeadline(time.Now().Add(20 * time.Second))
	answer := func(close, content string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %d\r\n%s\r\n%s", epoch, len(content), close, content)
	}
	second, third := answer("", "POST /second: twelve bytes"), answer("Connection: close\r\n", "GET /third: ")
	io.WriteString(c, "POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\ntwelve bytes")
	got := make([]byte, len(second))
	n, err := io.ReadFull(in, got)
	if err != nil || string(got) != second {
		b.fail("the next request was answered with %q, %v, want %q", got[:n], err, second)
		return
	}
	io.WriteString(c, "GET /third HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if got, err := io.ReadAll(in); err != nil || string(got) != third {
		b.fail("the third request was answered with %q, %v, want %q", got, err, third)
	}
}
