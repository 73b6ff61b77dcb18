// Who may connect is settled before anybody can, and a socket that somebody listens on is never taken away.

package unixsock

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestModeAndOwnerComeBeforeTheFirstClient(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	who := Access{Mode: 0o640, UID: os.Getuid(), GID: os.Getgid()}
	if who.UID == 0 {
		who.UID, who.GID = 4321, 1234
	}
	fd, err := bind(path, who)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if _, err := net.Dial("unix", path); !refused(err) {
		t.Errorf("before anybody listens a client gets %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	own := info.Sys().(*syscall.Stat_t)
	if info.Mode() != fs.ModeSocket|0o640 || int(own.Uid) != who.UID || int(own.Gid) != who.GID {
		t.Errorf("mode %v, owner %d, group %d", info.Mode(), own.Uid, own.Gid)
	}
}

func TestASocketWithoutAListenerIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := bind(path, Anybody)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	l, err := Listen(path, Anybody)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got := l.Addr().String(); got != path {
		t.Errorf("its address is %q", got)
	}
	l.Close()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a listener that was closed leaves %v", err)
	}
}

// A listener whose queue is full refuses clients in a way of its own, which must not be taken for its absence.
func TestASocketWithAListenerStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := bind(path, Anybody)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	var full error
	for range 10 {
		c, err := net.Dial("unix", path)
		if err != nil {
			full = err
			break
		}
		defer c.Close()
	}
	if !errors.Is(full, syscall.EAGAIN) {
		t.Fatalf("the queue is not full: %v", full)
	}
	if _, err := Listen(path, Anybody); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another gets %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := path + "-link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if _, err := Listen(p, Anybody); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: %v", p, err)
		}
		if _, err := os.Lstat(p); err != nil {
			t.Error(err)
		}
	}
}

func TestAnOwnerThatCannotBeLeavesNoFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may give files to anybody")
	}
	path := filepath.Join(t.TempDir(), "s")
	if _, err := Listen(path, Access{UID: 0, GID: 0}); !errors.Is(err, syscall.EPERM) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it leaves %v", err)
	}
}

func TestAbstractSocketsAreNoFiles(t *testing.T) {
	name := "@spillway-" + filepath.Base(t.TempDir()) + t.Name()
	l, err := Listen(name, Anybody)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := Listen(name, Anybody); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another gets %v", err)
	}
}
