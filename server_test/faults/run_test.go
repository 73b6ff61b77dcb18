// One seed of the fault test is carried out: the client, the handlers, and what each of them saw.

package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

const (
	faultQuiet = 25 * time.Hour // longer than any limit: who is silent for so long has ended, or never will
	faultEnd   = 48 * time.Hour // by which the server must have ended behind its client
)

// faultRun is what happened.
type faultRun struct {
	*faultPlan
	client   *servertest.Conn
	injected *servertest.Injected

	mu       sync.Mutex
	changed  *sync.Cond
	events   []string      // what the server says of itself
	wrong    []string      // what handlers saw that must not be
	served   int           // requests that handlers saw
	asked    int           // 100 (Continue) responses
	answers  []faultSeen   // final responses, the last of which may be cut
	over     bool          // the client reads no more
	readEnd  error         // why
	received bytes.Buffer  // all that came
	sent     int           // bytes that the client has sent
	accepted atomic.Bool   // the server has seen the connection
	closed   chan struct{} // and it has ended
}

// faultSeen is one response as the client saw it.
type faultSeen struct {
	*http.Response
	content string
	cut     error // why it is not whole
}

// run carries the plan out, in a bubble.
func (p *faultPlan) run() *faultRun {
	r := &faultRun{faultPlan: p, closed: make(chan struct{})}
	r.changed = sync.NewCond(&r.mu)
	under := servertest.Listen(p.link)
	l, injected := p.faults.Listen(under)
	if p.bare {
		l = servertest.Bare(l)
	}
	r.injected = injected
	began := time.Now()
	srv := &server.Server{
		Handler: r, Limits: p.limits, Log: slog.New(slog.DiscardHandler),
		Trace: func(e server.Event) {
			r.note("%v: %v", time.Since(began), e)
			switch e.Kind {
			case conn.EventAccepted:
				r.accepted.Store(true)
			case conn.EventClosed:
				close(r.closed)
			}
		},
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	r.client, _ = under.Dial()
	r.dialogue(srv)
	r.client.Close()
	if r.accepted.Load() {
		r.await(r.closed, "the connection has not ended behind its client")
	}
	ctx, cancel := context.WithTimeout(context.Background(), faultEnd)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		r.complain("Shutdown: %v", err)
	}
	if err := <-served; !errors.Is(err, server.ErrClosed) {
		r.complain("Serve: %v", err)
	}
	time.Sleep(time.Minute) // timers that are under way come to their end
	return r
}

// note puts an event down, to be told where something is wrong.
func (r *faultRun) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

// await waits, in fake time and not for ever.
func (r *faultRun) await(what <-chan struct{}, otherwise string) {
	select {
	case <-what:
	case <-time.After(faultEnd):
		r.complain("%s", otherwise)
	}
}

func (r *faultRun) complain(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// dialogue is the client's part.
func (r *faultRun) dialogue(srv *server.Server) {
	read := make(chan struct{})
	receive := func() {
		r.receive()
		close(read)
	}
	if !r.lazy {
		go receive()
	}
	shut := make(chan struct{})
	if r.shutdown {
		time.AfterFunc(time.Duration(r.seed%uint64(3*time.Second)), func() {
			ctx, cancel := context.WithTimeout(context.Background(), faultQuiet)
			defer cancel()
			srv.Shutdown(ctx)
			close(shut)
		})
	} else {
		close(shut)
	}
	r.send()
	if r.lazy {
		go receive()
	}
	<-read
	if r.shutdown {
		r.client.Close()
	}
	<-shut
}

// send sends the requests.
func (r *faultRun) send() {
	for i, q := range r.requests {
		if !r.pipelines && !r.waitFor(func() bool { return len(r.answers) >= i }, faultQuiet) || r.toldToStop() {
			return
		}
		asked := r.asked
		if !r.write(q.head()) {
			return
		}
		if q.expects {
			r.waitFor(func() bool { return r.asked > asked || len(r.answers) > i }, time.Second/2)
		}
		if !r.write(q.body()) {
			return
		}
	}
}

// toldToStop reports whether a response has come that said that it is the last.
func (r *faultRun) toldToStop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.answers, func(seen faultSeen) bool { return seen.Response != nil && seen.Close })
}

