// Connections that are not plain sockets: what their own methods do is respected, and what they cannot do costs no answer.

package server_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/servertest"
)

// bubble is a server in fake time, on connections that are wrapped.
type bubble struct {
	*testing.T
	*server.Server
	l     *servertest.Listener
	began time.Time
	ends  chan conn.Reason
}

// inBubble runs a test in fake time. The server's Trace, if it has one, is told everything first.
func inBubble(t *testing.T, wrap func(net.Conn) net.Conn, srv *server.Server, test func(*bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t, srv, servertest.Listen(), time.Now(), make(chan conn.Reason, 9)}
		trace := srv.Trace
		srv.Trace = func(e server.Event) {
			if trace != nil {
				trace(e)
			}
			if e.Kind == conn.EventClosed {
				b.ends <- e.Reason
			}
		}
		l := net.Listener(b.l)
		if wrap != nil {
			l = servertest.Wrap(l, wrap)
		}
		go srv.Serve(l)
		defer srv.Close()
		test(b)
	})
}

func (b *bubble) dial() *servertest.Conn {
	b.Helper()
	c, err := b.l.Dial()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Hour))
	return c
}

// wantEnd waits until the connection has ended, and says what is wrong with why and when it did.
func (b *bubble) wantEnd(why conn.Reason, after time.Duration) {
	b.Helper()
	got := <-b.ends
	if took := time.Since(b.began); got != why || took < after || took > 3*after { // lingering is among it
		b.Errorf("ended after %v: %v; want %v: %v", took, got, after, why)
	}
}

// impatient sets a deadline at each Read and Write.
type impatient struct {
	net.Conn
	reads, writes time.Duration
}

func (c *impatient) Read(p []byte) (int, error) {
	if c.reads > 0 {
		c.Conn.SetReadDeadline(time.Now().Add(c.reads))
	}
	return c.Conn.Read(p)
}

func (c *impatient) Write(p []byte) (int, error) {
	if c.writes > 0 {
		c.Conn.SetWriteDeadline(time.Now().Add(c.writes))
	}
	return c.Conn.Write(p)
}

// A deadline that a wrapper sets in its own methods ends what it was set for.
func TestDeadlinesOfAWrapperHold(t *testing.T) {
	second := func(c net.Conn) net.Conn { return &impatient{servertest.BareConn(c), time.Second, 0} }
	inBubble(t, second, &server.Server{}, func(b *bubble) {
		b.dial()
		b.wantEnd(conn.ReasonIdleTimeout, time.Second)
	})
	inBubble(t, second, &server.Server{}, func(b *bubble) {
		c := b.dial()
		io.WriteString(c, "GET / HT")
		if status := statusOf(t, c); status != 408 || time.Since(b.began) != time.Second {
			t.Errorf("status %d after %v", status, time.Since(b.began))
		}
	})
	var failed chan error
	srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := w.Write(make([]byte, 10<<20))
		failed <- err
		return err
	})}
	inBubble(t, func(c net.Conn) net.Conn { return &impatient{servertest.BareConn(c), 0, time.Second} }, srv, func(b *bubble) {
		failed = make(chan error, 1)
		io.WriteString(b.dial(), get)
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(b.began) != time.Second {
			t.Errorf("the write met %v after %v", err, time.Since(b.began))
		}
	})
}

// deaf has deadlines that do nothing, or fail.
type deaf struct {
	net.Conn
	err error
}

func (c *deaf) SetDeadline(time.Time) error      { return c.err }
func (c *deaf) SetReadDeadline(time.Time) error  { return c.err }
func (c *deaf) SetWriteDeadline(time.Time) error { return c.err }

// deafness are the ways to have no deadlines.
var deafness = map[string]error{"nothing": nil, "an error": errors.New("no deadlines here")}

// A handler that waits for its client's end has begun a read that nothing interrupts. Its response waits for nothing, and
// what the read brings is the next request, or the first bytes of a connection that is hijacked.
func TestResponseWaitsForNoReadBesideIt(t *testing.T) {
	for name, err := range deafness {
		t.Run(name, func(t *testing.T) {
			srv := &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
				select {
				case <-r.Context().Done():
					return r.Context().Err()
				case <-time.After(time.Second):
				}
				if r.RawPath == "/" {
					return hello(w, r)
				}
				w.SetStatus(101)
				c, err := w.Hijack()
				if err == nil {
					line, _ := bufio.NewReader(c).ReadString('\n')
					io.WriteString(c, "echo "+line)
					c.Close()
				}
				return err
			})}
			inBubble(t, func(c net.Conn) net.Conn { return &deaf{servertest.BareConn(c), err} }, srv, func(b *bubble) {
				c := b.dial()
				in := bufio.NewReader(c)
				for n := 1; n <= 3; n++ {
					b.began = time.Now()
					io.WriteString(c, get)
					res, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatal(err)
					}
					io.Copy(io.Discard, res.Body)
					if took := time.Since(b.began); took > 1200*time.Millisecond {
						t.Errorf("response %d took %v", n, took)
					}
					time.Sleep(time.Second)
				}
				b.began = time.Now()
				io.WriteString(c, "GET /tunnel HTTP/1.1\r\nHost: a\r\n\r\n")
				if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
					t.Fatal(res, err)
				}
				if took := time.Since(b.began); took > 1200*time.Millisecond {
					t.Errorf("the tunnel took %v", took)
				}
				io.WriteString(c, "line\n")
				if all, err := io.ReadAll(in); string(all) != "echo line\n" {
					t.Errorf("through the tunnel came %q, %v", all, err)
				}
			})
		})
	}
}

// late is an error that says of itself that it is a timeout, and nothing else.
type late struct{}

