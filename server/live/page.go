// Package live is a page that shows a server's connections while they live: one row for each, and for the one that is chosen its
// story, as a sequence diagram that grows. It belongs on a developer's machine:
//
//	page := &live.Page{}
//	seen := page.Watch("shop")
//	srv := &server.Server{Handler: shop, Trace: seen.Trace, TraceIf: seen.TraceIf}
//	go srv.Serve(seen.Listener(l))
//	http := &server.Server{Handler: page}
//	err := http.ListenAndServe("127.0.0.1:9000")
//
// Nothing is noted, and nothing costs anything, before somebody opens the page. While one looks, connections that are accepted then
// are recorded byte by byte, the first and last bytes of each, for a bounded number of connections. The page shows what clients
// send, secrets too: it is served to loopback alone unless the program says otherwise, under names that nobody else can give it,
// and to no page of another origin.
//
// [Page] is a handler of package server; package livehttp makes it one of net/http.
package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Page is the page, and what it remembers. Its fields must not change once it is used; its methods may be called from any
// goroutine. The zero Page is ready for use.
type Page struct {
	// Conns is how many connections are remembered; 0: 100. Each takes at most 256 KiB.
	Conns int
	// Anyone lets the page be served to clients that are not on this machine.
	Anyone bool
	// Hosts are the names under which the page may be asked for, beside localhost and IP addresses: any other name may be one
	// that somebody else has made point here.
	Hosts []string
	// Plays are what the page has buttons for.
	Plays []Play
	// Tour are plays that are shown one after the other, with what they teach.
	Tour []Stop

	looked  atomic.Bool  // somebody looks, or did a moment ago
	playing atomic.Int64 // plays under way

	mu       sync.Mutex // guards what follows
	rows     []*row     // in the order in which they were begun
	byConn   map[key]*row
	pending  map[any]*story // stories whose connection has not been named by an event yet, by what address says
	version  uint64         // of all that is shown: every change is one more
	changed  chan struct{}  // closed at the next change; nil: nobody waits
	numbers  int64          // rows begun
	watchers int
	idle     *time.Timer // ends looked
	closed   chan struct{}
}

// Play is something that can be played against a server by a button.
type Play struct {
	ID    string // in URLs: letters, digits and hyphens
	Name  string // on the button
	Text  string // what it shows, in a sentence
	Group string // with others of which it is in a list; "": it has a button
	// Run plays it. An error is what the client did not get.
	Run func(ctx context.Context) (Played, error)
}

// Played is what came of a play.
type Played struct {
	Client string // the address from which its client came, "" where that and Server name no connection: the newest is shown then
	Server string // the address to which the client connected
	Said   string // a verdict, in a sentence; "": none
}

// Stop is a stop of the tour: what it teaches, and two plays that show it, one against a server that has the fault and one
// against a server that has not.
type Stop struct {
	Name   string
	Text   string // what to see, in a few sentences
	Ref    string // the section of the standard
	Faulty Play
	Right  Play
}

// lookedFor is how long connections are followed after the last page was closed, so that one that is loaded again finds them.
const lookedFor = 30 * time.Second

func (p *Page) most() int {
	if p.Conns > 0 {
		return p.Conns
	}
	return 100
}

// change notes that something is to be shown, and returns its version. p.mu is held.
func (p *Page) change() uint64 {
	p.version++
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
	return p.version
}

// enter notes that somebody looks, and returns what ends when nobody shall look any more.
func (p *Page) enter() (closed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers++; p.idle != nil {
		p.idle.Stop()
		p.idle = nil
	}
	p.looked.Store(true)
	return p.closing()
}

// leave notes that one who looked does not any more.
func (p *Page) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers--; p.watchers == 0 {
		p.idle = time.AfterFunc(lookedFor, p.forget)
	}
}

// forget stops following connections, if nobody looks: those that are open are no longer known.
func (p *Page) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers > 0 {
		return
	}
	p.looked.Store(false)
	for _, r := range append([]*row(nil), p.rows...) {
		if r.Ended == 0 {
			p.drop(r)
		}
	}
	p.change()
}

// closing returns the channel that Close closes. p.mu is held.
func (p *Page) closing() chan struct{} {
	if p.closed == nil {
		p.closed = make(chan struct{})
	}
	return p.closed
}

// Close ends the streams to all who look, so that a server that serves the page can shut down. It may be called more than once.
func (p *Page) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing():
	default:
		close(p.closed)
	}
}
