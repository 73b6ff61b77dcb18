// Floor B: what the system calls alone cost, in one loop that never leaves its thread.

package servers

import (
	"fmt"
	"net"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loopConn is a connection of floor B.
type loopConn struct {
	have int // bytes of the next request that have come
	owed int // bytes of replies that are still to be written

	waiting bool // the socket is full: epoll tells when it is not
}

type loop struct {
	exchange
	epoll, listener int
	conns           []loopConn // by file descriptor
	buf             []byte
	replies         []byte // the reply, as often as it fits 64 KiB, and at least twice
}

func serveFloorB(l net.Listener, env *Env) error {
	runtime.GOMAXPROCS(2) // the loop never gives up its own
	runtime.LockOSThread()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer f.Close()
	b := &loop{exchange: exchangeOf(env.Case), listener: int(f.Fd()), buf: make([]byte, 64<<10)}
	b.conns = make([]loopConn, env.Case.Connections()+64)
	for len(b.replies) < 64<<10 || len(b.replies) < 2*len(b.reply) {
		b.replies = append(b.replies, b.reply...)
	}
	if err := unix.SetNonblock(b.listener, true); err != nil {
		return err
	}
	if b.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err := b.watch(unix.EPOLL_CTL_ADD, b.listener, unix.EPOLLIN); err != nil {
		return err
	}
	return b.run()
}

func (b *loop) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(b.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (b *loop) run() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_WAIT, uintptr(b.epoll), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)), ^uintptr(0), 0, 0)
		if errno == unix.EINTR {
			runtime.Gosched() // it is how the runtime asks for a stop, and there is no other place for it here
			continue
		}
		if errno != 0 {
			return fmt.Errorf("floor B: epoll_wait: %w", errno)
		}
		for _, e := range events[:n] {
			fd := int(e.Fd)
			switch {
			case fd == b.listener:
				if err := b.accept(); err != nil {
					return err
				}
			case e.Events&unix.EPOLLOUT != 0:
				b.write(fd)
			default:
				b.read(fd)
			}
		}
	}
}

func (b *loop) accept() error {
	for range 64 {
		fd, _, err := unix.Accept4(b.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return fmt.Errorf("floor B: accept: %w", err)
		}
		for fd >= len(b.conns) {
			b.conns = append(b.conns, loopConn{})
		}
		b.conns[fd] = loopConn{}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		if err := b.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); err != nil {
			return err
		}
	}
	return nil
}

func (b *loop) read(fd int) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b.buf[0])), uintptr(len(b.buf)))
	if errno == unix.EAGAIN {
		return
	}
	if errno != 0 || n == 0 {
		unix.Close(fd)
		return
	}
	c := &b.conns[fd]
	c.have += int(n)
	if c.have >= b.request {
		c.owed += c.have / b.request * len(b.reply)
		c.have %= b.request
		b.write(fd)
	}
}

func (b *loop) write(fd int) {
	c := &b.conns[fd]
	for c.owed > 0 {
		// Replies are alike, so what is owed begins as far into one as it ends before its end.
		from := (len(b.reply) - c.owed%len(b.reply)) % len(b.reply)
		p := b.replies[from:min(len(b.replies), from+c.owed)]
		n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		if errno == unix.EAGAIN {
			if !c.waiting {
				c.waiting = true
				b.watch(unix.EPOLL_CTL_MOD, fd, unix.EPOLLOUT)
			}
			return
		}
		if errno != 0 {
			unix.Close(fd)
			return
		}
		c.owed -= int(n)
	}
	if c.waiting {
		c.waiting = false
		b.watch(unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN)
	}
}
