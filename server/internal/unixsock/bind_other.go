//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

// Elsewhere sockets are made by package net alone, and have no owner of their own.

package unixsock

import "net"

func listen(path string, who Access) (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := who.allow(path); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// refused reports whether an error of connecting may say that nobody listens.
func refused(err error) bool { return err != nil }

func lock(string) (unlock func()) { return func() {} }
