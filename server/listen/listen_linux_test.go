// What is opened, and what a process that was handed sockets finds: this program, run again with sockets of its parent's.

package listen_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spillway-go/spillway/server/listen"
)

// roleVariable tells this program to be the child that was handed sockets.
const roleVariable = "SPILLWAY_LISTEN_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "" {
		os.Exit(m.Run())
	}
	if addr := os.Getenv("SPILLWAY_LISTEN_ADDR"); addr != "" {
		if _, err := listen.On(addr); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		listen.CloseUnused()
	}
	all, err := listen.Inherited()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, l := range all[name] {
			fmt.Println(name, l.Addr(), state(l))
		}
	}
	for _, v := range os.Environ() {
		if strings.Contains(v, "LISTEN_FD") || strings.Contains(v, "LISTEN_PID") {
			fmt.Println("left in the environment:", v)
		}
	}
}

// state says whether programs that the process starts inherit a listener.
func state(l net.Listener) string {
	is := "closed"
	if rc, err := l.(syscall.Conn).SyscallConn(); err == nil {
		rc.Control(func(fd uintptr) {
			flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
			is = fmt.Sprint(errno == 0 && flags&syscall.FD_CLOEXEC != 0)
		})
	}
	return is
}

// child runs this program with descriptors from 3 on, and returns what it prints. It is its own LISTEN_PID.
func child(t *testing.T, files []*os.File, environment ...string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVariable+"=child"), environment...)
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// open returns listeners, which are closed when the test ends.
func open(t *testing.T, c listen.Config, addrs ...string) []net.Listener {
	t.Helper()
	all, err := c.On(addrs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, l := range all {
			l.Close()
		}
	})
	return all
}

func fileOf(t *testing.T, l net.Listener) *os.File {
	t.Helper()
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSocketsFromSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ls := open(t, listen.Config{}, "127.0.0.1:0", "unix:"+path, "127.0.0.1:0")
	var files []*os.File
	for _, l := range ls {
		files = append(files, fileOf(t, l))
	}
	got := child(t, files, "LISTEN_FDS=3", "LISTEN_FDNAMES=web:admin:web")
	want := fmt.Sprintf("admin %s true\nweb %s true\nweb %s true\n", path, ls[0].Addr(), ls[2].Addr())
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("systemd's socket file: %v", err)
	}
	if got, want := child(t, files[:1], "LISTEN_FDS=1"), fmt.Sprintf("unknown %s true\n", ls[0].Addr()); got != want {
		t.Errorf("without names: got\n%swant\n%s", got, want)
	}
}

func TestSocketsFromAParent(t *testing.T) {
	const addr = "[::ffff:127.0.0.1]:0" // has what is escaped in names
	path := "unix:" + filepath.Join(t.TempDir(), "100%3A")
	ls := open(t, listen.Config{}, addr, path)
	closed := open(t, listen.Config{}, "127.0.0.1:0")[0]
	closed.Close()
	files, environment := listen.Handover()
	got := child(t, files, append(environment, "LISTEN_FDS=7")...) // what systemd had said to a process before
	want := fmt.Sprintf("%s %s true\n%s %s true\n", addr, ls[0].Addr(), path, ls[1].Addr())
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// One that asks for the first address only gives the other up.
	got = child(t, files, append(environment, "SPILLWAY_LISTEN_ADDR="+addr)...)
	want = fmt.Sprintf("%s %s true\n%s %s closed\n", addr, ls[0].Addr(), path, ls[1].Addr())
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, f := range files {
		f.Close()
	}
}

// A listener that was handed on is as it was: its Accept can be ended, which that of a blocking socket could not.
func TestAHandoverLeavesListenersAlone(t *testing.T) {
	l := open(t, listen.Config{}, "127.0.0.1:0")[0]
	files, environment := listen.Handover()
	child(t, files, environment...)
	for _, f := range files {
		f.Close()
	}
	rc, err := l.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	rc.Control(func(fd uintptr) {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		if errno != 0 || flags&syscall.O_NONBLOCK == 0 {
			t.Errorf("the socket's flags are %#x, %v", flags, errno)
		}
	})
}

func TestHandedOverFilesStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := open(t, listen.Config{}, "unix:"+path)[0]
	listen.HandedOver()
	l.Close()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestAListenerForEachCore(t *testing.T) {
	ls := open(t, listen.Config{PerCore: true}, "127.0.0.1:0")
	if n := runtime.GOMAXPROCS(0); len(ls) != n {
		t.Fatalf("%d listeners for %d cores", len(ls), n)
	}
	for _, l := range ls {
		if got, want := l.Addr().String(), ls[0].Addr().String(); got != want {
			t.Errorf("one listens on %s, another on %s", want, got)
		}
	}
}

func TestModeAndOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	owner := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	if os.Getuid() == 0 {
		owner = "nobody:4321"
	}
	open(t, listen.Config{Mode: 0o606, Owner: owner}, "unix:"+path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.ModeSocket|0o606 {
		t.Errorf("its mode is %v", info.Mode())
	}
	own := info.Sys().(*syscall.Stat_t)
	if os.Getuid() == 0 && (own.Uid == 0 || own.Gid != 4321) {
		t.Errorf("its owner is %d, its group %d", own.Uid, own.Gid)
	}
}

// When one address cannot be had, the others are given back.
func TestAllAddressesOrNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if ls, err := listen.On("unix:"+path, "fd:none"); err == nil || ls != nil {
		t.Errorf("got %v, %v", ls, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the first address is still listened on")
	}
}
