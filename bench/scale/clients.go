//go:build linux

// The clients: connections from many of the loopback's addresses, since each has but so many ports.

package scale

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	workers   = 32  // clients that are at work at once
	addresses = 250 // 127.0.0.1 and on
)

var (
	request = []byte("GET / HTTP/1.1\r\nHost: scale.example\r\nUser-Agent: scale\r\nAccept: */*\r\n\r\n")
	begins  = []byte("HTTP/1.1 200 OK\r\n")
	ends    = []byte("\r\n\r\n" + text)
)

type clients struct {
	to   *net.TCPAddr
	used atomic.Uint32
	kept []*net.TCPConn
}

func (c *clients) dial() (*net.TCPConn, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+c.used.Add(1)%addresses))}
	nc, err := net.DialTCP("tcp", from, c.to)
	if err != nil {
		return nil, err
	}
	return nc, nc.SetDeadline(time.Now().Add(10 * time.Minute))
}

// once sends a request and reads its answer.
func once(nc *net.TCPConn) error {
	if _, err := nc.Write(request); err != nil {
		return err
	}
	var buf [1024]byte
	for n := 0; ; {
		m, err := nc.Read(buf[n:])
		if err != nil {
			return err
		}
		if n += m; bytes.HasSuffix(buf[:n], ends) && bytes.HasPrefix(buf[:n], begins) {
			return nil
		}
		if n == len(buf) {
			return fmt.Errorf("scale: not the answer: %.80q", buf[:n])
		}
	}
}

// open adds connections, each served once, until there are as many.
func (c *clients) open(conns int) error {
	var mu sync.Mutex
	return share(conns-len(c.kept), func() error {
		nc, err := c.dial()
		if err != nil {
			return err
		}
		mu.Lock()
		c.kept = append(c.kept, nc)
		mu.Unlock()
		return once(nc)
	})
}

// close closes all that are open: the client first, and so the ports that wait are its own.
func (c *clients) close() {
	for _, nc := range c.kept {
		nc.Close()
	}
	c.kept = c.kept[:0]
}

// turns returns what a worker does, again and again: a request on the next of its connections, or on one that is made for it.
func (c *clients) turns(conns int) (turn func(worker int) error, end func(), err error) {
	if conns == 0 {
		return func(int) error {
			nc, err := c.dial()
			if err != nil {
				return err
			}
			defer nc.Close()
			return once(nc)
		}, func() {}, nil
	}
	if err := c.open(conns); err != nil {
		c.close()
		return nil, nil, err
	}
	var next [workers]int
	return func(worker int) error {
		at := (worker + next[worker]*workers) % conns // conns is no less than workers
		if worker+next[worker]*workers >= conns {
			at, next[worker] = worker, 0
		}
		next[worker]++
		return once(c.kept[at])
	}, c.close, nil
}

// during lets every worker take turns for so long, and returns how many were taken.
func during(long time.Duration, turn func(worker int) error) (int64, error) {
	end, n := time.Now().Add(long), new(atomic.Int64)
	err := each(func(worker int) error {
		for time.Now().Before(end) {
			if err := turn(worker); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	return n.Load(), err
}

// share lets the workers do something so many times between them.
func share(times int, do func() error) error {
	var left atomic.Int64
	left.Store(int64(times))
	return each(func(int) error {
		for left.Add(-1) >= 0 {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
}

func each(work func(worker int) error) error {
	var all sync.WaitGroup
	var errs [workers]error
	for worker := range workers {
		all.Go(func() { errs[worker] = work(worker) })
	}
	all.Wait()
	return errors.Join(errs[:]...)
}
