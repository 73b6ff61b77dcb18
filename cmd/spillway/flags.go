// The flags of spillway serve, and how they become a server's limits.

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/listen"
)

// serveFlags are what the command line says. A limit of 0 is off.
type serveFlags struct {
	addr, api string

	socketMode  mode
	socketOwner string
	perCore     bool

	readHeaderTimeout, readTimeout, writeTimeout, idleTimeout duration

	maxHeaderBytes, maxBodyBytes size

	drainLimit                  size
	drainTimeout, lingerTimeout duration

	minReadRate, minWriteRate size
	rateGrace                 duration
	stallTimeout              duration

	maxConnRequests size
	maxConnAge      duration
	maxConns        size
	shutdownTimeout duration
	shutdownGrace   duration
	drainTime       duration
	trace           bool
	live            string // where the live page listens; "": there is none
	proxy           proxyFlags
	tls             tlsFlags
}

// parseServeFlags reads the command line. Asked for help, it prints the flags to stdout and returns flag.ErrHelp.
func parseServeFlags(args []string, stdout io.Writer) (*serveFlags, error) {
	f := &serveFlags{}
	set := flag.NewFlagSet("spillway serve", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "listen on `HOST:PORT`, on the Unix socket PATH of unix:PATH, or on the socket NAME from systemd of fd:NAME")
	set.Var(&f.socketMode, "socket-mode", "the permissions of a Unix socket, in octal `MODE`; empty: what the umask leaves")
	set.StringVar(&f.socketOwner, "socket-owner", "", "the `USER`, USER:GROUP or :GROUP that owns a Unix socket; empty: the process's")
	set.BoolVar(&f.perCore, "per-core", false, "listen with a socket for each core (SO_REUSEPORT)")
	set.StringVar(&f.api, "api", "native", "the handler `API` that serves the routes: native or nethttp")
	f.readHeaderTimeout.define(set, "read-header-timeout", 10*time.Second, "from a request's first byte to the end of its headers")
	f.readTimeout.define(set, "read-timeout", 0, "from a request's first byte to the end of its body")
	f.writeTimeout.define(set, "write-timeout", 0, "from the end of a request's headers to the last byte of its response")
	f.idleTimeout.define(set, "idle-timeout", 60*time.Second, "how long a kept connection may wait for the next request's first byte")
	f.maxHeaderBytes.define(set, "max-header-bytes", 64<<10, "request line and headers together")
	f.maxBodyBytes.define(set, "max-body-bytes", 0, "a larger declared body gets 413 unread; a larger chunked one ends in an error on the reader")
	f.drainLimit.define(set, "drain-limit", 256<<10, "how much of a leftover body is read so that the connection can be kept")
	f.drainTimeout.define(set, "drain-timeout", 5*time.Second, "how long that may take")
	f.lingerTimeout.define(set, "linger-timeout", 5*time.Second, "how long a closing connection goes on reading, so that the client sees the response and no reset")
	f.minReadRate.define(set, "min-read-rate", 240, "bytes per second below which a client sends content too slowly, counted only while the server waits for it")
	f.minWriteRate.define(set, "min-write-rate", 240, "bytes per second below which a client takes a response too slowly, counted only while the server waits for it")
	f.rateGrace.define(set, "rate-grace", 5*time.Second, "how long a client may be slower than that")
	f.stallTimeout.define(set, "stall-timeout", 10*time.Second, "how long neither side of an exchange may move, with a write under way and content unread, before the content is given up")
	f.maxConns.define(set, "max-conns", 0, "connections open at once")
	f.maxConnRequests.define(set, "max-conn-requests", 0, "requests after which a connection's response says close")
	f.maxConnAge.define(set, "max-conn-age", 0, "how long a connection may be open before a response on it says close; up to a tenth less")
	f.shutdownTimeout.define(set, "shutdown-timeout", 10*time.Second, "how long a graceful shutdown waits")
	f.shutdownGrace.define(set, "shutdown-grace", 100*time.Millisecond, "how long an idle connection waits, in a shutdown or restart, for a request that is on its way")
	f.drainTime.define(set, "drain-time", 0, "for how long, after a signal and before a shutdown, /health says 503 and all is served")
	f.proxy.define(set)
	f.tls.define(set)
	set.BoolVar(&f.trace, "trace", false, "print one line per connection event on standard error")

	set.StringVar(&f.live, "live", "", "serve a page that shows every connection live on `HOST:PORT`; without a host, on loopback")

	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, "usage: spillway serve [flags]\n\nDurations are Go's (5s), sizes are bytes; 0 turns a limit off.\n\n")
		set.SetOutput(stdout)
		set.PrintDefaults()
		fmt.Fprintf(stdout, "\nThe routes, which / lists too:\n\n%s", lab.Guide())
		return nil, err
	case err == nil:
		err = f.check(set.Args())
	}
	if err != nil {
		return nil, &usageError{fmt.Errorf("spillway serve: %w", err)}
	}
	return f, nil
}

