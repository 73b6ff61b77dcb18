// A server's answers are read with net/http's client code, byte by byte compared, before anything is timed.

// Package check tells whether a server answers a case as it must.
package check

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
)

// patience is how long a response may take, and stray how long one waits for bytes that must not come.
const (
	patience = 5 * time.Second
	stray    = 10 * time.Millisecond
)

// turns is how often a case's requests are sent on a connection.
const turns = 3

// Case sends a case's requests, and those of its crowd, and returns an error that says what was wrong with the answers. Its
// notes tell of what is not wrong, but worth knowing.
func Case(addr string, c *cases.Case) (notes []string, err error) {
	for i := range c.Crowd {
		if notes, err = Case(addr, &c.Crowd[i]); err != nil {
			return notes, err
		}
	}
	more, err := own(addr, c)
	return append(notes, more...), err
}

// own checks what a case asks for itself.
func own(addr string, c *cases.Case) (notes []string, err error) {
	one := &checker{addr: addr, c: c}
	one.wire, one.vary = c.Wire()
	defer one.hangUp()
	for range turns {
		if err := one.turn(); err != nil {
			return nil, err
		}
	}
	if one.closed {
		notes = append(notes, "closes the connection after each response")
	} else if err := one.silent(); err != nil {
		return nil, err
	}
	if c.Route == cases.Refuse {
		if err := one.writeFirst(); err != nil {
			notes = append(notes, "a client that sends all before it reads: "+err.Error())
		}
	}
	return notes, nil
}

type checker struct {
	addr   string
	c      *cases.Case
	wire   []byte
	vary   []int
	number uint64

	nc     net.Conn
	in     *bufio.Reader
	by     time.Time // when all must be done
	closed bool      // the server has announced to close at least once
}

func (k *checker) dial() error {
	if k.nc != nil {
		return nil
	}
	nc, err := net.DialTimeout("tcp", k.addr, patience)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if k.c.Proxied {
		if _, err := io.WriteString(nc, cases.ProxyHeader); err != nil {
			return fmt.Errorf("check: %w", err)
		}
	}
	if k.c.TLS {
		nc = tls.Client(nc, &tls.Config{ServerName: cases.Host, InsecureSkipVerify: true})
	}
	k.nc, k.in, k.by = nc, bufio.NewReader(nc), time.Now().Add(patience)
	return k.nc.SetDeadline(k.by)
}

func (k *checker) hangUp() {
	if k.nc != nil {
		k.nc.Close()
		k.nc = nil
	}
}

// turn sends what the case sends at once, reads what is due for it, and goes on as the responses say.
func (k *checker) turn() error {
	if err := k.dial(); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func(nc net.Conn, wire []byte) {
		_, err := nc.Write(wire)
		sent <- err
	}(k.nc, k.requests())
	for i := range k.c.Pipeline {
		closes, err := k.response()
		if err != nil {
			return err
		}
		if closes && i+1 < k.c.Pipeline {
			return fmt.Errorf("connection announced to close with %d more responses due", k.c.Pipeline-1-i)
		}
		if closes {
			return k.goOn(sent)
		}
	}
	return k.allSent(sent)
}

// allSent waits until the request has gone out. Whatever comes meanwhile is a response to nothing.
func (k *checker) allSent(sent <-chan error) error {
	for {
		select {
		case err := <-sent:
			if err != nil {
				return fmt.Errorf("%w while the request was sent", plain(err))
			}
			return k.nc.SetReadDeadline(k.by)
		default:
		}
		if err := k.silent(); err != nil {
			return err
		}
		if time.Now().After(k.by) {
			return fmt.Errorf("the request could not be sent within %v", patience)
		}
	}
}

func (k *checker) requests() []byte {
	var all []byte
	for range k.c.Pipeline {
		k.number++
		cases.PutNumber(k.wire, k.vary, k.number)
		all = append(all, k.wire...)
	}
	return all
}

// response reads one response and compares it.
func (k *checker) response() (closes bool, err error) {
	r, err := http.ReadResponse(k.in, nil)
	if err != nil {
		return false, fmt.Errorf("%w where a response was due", plain(err))
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return false, fmt.Errorf("%w inside a response", plain(err))
	}
	if r.StatusCode != k.c.Status() {
		return false, fmt.Errorf("status %d where %d was due", r.StatusCode, k.c.Status())
	}
	if due := k.c.Text(); due != nil && !bytes.Equal(text, due) {
		return false, fmt.Errorf("content %.40q where %.40q was due", text, due)
	}
	return r.Close, nil
}

// goOn does what a client does that is told of the end: it stops sending, and reads to the end of the stream.
func (k *checker) goOn(sent <-chan error) error {
	k.closed = true
	defer k.hangUp()
	select {
	case err := <-sent:
		if err != nil {
			return fmt.Errorf("%w while the request was sent", plain(err))
		}
	case <-time.After(stray):
		return nil // the client stops in the middle of its request, and what it meets then is its own doing
	}
	return k.end()
}

// end reads the end of the stream.
func (k *checker) end() error {
	n, err := io.Copy(io.Discard, k.in)
	if err != nil {
		return fmt.Errorf("%w behind a response that announced the end", plain(err))
	}
	if n > 0 {
		return fmt.Errorf("%d bytes behind a response that announced the end", n)
	}
	return nil
}

// silent waits for bytes that must not come.
func (k *checker) silent() error {
	k.nc.SetReadDeadline(time.Now().Add(stray))
	p, err := k.in.Peek(1)
	if len(p) > 0 {
		more, _ := k.in.Peek(k.in.Buffered())
		return fmt.Errorf("bytes behind the response: %.40q", more)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return fmt.Errorf("%w on a kept connection", plain(err))
}

// writeFirst is the client that sends all of its request before it looks for the response.
func (k *checker) writeFirst() error {
	k.hangUp()
	if err := k.dial(); err != nil {
		return err
	}
	defer k.hangUp()
	if _, err := k.nc.Write(k.requests()); err != nil {
		return fmt.Errorf("%w while it sends", plain(err))
	}
	closes, err := k.response()
	if err != nil || !closes {
		return err
	}
	return k.end()
}

// plain names errors in words that do not depend on addresses.
func plain(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return errors.New("connection reset")
	case errors.Is(err, syscall.EPIPE):
		return errors.New("connection broken")
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return errors.New("connection closed")
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("nothing within %v", patience)
	}
	return err
}
