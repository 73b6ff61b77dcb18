// Listeners that are more than a net.TCPListener: a shutdown ends them, and leaves nothing behind on those that go on.

package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
)

// retrying is a listener that takes a timeout for nothing.
type retrying struct{ *net.TCPListener }

func (l retrying) Accept() (net.Conn, error) { return acceptOn(l.TCPListener) }

func acceptOn(l net.Listener) (net.Conn, error) {
	for {
		nc, err := l.Accept()
		var failure net.Error
		if !errors.As(err, &failure) || !failure.Timeout() {
			return nc, err
		}
		runtime.Gosched()
	}
}

// ahead is a listener that accepts in a goroutine of its own.
type ahead struct {
	*net.TCPListener
	accepted chan net.Conn
}

func newAhead(l *net.TCPListener) net.Listener {
	a := &ahead{l, make(chan net.Conn)}
	go func() {
		defer close(a.accepted)
		for {
			nc, err := acceptOn(l)
			if err != nil {
				return
			}
			a.accepted <- nc
		}
	}()
	return a
}

func (l *ahead) Accept() (net.Conn, error) {
	if nc, ok := <-l.accepted; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}

// bare has the methods of net.Listener and no other.
type bare struct{ net.Listener }

// lent is a listener that its server cannot close.
type lent struct{ *net.TCPListener }

func (lent) Close() error { return nil }

// uncomparable is a listener that is no key of a map.
type uncomparable struct {
	*net.TCPListener
	_ []int
}

func TestShutdownEndsEveryKindOfListener(t *testing.T) {
	for name, wrap := range map[string]func(*net.TCPListener) net.Listener{
		"plain":        func(l *net.TCPListener) net.Listener { return l },
		"bare":         func(l *net.TCPListener) net.Listener { return bare{l} },
		"retrying":     func(l *net.TCPListener) net.Listener { return retrying{l} },
		"ahead":        newAhead,
		"uncomparable": func(l *net.TCPListener) net.Listener { return uncomparable{TCPListener: l} },
	} {
		for _, spoken := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				tcp := listen(t)
				srv := &server.Server{Handler: server.HandlerFunc(hello)}
				served := make(chan error, 1)
				go func() { served <- srv.Serve(wrap(tcp)) }()
				if spoken {
					askAt(t, tcp)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				if err := srv.Shutdown(ctx); err != nil {
					t.Fatal(err)
				}
				if err := <-served; err != server.ErrClosed {
					t.Errorf("Serve returned %v", err)
				}
				if nc, err := net.Dial("tcp", tcp.Addr().String()); err == nil {
					nc.Close()
					t.Error("the port is open")
				}
			})
		}
	}
}

func TestListenerThatStaysOpenServesAnother(t *testing.T) {
	for name, end := range map[string]func(*server.Server) error{
		"Shutdown":      func(s *server.Server) error { return s.Shutdown(context.Background()) },
		"Close":         (*server.Server).Close,
		"StopListening": func(s *server.Server) error { return s.StopListening(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			tcp := listen(t)
			for range 2 {
				srv := &server.Server{Handler: server.HandlerFunc(hello)}
				served := make(chan error, 1)
				go func() { served <- srv.Serve(lent{tcp}) }()
				askAt(t, tcp)
				if err := end(srv); err != nil {
					t.Error(err)
				}
				select {
				case err := <-served:
					if err != server.ErrClosed {
						t.Fatalf("Serve returned %v", err)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("Serve does not return")
				}
				srv.Close()
			}
		})
	}
}

// StopListening serves what waits in the queue, and leaves the connections alone.
func TestStopListening(t *testing.T) {
	tcp := listen(t)
	entered, goOn := make(chan bool, 2), make(chan bool)
	srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		entered <- true
		<-goOn
		return nil
	})}
	go srv.Serve(tcp)
	defer srv.Close()
	c := dial(t, tcp)
	io.WriteString(c, get)
	<-entered
	if err := srv.StopListening(context.Background()); err != nil {
		t.Error(err)
	}
	if nc, err := net.Dial("tcp", tcp.Addr().String()); err == nil {
		nc.Close()
		t.Error("the port is open")
	}
	close(goOn)
	for range 2 { // the connection goes on
		if status := statusOf(t, c); status != 200 {
			t.Errorf("status %d", status)
		}
		io.WriteString(c, get)
	}
}

func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// askAt expects that a listener's server answers.
func askAt(t *testing.T, l net.Listener) {
	t.Helper()
	c := dial(t, l)
	defer c.Close()
	io.WriteString(c, get)
	if status := statusOf(t, c); status != 200 {
		t.Errorf("status %d", status)
	}
}