// check finds what the flags say and no server can do.
func (f *serveFlags) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case f.addr == "" || f.addr == "unix:" || f.addr == "fd:":
		return fmt.Errorf("-addr %q is neither HOST:PORT nor unix:PATH nor fd:NAME", f.addr)
	case strings.HasPrefix(f.addr, "unix:") && f.proxy.protocol == server.ProxyRequired && !f.proxy.trustUnix:
		return errors.New("-proxy-protocol required on a Unix socket needs unix in -proxy-trusted")
	case f.api != "native" && f.api != "nethttp":
		return fmt.Errorf("-api %q is neither native nor nethttp", f.api)
	case max(f.maxHeaderBytes, f.maxConns, f.maxConnRequests) > math.MaxInt32:
		return fmt.Errorf("-max-header-bytes, -max-conns and -max-conn-requests are at most %d", math.MaxInt32)
	}
	return f.tls.check()
}

// listen opens the listeners, or finds those that were handed over.
func (f *serveFlags) listen() ([]net.Listener, error) {
	return listen.Config{Mode: fs.FileMode(f.socketMode), Owner: f.socketOwner, PerCore: f.perCore}.On(f.addr)
}

// limits returns the flags as a server's limits, where zero would be a default and negative is off.
func (f *serveFlags) limits() server.Limits {
	lim := server.Limits{
		ReadHeaderTimeout: orOff(time.Duration(f.readHeaderTimeout)),
		ReadTimeout:       orOff(time.Duration(f.readTimeout)),
		WriteTimeout:      orOff(time.Duration(f.writeTimeout)),
		IdleTimeout:       orOff(time.Duration(f.idleTimeout)),
		HeadBytes:         int(f.maxHeaderBytes),
		BodyBytes:         orOff(int64(f.maxBodyBytes)),
		DrainBytes:        orOff(int64(f.drainLimit)),
		DrainTimeout:      orOff(time.Duration(f.drainTimeout)),
		LingerTimeout:     orOff(time.Duration(f.lingerTimeout)),
		LingerIdle:        orOff(time.Duration(f.lingerTimeout)), // the flag alone decides
		MinReadRate:       orOff(int64(f.minReadRate)),
		MinWriteRate:      orOff(int64(f.minWriteRate)),
		RateGrace:         time.Duration(f.rateGrace),
		StallTimeout:      orOff(time.Duration(f.stallTimeout)),
		MaxRequests:       int(f.maxConnRequests), // 0 is off, here too
		MaxAge:            time.Duration(f.maxConnAge),
		ShutdownGrace:     orOff(time.Duration(f.shutdownGrace)),
	}
	if f.maxHeaderBytes == 0 {
		lim.HeadBytes = math.MaxInt32 // a head is held whole: there is no more than that
	}
	if f.rateGrace == 0 { // slow for ever
		lim.MinReadRate, lim.MinWriteRate = -1, -1
	}
	return lim
}

func orOff[T int64 | time.Duration](limit T) T {
	if limit == 0 {
		return -1
	}
	return limit
}

// duration is a flag's time, from 0 on.
type duration time.Duration

func (d *duration) define(set *flag.FlagSet, name string, value time.Duration, meaning string) {
	*d = duration(value)
	set.Var(d, name, meaning)
}

func (d *duration) String() string { return time.Duration(*d).String() }

func (d *duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return errors.New("not a duration like 5s, from 0 on")
	}
	*d = duration(v)
	return nil
}

// mode is a flag's permissions of a file; 0: none are given.
type mode fs.FileMode

func (m *mode) String() string {
	if *m == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(*m), 8)
}

func (m *mode) Set(s string) error {
	v, err := strconv.ParseUint(s, 8, 32)
	if err != nil || v == 0 || v > uint64(fs.ModePerm) {
		return errors.New("not the permissions of a file, like 660")
	}
	*m = mode(v)
	return nil
}

// size is a flag's number, of bytes or of connections, from 0 on.
type size int64

func (n *size) define(set *flag.FlagSet, name string, value int64, meaning string) {
	*n = size(value)
	set.Var(n, name, meaning)
}

func (n *size) String() string { return strconv.FormatInt(int64(*n), 10) }

func (n *size) Set(s string) error {
	v, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return errors.New("not a number from 0 on")
	}
	*n = size(v)
	return nil
}
