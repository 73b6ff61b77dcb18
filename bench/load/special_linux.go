// What only some cases need of the generator.

package load

import (
	"golang.org/x/sys/unix"
)

// hurry makes this thread run as soon as it is woken, where that is allowed: a lone client that shares its core with the
// crowd's generator would else wait for its turn there, and that is not the server's doing.
func hurry() {
	fifo := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
	if unix.SchedSetAttr(0, &fifo, 0) != nil {
		unix.Setpriority(unix.PRIO_PROCESS, 0, -20)
	}
}

// hold sends the beginning of a request on every connection: its head, and so many bytes of its content.
func (g *Generator) hold(content int) error {
	begin := g.wire[:len(g.wire)-g.c.Content+content]
	by := g.now() + int64(silence)
	for i := range g.conns {
		c := &g.conns[i]
		for rest := begin; len(rest) > 0; {
			n, err := c.sock.write(rest)
			if err != nil && err != errAgain {
				return wrong("%v while a request was sent", plain(err))
			}
			rest = rest[n:]
			if n > 0 {
				continue
			}
			if g.now() > by {
				return wrong("%d bytes of content could not be sent within %v", content, silence)
			}
			unix.Poll([]unix.PollFd{{Fd: int32(c.sock.fd), Events: unix.POLLOUT}}, 100)
		}
	}
	return nil
}

// countPending counts what a lone client still waits for, with the time that it has waited, where it has waited longer than
// ever: a server that does not answer at all would else have no latency.
func (g *Generator) countPending(now int64) {
	for i := range g.conns {
		if c := &g.conns[i]; c.awaited > 0 && now-c.since > g.latency.Max() {
			g.latency.Record(now - c.since)
		}
	}
}
