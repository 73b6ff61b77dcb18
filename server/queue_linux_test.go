// The queue of a program that is too busy to come to its listener: who waits there is served, however late that is.

package server_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
)

// overdue is a listener whose Accept comes back from a deadline only when somebody has looked into the system's queue.
type overdue struct {
	*net.TCPListener
	hurried, looked chan struct{}
	hurry, look     func()
}

func newOverdue(l *net.TCPListener) *overdue {
	o := &overdue{TCPListener: l, hurried: make(chan struct{}), looked: make(chan struct{})}
	o.hurry = sync.OnceFunc(func() { close(o.hurried) })
	o.look = sync.OnceFunc(func() { close(o.looked) })
	return o
}

func (o *overdue) SetDeadline(t time.Time) error {
	defer o.hurry()
	return o.TCPListener.SetDeadline(t)
}

func (o *overdue) SyscallConn() (syscall.RawConn, error) {
	defer o.look()
	return o.TCPListener.SyscallConn()
}

func (o *overdue) Accept() (net.Conn, error) {
	nc, err := o.TCPListener.Accept()
	if err != nil {
		<-o.looked
	}
	return nc, err
}

func TestShutdownServesTheQueueHoweverLate(t *testing.T) {
	l := newOverdue(listen(t))
	srv := &server.Server{Handler: server.HandlerFunc(hello)}
	served, ended := make(chan error, 1), make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	askAt(t, l.TCPListener)
	go func() { ended <- srv.Shutdown(context.Background()) }()
	<-l.hurried
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	defer l.look()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if !res.Close {
		t.Error("the response does not say Connection: close")
	}
	nc.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-served; err != server.ErrClosed {
		t.Errorf("Serve returned %v", err)
	}
}