func (late) Error() string   { return "too late" }
func (late) Timeout() bool   { return true }
func (late) Temporary() bool { return true }

// foreign is a connection of another make: its timeouts are its own, it reads nothing at times, without an error, and it
// writes less than it should.
type foreign struct {
	net.Conn
	empty int // how often a Read brings nothing
	short int // how much a Write writes at most; 0: all
}

func (c *foreign) Read(p []byte) (int, error) {
	if c.empty > 0 {
		c.empty--
		return 0, nil
	}
	n, err := c.Conn.Read(p[:min(len(p), 100)])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = late{}
	}
	if c.empty == 0 {
		c.empty = 5
	}
	return n, err
}

func (c *foreign) Write(p []byte) (int, error) {
	if c.short > 0 && len(p) > c.short {
		return c.Conn.Write(p[:c.short])
	}
	n, err := c.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = late{}
	}
	return n, err
}

func TestConnectionsOfAnotherMake(t *testing.T) {
	wrap := func(c net.Conn) net.Conn { return &foreign{Conn: servertest.BareConn(c)} }
	inBubble(t, wrap, &server.Server{Limits: server.Limits{IdleTimeout: time.Second}}, func(b *bubble) {
		b.dial()
		b.wantEnd(conn.ReasonIdleTimeout, time.Second)
	})
	inBubble(t, wrap, &server.Server{Limits: server.Limits{ReadHeaderTimeout: time.Second}}, func(b *bubble) {
		c := b.dial()
		io.WriteString(c, "GET / HT")
		if status := statusOf(t, c); status != 408 || time.Since(b.began) != time.Second {
			t.Errorf("status %d after %v", status, time.Since(b.began))
		}
	})
	content := strings.Repeat("content ", 1000)
	echo := server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := io.Copy(w, r.Body)
		return err
	})
	inBubble(t, wrap, &server.Server{Handler: echo}, func(b *bubble) {
		c := b.dial()
		in := bufio.NewReader(c)
		for range 2 {
			go fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(res.Body); string(got) != content {
				t.Errorf("echoed %d bytes, %v", len(got), err)
			}
		}
	})
	var failed chan error
	writes := server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := w.Write(make([]byte, 100<<10))
		failed <- err
		return err
	})
	short := func(c net.Conn) net.Conn { return &foreign{Conn: servertest.BareConn(c), short: 10 << 10} }
	inBubble(t, short, &server.Server{Handler: writes}, func(b *bubble) {
		failed = make(chan error, 1)
		c := b.dial()
		io.WriteString(c, get)
		if err := <-failed; !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("a short write met %v", err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			_, err = io.ReadAll(res.Body)
		}
		if err == nil {
			t.Error("the client received a whole response")
		}
	})
}

// Whoever connects and says nothing, or not enough, is cut at the time for a head, also where that is the only limit.
func TestSilentClientsAreCut(t *testing.T) {
	cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
	for name, how := range map[string]struct {
		made, ready bool   // TLS, by the server or before it
		sends       string // what the client sends
		shakes      bool   // it ends its handshake
	}{
		"plain":                        {},
		"TLS":                          {made: true},
		"TLS ready made":               {ready: true},
		"TLS, half-way":                {made: true, sends: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"},
		"TLS ready made, half-way":     {ready: true, sends: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"},
		"TLS, shaken hands":            {made: true, shakes: true},
		"TLS ready made, shaken hands": {ready: true, shakes: true},
	} {
		for _, bare := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/bare %t", name, bare), func(t *testing.T) {
				srv := &server.Server{Limits: server.Limits{ReadHeaderTimeout: time.Second, IdleTimeout: -1}}
				if how.made {
					srv.TLS = https.Config(cfg)
				}
				wrap := func(c net.Conn) net.Conn {
					if bare {
						c = servertest.BareConn(c)
					}
					if how.ready {
						c = tls.Server(c, cfg)
					}
					return c
				}
				inBubble(t, wrap, srv, func(b *bubble) {
					c := net.Conn(b.dial())
					if how.shakes {
						secure := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
						if err := secure.Handshake(); err != nil {
							t.Fatal(err)
						}
					}
					io.WriteString(c, how.sends)
					if got := <-b.ends; !slices.Contains([]conn.Reason{conn.ReasonIdleTimeout, conn.ReasonHeaderTimeout, conn.ReasonHandshakeFailed}, got) {
						t.Errorf("ended: %v", got)
					}
					if took := time.Since(b.began); took < time.Second || took > 4*time.Second { // with what lingering adds
						t.Errorf("ended after %v", took)
					}
				})
			})
		}
	}
}

// A connection whose head of a hijack cannot be sent is closed, and its place is given back.
func TestFailedHijackClosesTheConnection(t *testing.T) {
	var failed chan error
	srv := &server.Server{MaxConns: 1, Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.ConnID() > 1 {
			return hello(w, r)
		}
		time.Sleep(time.Second) // until the client has gone
		w.SetStatus(101)
		_, err := w.Hijack()
		failed <- err
		return err
	})}
	var h hooks
	wrap := func(c net.Conn) net.Conn {
		h.open.Add(1)
		return &hooked{Conn: c, h: &h}
	}
	inBubble(t, wrap, srv, func(b *bubble) {
		failed = make(chan error, 1)
		c := b.dial()
		io.WriteString(c, get)
		synctest.Wait()
		c.Abort()
		if err := <-failed; err == nil {
			t.Error("the head of a hijack was sent to nobody")
		}
		<-b.ends
		if status := statusOn(t, b.l); status != 200 {
			t.Errorf("the next connection got status %d", status)
		}
		time.Sleep(time.Minute)
		if n := h.open.Load(); n != 0 {
			t.Errorf("%d descriptors are open", n)
		}
	})
}