// write sends bytes, in pieces, until the client leaves or can send no more.
func (r *faultRun) write(text string) bool {
	for text != "" {
		n := min(len(text), r.piece)
		if r.leaves != faultStays {
			n = min(n, r.at-r.sent)
		}
		if n <= 0 && r.leaves != faultStays {
			r.leave()
			return false
		}
		if _, err := io.WriteString(r.client, text[:n]); err != nil {
			return false
		}
		r.mu.Lock()
		r.sent += n
		r.mu.Unlock()
		text = text[n:]
	}
	return true
}

func (r *faultRun) leave() {
	switch r.leaves {
	case faultCloses:
		r.client.Close()
	case faultHalfCloses:
		r.client.CloseWrite()
	case faultResets:
		r.client.Abort()
	}
}

// waitFor waits until something is true, or the client reads no more, or for so long. It reports whether the client goes on.
func (r *faultRun) waitFor(is func() bool, long time.Duration) bool {
	over := false
	timer := time.AfterFunc(long, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		over = true
		r.changed.Broadcast()
	})
	defer timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for !is() && !over && !r.over {
		r.changed.Wait()
	}
	return !r.over
}

// receive reads responses until there are as many as requests and nothing behind them is to come, or no more come.
func (r *faultRun) receive() {
	r.client.SetReadDeadline(time.Now().Add(faultQuiet))
	in := bufio.NewReader(io.TeeReader(r.client, &r.received))
	var end error
	for end == nil {
		r.mu.Lock()
		n := len(r.answers)
		r.mu.Unlock()
		last := n > 0 && (n >= len(r.requests) || r.answers[n-1].Close)
		if last && !r.answers[n-1].Close {
			break // the connection is kept, and nothing more is asked
		}
		method := "GET"
		if n < len(r.requests) {
			method = r.requests[n].method
		}
		if _, end = in.Peek(1); end == nil {
			end = r.receiveOne(in, method)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.readEnd = true, end
	r.changed.Broadcast()
}

// awaitHead waits until a whole head is there. What is left of a head that is cut would look like a malformed one.
func awaitHead(in *bufio.Reader) error {
	for {
		head, _ := in.Peek(in.Buffered())
		if bytes.Contains(head, []byte("\r\n\r\n")) {
			return nil
		}
		if _, err := in.Peek(len(head) + 1); err != nil {
			return err
		}
	}
}

func (r *faultRun) receiveOne(in *bufio.Reader, method string) error {
	var res *http.Response
	err := awaitHead(in)
	if err == nil {
		res, err = http.ReadResponse(in, &http.Request{Method: method})
	}
	seen := faultSeen{Response: res, cut: err}
	if err == nil && method == "HEAD" && res.StatusCode >= 400 && res.Close && !r.sawMethod() {
		io.Copy(io.Discard, in) // the server could not know that it is to send no content
	} else if err == nil && res.StatusCode != 100 {
		var content []byte
		content, seen.cut = io.ReadAll(res.Body)
		seen.content = string(content)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && res.StatusCode == 100 {
		r.asked++
	} else {
		r.answers = append(r.answers, seen)
	}
	r.changed.Broadcast()
	return seen.cut
}

// sawMethod reports whether the server has seen the method of the request that it answers next.
func (r *faultRun) sawMethod() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := 0
	for _, q := range r.requests[:len(r.answers)] {
		before += len(q.wire())
	}
	return r.sent-before >= len("HEAD ") && r.harmless()
}

// harmless reports whether every fault so far was one that a connection may have.
func (r *faultRun) harmless() bool {
	return !slices.ContainsFunc(r.injected.All(), func(f servertest.Fault) bool { return !f.Harmless() })
}
