// Package restart runs a server as a process that can be replaced by a new one without losing a request:
//
//	listeners, err := listen.On("127.0.0.1:8080")
//	if err != nil {
//		log.Fatal(err)
//	}
//	err = restart.Serve(srv, listeners...)
//
// SIGTERM and SIGINT shut the server down; a second one ends the process at once. SIGUSR2 starts the program anew, with the
// listeners of package server/listen as its own. When the new process accepts connections, the old one shuts its server down:
// exchanges that are running end in their own time. If the new one ends before that, or takes too long, the old one goes on.
//
// Under systemd, the service is told to be ready, to be reloading, to have another main process, to be stopping, and, where its
// unit has a WatchdogSec, to be alive.
package restart

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/server/listen"
)

// Server is what is run: a *server.Server, a *nethttp.Server, or another with the same methods, which then mean the same.
type Server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// Process is a server with what a process needs to be replaced. Only Server must be set.
type Process struct {
	Server          Server
	ReadyTimeout    time.Duration // how long a new process may take until it accepts connections; 0: a minute
	ShutdownTimeout time.Duration // how long running exchanges may take to end; 0: 10 s; negative: as long as they need
	// DrainTime is for how long, after SIGTERM or SIGINT and before the shutdown, the Server's Health answers 503 while connections
	// are served as before, so that balancers notice; 0: it is not.
	DrainTime time.Duration
	Ready     func()       // is called when connections are accepted and signals heeded; nil: nothing is
	Log       *slog.Logger // what became of restarts and shutdowns; nil: slog.Default
}

// Serve is the Serve of a Process with this server.
func Serve(srv Server, listeners ...net.Listener) error {
	return (&Process{Server: srv}).Serve(listeners...)
}

// run is a Process that serves.
type run struct {
	Process
	signals   chan os.Signal
	listeners []*listener
	ready     chan struct{} // closed when all listeners are accepted from
	ended     chan error    // what Serve returns, once for each
	done      chan struct{} // closed when this is over
	parent    *os.File      // is told that this process is ready; nil: it replaces none
	child     *child        // is to replace this process; nil: none
}

// Serve serves the listeners. It returns nil when the server has been shut down by a signal, also when another process has taken
// its place; or an error, when the server or one of the environment's values does not allow that. A program that changes its
// directory before should be started by an absolute path, for the new process is started as this one was.
func (p *Process) Serve(listeners ...net.Listener) error {
	r := &run{
		Process: *p, signals: make(chan os.Signal, 8), ready: make(chan struct{}), done: make(chan struct{}),
		ended: make(chan error, len(listeners)),
	}
	defer close(r.done)
	r.defaults()
	signal.Notify(r.signals, append(replacing, syscall.SIGTERM, os.Interrupt)...)
	defer signal.Stop(r.signals)
	every, err := watchdogTime()
	if err == nil {
		r.parent, err = parentsPipe()
	}
	if err := cmp.Or(err, p.check(len(listeners))); err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return err
	}
	r.begin(listeners)
	return r.loop(ticks(every))
}

// drainer is a Server that can drain.
type drainer interface{ Drain() }

// check returns what cannot work.
func (p *Process) check(listeners int) error {
	_, drains := p.Server.(drainer)
	switch {
	case listeners == 0:
		return errors.New("restart: no listeners to serve")
	case p.DrainTime > 0 && !drains:
		return fmt.Errorf("restart: a DrainTime of %v, and a %T has no Drain", p.DrainTime, p.Server)
	}
	return nil
}

func (r *run) defaults() {
	if r.Log == nil {
		r.Log = slog.Default()
	}
	if r.ReadyTimeout == 0 {
		r.ReadyTimeout = time.Minute
	}
	if r.ShutdownTimeout == 0 {
		r.ShutdownTimeout = 10 * time.Second
	}
}

func (r *run) begin(listeners []net.Listener) {
	for _, l := range listeners {
		own := newListener(l)
		r.listeners = append(r.listeners, own)
		go func() { r.ended <- r.Server.Serve(own) }()
	}
	go func() {
		for _, l := range r.listeners {
			select {
			case <-l.accepting:
			case <-r.done:
				return
			}
		}
		close(r.ready)
	}()
}

// loop does what has to be done beside serving.
func (r *run) loop(watchdog <-chan time.Time) error {
	for ready := r.ready; ; {
		select {
		case <-ready:
			ready = nil
			r.tellReady()
		case err := <-r.ended:
			r.child.stop()
			r.Server.Close()
			return err
		case <-watchdog:
			r.notify(stateAlive)
		case s := <-r.signals:
			if stops(s) {
				r.child.stop()
				r.stop()
				return nil
			}
			r.replace()
		case err := <-r.child.outcome():
			if err == nil {
				r.handOver()
				return nil
			}
			r.child = nil
			r.failed(err)
		}
	}
}

// stops reports whether a signal ends the service.
func stops(s os.Signal) bool { return s == syscall.SIGTERM || s == os.Interrupt }

func (r *run) tellReady() {
	listen.CloseUnused()
	if r.Ready != nil {
		r.Ready()
	}
	if r.parent == nil {
		r.notify(stateReady)
		return
	}
	r.parent.WriteString(readyLine)
	r.parent.Close()
}

// replace starts the process that is to replace this one.
func (r *run) replace() {
	if r.child != nil {
		r.Log.Warn("a restart is under way already", "pid", r.child.pid())
		return
	}
	r.notify(stateReloading())
	child, err := start(r.ReadyTimeout)
	if err != nil {
		r.failed(err)
		return
	}
	r.child = child
}

func (r *run) failed(err error) {
	r.notify(stateReady)
	r.Log.Error("restart failed; this process goes on", "error", err)
}

// handOver lets the new process have the listeners, and ends what runs in this one. A first signal that stops the service comes
// to this process too, and changes nothing.
func (r *run) handOver() {
	r.notify(stateReplaced(r.child.pid()))
	r.Log.Info("restarted", "pid", r.child.pid())
	listen.HandedOver()
	for _, l := range r.listeners {
		l.handed.Store(true)
	}
	go func() {
		for {
			select {
			case s := <-r.signals:
				if stops(s) {
					signal.Stop(r.signals)
				}
			case <-r.done:
				return
			}
		}
	}()
	r.shutDown()
}

// stop ends the service.
func (r *run) stop() {
	signal.Stop(r.signals) // a second one ends the process at once
	r.notify(stateStopping)
	if r.DrainTime > 0 {
		r.Server.(drainer).Drain()
		time.Sleep(r.DrainTime)
	}
	r.shutDown()
}

func (r *run) shutDown() {
	ctx := context.Background()
	if r.ShutdownTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.ShutdownTimeout)
		defer cancel()
	}
	if err := r.Server.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
		r.Log.Warn("not all exchanges have ended", "error", err)
		r.Server.Close()
	}
}
