// Package unixsock listens on Unix sockets: a file has its mode and its owner before anybody can connect, and one that nobody
// listens on any more is replaced.
package unixsock

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Access is who may connect to a socket that is a file.
type Access struct {
	Mode     fs.FileMode // of the file; 0: what the umask leaves
	UID, GID int         // whose it is; -1: the process's
}

// Anybody is the Access that the system gives by itself.
var Anybody = Access{UID: -1, GID: -1}

// Listen listens on the socket at path, or on the abstract one NAME if path is "@NAME", where the system has such.
func Listen(path string, who Access) (net.Listener, error) {
	if IsAbstract(path) {
		return net.Listen("unix", path)
	}
	defer lock(filepath.Dir(path))() // so that no other finds a socket that is bound and not listened on yet
	l, err := listen(path, who)
	if err != nil && stale(path) && os.Remove(path) == nil {
		l, err = listen(path, who)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// IsAbstract reports whether a path names an abstract socket, which is no file.
func IsAbstract(path string) bool { return strings.HasPrefix(path, "@") }

// stale reports whether there is a socket at path on which nobody listens. One whose queue is full, or that we may not connect
// to, has somebody.
func stale(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	return refused(err)
}

// allow gives a socket that is bound its mode and owner. The owner comes first: that may take bits of the mode away.
func (who Access) allow(path string) error {
	var errs []error
	if who.UID >= 0 || who.GID >= 0 {
		errs = append(errs, os.Lchown(path, who.UID, who.GID))
	}
	if who.Mode != 0 {
		errs = append(errs, os.Chmod(path, who.Mode))
	}
	return errors.Join(errs...)
}
