// Package listen makes listeners, and finds those that a program has been handed: by systemd, or by the process that it
// replaces (see package server/restart).
//
//	listeners, err := listen.On("127.0.0.1:8080", "unix:/run/app.sock", "fd:admin.socket")
//
// An address is one of these:
//
//	HOST:PORT   a TCP address
//	unix:PATH   a Unix socket; one that nobody listens on any more is replaced
//	unix:@NAME  an abstract Unix socket, which is no file (Linux)
//	fd:NAME     what systemd has handed over by this name: its socket unit's, unless that has a FileDescriptorName
//
// A process that has been handed the listeners of an address by the one that it replaces gets these, and opens none.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/user"
	"runtime"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/server/internal/unixsock"
)

// Config says how listeners are made. What is handed over is as it is.
type Config struct {
	Mode  fs.FileMode // of a Unix socket, for example 0o660; 0: what the umask leaves
	Owner string      // of a Unix socket: USER, USER:GROUP or :GROUP, by name or by number; "": the process's
	// PerCore makes a TCP listener for each core, GOMAXPROCS of them, among which the system spreads the connections
	// (SO_REUSEPORT). Only Linux has it.
	PerCore bool
}

// On returns listeners on all of the addresses.
func On(addrs ...string) ([]net.Listener, error) { return Config{}.On(addrs...) }

// On returns listeners on all of the addresses: at least one for each. When one of them cannot be had, none stays open.
func (c Config) On(addrs ...string) ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range addrs {
		some, err := c.on(addr)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (c Config) on(addr string) ([]net.Listener, error) {
	handed, err := inherited()
	if err != nil {
		return nil, err
	}
	name, only := strings.CutPrefix(addr, "fd:")
	if some := handed[name]; len(some) > 0 {
		use(func(other string) bool { return other == name })
		return some, nil
	}
	if only {
		return nil, fmt.Errorf("listen: no socket was handed over by the name %.80q%s", name, namesOf(handed))
	}
	some, err := c.open(addr)
	for _, l := range some {
		remember(addr, l, true)
	}
	return some, err
}

func (c Config) open(addr string) ([]net.Listener, error) {
	path, unix := strings.CutPrefix(addr, "unix:")
	switch {
	case (c.Mode != 0 || c.Owner != "") && (!unix || unixsock.IsAbstract(path)):
		return nil, fmt.Errorf("listen: %.80q has no mode and no owner: it is no file", addr)
	case c.PerCore && unix:
		return nil, fmt.Errorf("listen: a Unix socket, %.80q, cannot have a listener for each core", addr)
	case c.PerCore:
		return perCore(addr)
	}
	l, err := c.openOne(addr, path, unix)
	if err != nil {
		return nil, err
	}
	return []net.Listener{l}, nil
}

func (c Config) openOne(addr, path string, unix bool) (net.Listener, error) {
	if !unix {
		return net.Listen("tcp", addr)
	}
	who := unixsock.Access{Mode: c.Mode}
	var err error
	if who.UID, who.GID, err = ids(c.Owner); err != nil {
		return nil, err
	}
	return unixsock.Listen(path, who)
}

// perCore opens as many listeners on one address as there are cores.
func perCore(addr string) (all []net.Listener, err error) {
	config := net.ListenConfig{Control: reusePort}
	for range runtime.GOMAXPROCS(0) {
		l, err := config.Listen(context.Background(), "tcp", addr)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
		addr = l.Addr().String() // where the port was 0, the rest have the first one's
	}
	return all, nil
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

// ids returns the numbers of an owner, -1 where it says nothing.
func ids(owner string) (uid, gid int, err error) {
	name, group, _ := strings.Cut(owner, ":")
	uid, err = id(name, func() (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	gid, failed := id(group, func() (string, error) {
		g, err := user.LookupGroup(group)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	if err = errors.Join(err, failed); err != nil {
		return 0, 0, fmt.Errorf("listen: the owner %.80q: %w", owner, err)
	}
	return uid, gid, nil
}

// id returns the number that a name is, or that lookup finds for it.
func id(name string, lookup func() (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	number, err := lookup()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(number)
}
