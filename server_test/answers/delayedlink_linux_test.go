// The early answers once more, across a link with 20 ms of delay each way and small buffers: two network namespaces, each
// with a TUN device, and this test as the cable between them. On a loopback interface a FIN, a reset and the data before
// them arrive at once; here they can overtake what the client has not read yet.

package answers_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

const (
	linkDelay   = 20 * time.Millisecond
	linkPackets = 1024 // in flight in one direction; more are lost
	linkBuffers = "4096 65536 131072"
)

// namespace runs functions in a network namespace of its own, which ends with the test: on a thread that is in it.
type namespace struct {
	tun  *os.File
	todo chan func()
}

// newNamespace makes a namespace whose only way out is a TUN device with the address from, to to.
func newNamespace(t *testing.T, from, to string) *namespace {
	ns := &namespace{todo: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			made <- fmt.Errorf("unshare: %w", err)
		} else {
			made <- ns.setUp(from, to)
		}
		for f := range ns.todo {
			f()
		}
	}()
	err := <-made
	t.Cleanup(func() {
		close(ns.todo)
		ns.tun.Close()
	})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		sockets.Unable(t, "a delayed link needs root and /dev/net/tun: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	return ns
}

// do runs f in the namespace: the sockets it makes belong there.
func (ns *namespace) do(f func()) {
	done := make(chan struct{})
	ns.todo <- func() { defer close(done); f() }
	<-done
}

// setUp is called on the namespace's thread.
func (ns *namespace) setUp(from, to string) error {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("/dev/net/tun: %w", err)
	}
	const tunSetIff, tun, noInfo = 0x400454ca, 1, 0x1000
	var request [40]byte
	copy(request[:], "cable0")
	*(*uint16)(unsafe.Pointer(&request[16])) = tun | noInfo
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), tunSetIff, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	ns.tun = os.NewFile(uintptr(fd), "tun")
	for _, args := range []string{"link set lo up", "addr add " + from + " peer " + to + " dev cable0", "link set cable0 up"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %v: %s", args, err, out) // also when there is no ip
		}
	}
	for _, name := range []string{"tcp_rmem", "tcp_wmem"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(linkBuffers), 0); err != nil {
			return err
		}
	}
	return nil
}

// cable carries packets from one device to the other, each after the delay, until the devices are closed.
func cable(from, to *os.File, lost *atomic.Int64) (wait func()) {
	type packet struct {
		due   time.Time
		bytes []byte
	}
	queue := make(chan packet, linkPackets)
	var both sync.WaitGroup
	both.Go(func() {
		defer close(queue)
		for {
			buf := make([]byte, 2048)
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			select {
			case queue <- packet{time.Now().Add(linkDelay), buf[:n]}:
			default:
				lost.Add(1)
			}
		}
	})
	both.Go(func() {
		for p := range queue {
			time.Sleep(time.Until(p.due))
			to.Write(p.bytes)
		}
	})
	return both.Wait
}

// delayedLink returns two namespaces joined by a link, the first with the address 10.77.0.1, the second with 10.77.0.2.
func delayedLink(t *testing.T) (a, b *namespace, lost *atomic.Int64) {
	lost = new(atomic.Int64)
	a, b = newNamespace(t, "10.77.0.1", "10.77.0.2"), newNamespace(t, "10.77.0.2", "10.77.0.1")
	there, back := cable(a.tun, b.tun, lost), cable(b.tun, a.tun, lost)
	t.Cleanup(func() {
		a.tun.Close()
		b.tun.Close()
		there()
		back()
	})
	return a, b, lost
}

func TestEarlyAnswerAcrossDelayedLink(t *testing.T) {
	sockets.Clean(t)
	serverSide, clientSide, lost := delayedLink(t)
	var l net.Listener
	var err error
	serverSide.do(func() { l, err = net.Listen("tcp", "10.77.0.1:80") })
	if err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{Limits: server.Limits{StallTimeout: time.Second}}
	srv.Limits.LingerTimeout = 20 * time.Second // 85 MB through a link of 20 MB/s take as long as that of the default
	live := sockets.ServeOn(t, srv, l)
	dial := func() *sockets.Client {
		var c *sockets.Client
		clientSide.do(func() { c = sockets.Dial(t, live.Addr) })
		return c
	}
	began := time.Now()
	dial().Close()
	if took := time.Since(began); took < 2*linkDelay {
		t.Fatalf("a connection was made in %v: it did not cross the link", took)
	}
	times := 1
	if sockets.Long {
		times = 20
	}
	for _, size := range []int64{1e6, 5e6} {
		var took []time.Duration
		for range times {
			var all sync.WaitGroup // each waits for the link most of the time
			var mu sync.Mutex
			for _, early := range append(liveEarly, liveRudeEarly...) {
				c := dial()
				all.Go(func() {
					began := time.Now()
					writeThenRead(live, &sockets.Client{TB: named{t, early.name}, Conn: c.Conn, In: c.In}, early.head, early.status, size)
					mu.Lock()
					defer mu.Unlock()
					took = append(took, time.Since(began))
				})
			}
			all.Wait()
		}
		median, most := sockets.Median(took)
		t.Logf("%d × %d MB, %d at once: median %v, most %v", len(took), size/1e6, len(took)/times, median, most)
	}
	t.Logf("%d packets were lost", lost.Load())
}

// named puts a name before what goes wrong, and lets other goroutines fail the test.
type named struct {
	*testing.T
	name string
}

func (n named) Fatal(args ...any) {
	n.T.Helper()
	n.T.Errorf("%s: %s", n.name, fmt.Sprint(args...))
	runtime.Goexit()
}

func (n named) Fatalf(format string, args ...any) {
	n.T.Helper()
	n.Fatal(fmt.Sprintf(format, args...))
}

// A client that withholds its content across the link is answered within a round trip.
func TestWithheldContentAcrossDelayedLink(t *testing.T) {
	sockets.Clean(t)
	serverSide, clientSide, _ := delayedLink(t)
	var l net.Listener
	serverSide.do(func() { l, _ = net.Listen("tcp", "10.77.0.1:80") })
	live := sockets.ServeOn(t, &server.Server{Limits: server.Limits{StallTimeout: time.Second, DrainTimeout: time.Hour}}, l) // whoever waited for a drain would wait too long
	var c *sockets.Client
	clientSide.do(func() { c = sockets.Dial(t, live.Addr) })
	for range 3 {
		c.Send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
		c.WantAnswer("POST", 200, "ignored\n")
		c.Send(1000, "")
	}
}
