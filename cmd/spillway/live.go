// The live page of spillway serve: what it listens on, what it watches, and what its buttons play.

package main

import (
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/spillway-go/spillway/cmd/spillway/internal/tour"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/listen"
	"github.com/spillway-go/spillway/server/live"
)

// livePage is the page and its server. Nil: there is none, and nothing is watched.
type livePage struct {
	page  *live.Page
	seen  *live.Watch
	srv   *server.Server
	on    net.Listener
	tour  *tour.Tour
	serve sync.WaitGroup
}

// target is the lab, as its page's buttons reach it.
func target(addr net.Addr, secure bool, f *serveFlags) tour.Target {
	return tour.Target{Addr: addr, TLS: secure, Proxy: f.proxy.protocol == server.ProxyRequired}
}

// openLive starts to serve the page, if the flags say so. It is for loopback alone, unless they name an address that is not.
func (f *serveFlags) openLive(lab tour.Target) (*livePage, error) {
	if f.live == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(f.live)
	if err != nil {
		return nil, fmt.Errorf("%.60q is not HOST:PORT", f.live)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	on, err := listenLive(host, port)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %.60q: %w", f.live, err)
	}
	l := &livePage{on: on, page: &live.Page{Anyone: !onLoopback(on.Addr()), Hosts: []string{host}}}
	l.seen = l.page.Watch("lab")
	if l.tour, err = tour.Start(l.page); err != nil {
		l.on.Close()
		return nil, err
	}
	l.page.Plays, l.page.Tour = tour.Buttons(lab), l.tour.Stops
	if tcp, ok := lab.Addr.(*net.TCPAddr); ok && !lab.Proxy { // the probe has no PROXY header and no Unix sockets
		l.page.Plays = append(l.page.Plays, tour.Scenarios(url(reachable(tcp), lab.TLS)+"/plaintext")...)
	}
	l.srv = &server.Server{Handler: l.page, MaxConns: 64}
	l.serve.Go(func() { l.srv.Serve(l.on) })
	return l, nil
}

// listenLive opens the page's listener, or finds the one that was handed over. A free port is picked anew: by such an address the lab's
// own may have been handed over.
func listenLive(host, port string) (net.Listener, error) {
	addr := net.JoinHostPort(host, port)
	if port == "0" {
		return net.Listen("tcp", addr)
	}
	on, err := listen.On(addr)
	if err != nil {
		return nil, err
	}
	return on[0], nil
}

// reachable returns the address at which a listener is reached from this machine.
func reachable(addr *net.TCPAddr) net.Addr {
	if addr.IP.IsUnspecified() {
		return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: addr.Port}
	}
	return addr
}

// onLoopback reports whether only this machine reaches an address.
func onLoopback(addr net.Addr) bool {
	a, err := netip.ParseAddrPort(addr.String())
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// line is what standard output says of the page.
func (l *livePage) line() string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf("live page on http://%s\n", l.on.Addr())
}

// listeners returns the lab's listeners as the page watches them.
func (l *livePage) listeners(all []net.Listener) []net.Listener {
	if l == nil {
		return all
	}
	watched := make([]net.Listener, len(all))
	for i, one := range all {
		watched[i] = l.seen.Listener(one)
	}
	return watched
}

// trace returns what the lab tells its events, and when.
func (l *livePage) trace() (tell func(server.Event), tellIf func() bool) {
	if l == nil {
		return nil, nil
	}
	return l.seen.Trace, l.seen.TraceIf
}

// close ends the page and the tour.
func (l *livePage) close() {
	if l == nil {
		return
	}
	l.page.Close()
	l.srv.Close()
	l.tour.Close()
	l.serve.Wait()
}
