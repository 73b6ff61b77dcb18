// What is off by default: the last request and the greatest age of a connection, connections of one client, and connections
// that come from no listener.

package server_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

const getHello = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

// askHello sends a request and reports whether the response says close.
func askHello(t *testing.T, c io.ReadWriter) (closes bool) {
	t.Helper()
	io.WriteString(c, getHello)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(res.Body); string(content) != "hello" || err != nil {
		t.Fatalf("%q, %v", content, err)
	}
	return res.Close
}

func TestMaxRequests(t *testing.T) {
	srv := &server.Server{Handler: server.HandlerFunc(answerHello), Limits: server.Limits{MaxRequests: 3}}
	inBubble(t, nil, srv, func(b *bubble) {
		c := b.dial()
		for i, want := range []bool{false, false, true} {
			if got := askHello(b.T, c); got != want {
				b.Errorf("response %d says close: %t", i+1, got)
			}
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			b.Errorf("%d, %v behind the last response", n, err)
		}
		c.Close()
		if got := <-b.ends; got != conn.ReasonMaxRequests {
			b.Errorf("ended: %v", got)
		}
	})
}

// A connection's age ends between nine tenths of the limit and the limit, and not all at once.
func TestMaxAge(t *testing.T) {
	const most = 1000 * time.Second
	srv := &server.Server{Handler: server.HandlerFunc(answerHello), Limits: server.Limits{MaxAge: most, IdleTimeout: -1}}
	inBubble(t, nil, srv, func(b *bubble) {
		var all [8]*servertest.Conn
		for i := range all {
			all[i] = b.dial()
			askHello(b.T, all[i])
		}
		time.Sleep(most*9/10 - time.Second)
		for i, c := range all {
			if askHello(b.T, c) {
				b.Errorf("%d ends too early", i)
			}
		}
		time.Sleep(most / 20)
		early := 0
		var late []*servertest.Conn
		for _, c := range all {
			if askHello(b.T, c) {
				early++
			} else {
				late = append(late, c)
			}
		}
		if early == 0 || len(late) == 0 {
			b.Errorf("%d of %d end in the first half", early, len(all))
		}
		time.Sleep(most/20 + time.Second)
		for _, c := range late {
			if !askHello(b.T, c) {
				b.Error("one does not end")
			}
		}
		for _, c := range all {
			c.Close()
			if got := <-b.ends; got != conn.ReasonMaxAge {
				b.Errorf("ended: %v", got)
			}
		}
	})
}

// A connection whose age is over while it is idle ends there, but never at once behind a response that has not said close.
func TestMaxAgeOfAnIdleConnection(t *testing.T) {
	const most, soonest = 1000 * time.Second, 900 * time.Second
	for _, tt := range []struct {
		name         string
		maxAge, idle time.Duration
		at           time.Duration // when a request comes; 0: none does
		from, to     time.Duration // when the connection ends
		why          conn.Reason
	}{
		{"no request", most, most + 1, 0, soonest, most, conn.ReasonMaxAge},
		{"nothing else ends it", most, -1, time.Second, soonest, most, conn.ReasonMaxAge},
		{"just answered", most, -1, soonest - 1, most - 1, most - 1, conn.ReasonMaxAge},
		{"idle for too long before", most, soonest - 1, 0, soonest - 1, soonest - 1, conn.ReasonIdleTimeout},
		{"turned off", -1, 2 * most, 0, 2 * most, 2 * most, conn.ReasonIdleTimeout},
		{"off by default", 0, 2 * most, 0, 2 * most, 2 * most, conn.ReasonIdleTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limits := server.Limits{MaxAge: tt.maxAge, IdleTimeout: tt.idle, ReadHeaderTimeout: -1}
			inBubble(t, nil, &server.Server{Handler: server.HandlerFunc(answerHello), Limits: limits}, func(b *bubble) {
				c := b.dial()
				if time.Sleep(tt.at); tt.at > 0 && askHello(b.T, c) {
					b.Error("the response says close")
				}
				if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					b.Errorf("%d, %v", n, err)
				}
				if age := time.Since(b.began); age < tt.from || age > tt.to {
					b.Errorf("ended after %v, want %v to %v", age, tt.from, tt.to)
				}
				c.Close()
				if got := <-b.ends; got != tt.why {
					b.Errorf("ended: %v", got)
				}
			})
		})
	}
}

// Of five requests that come together, as many are served as the limit allows, and only the last of a limit says close.
func TestMaxRequestsAtItsEdges(t *testing.T) {
	for _, tt := range []struct{ most, served, closes int }{{-1, 5, 0}, {0, 5, 0}, {1, 1, 1}, {4, 4, 1}, {5, 5, 1}, {6, 5, 0}} {
		srv := &server.Server{Handler: server.HandlerFunc(answerHello), Limits: server.Limits{MaxRequests: tt.most}}
		inBubble(t, nil, srv, func(b *bubble) {
			c := b.dial()
			io.WriteString(c, strings.Repeat(getHello, 5))
			c.CloseWrite()
			all, err := io.ReadAll(c)
			served, closes := strings.Count(string(all), "hello"), strings.Count(string(all), "Connection: close\r\n")
			if err != nil || served != tt.served || closes != tt.closes {
				b.Errorf("MaxRequests %d: %d are served, %d say close, %v", tt.most, served, closes, err)
			}
		})
	}
}

// from is a connection with another address.
type from struct {
	net.Conn
	addr net.Addr
}

func (c from) RemoteAddr() net.Addr { return c.addr }

func tcpAddr(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 1234} }

// A field that cannot be honoured is an error that names it.
func TestClientPrefixLen(t *testing.T) {
	for bits, honoured := range map[int]bool{-1: false, 1: true, 128: true, 129: false} {
		synctest.Test(t, func(t *testing.T) {
			srv := &server.Server{Handler: server.HandlerFunc(answerHello), MaxConnsPerClient: 1, ClientPrefixLen: bits}
			l := servertest.Listen()
			served := make(chan error)
			go func() { served <- srv.Serve(l) }()
			synctest.Wait()
			srv.Close()
			if err := <-served; err == nil || strings.Contains(err.Error(), "ClientPrefixLen "+strconv.Itoa(bits)) == honoured {
				t.Errorf("%d: %v", bits, err)
			}
			ours, theirs := net.Pipe()
			defer theirs.Close()
			if err := srv.ServeConn(ours); err == nil || errors.Is(err, server.ErrClosed) != honoured {
				t.Errorf("%d: ServeConn: %v", bits, err)
			}
			if _, err := l.Dial(); err == nil {
				t.Errorf("%d: the listener is open", bits)
			}
		})
	}
}

func TestMaxConnsPerClient(t *testing.T) {
	for _, c := range []struct {
		name  string
		addrs []net.Addr
		over  bool // the last is one too many
		bits  int
	}{
		{"another client", []net.Addr{tcpAddr("192.0.2.1"), tcpAddr("192.0.2.1"), tcpAddr("192.0.2.2")}, false, 0},
		{"one too many", []net.Addr{tcpAddr("192.0.2.1"), tcpAddr("192.0.2.1"), tcpAddr("192.0.2.1")}, true, 0},
		{"mapped into IPv6", []net.Addr{tcpAddr("192.0.2.1"), tcpAddr("::ffff:192.0.2.1"), tcpAddr("192.0.2.1")}, true, 0},
		{"one network", []net.Addr{tcpAddr("2001:db8::1"), tcpAddr("2001:db8::2"), tcpAddr("2001:db8::ffff:0:0:3")}, true, 0},
		{"another network", []net.Addr{tcpAddr("2001:db8::1"), tcpAddr("2001:db8::2"), tcpAddr("2001:db8:0:1::1")}, false, 0},
		{"one large network", []net.Addr{tcpAddr("2001:db8::1"), tcpAddr("2001:db8:0:ff::2"), tcpAddr("2001:db8:0:1::1")}, true, 56},
		{"another large network", []net.Addr{tcpAddr("2001:db8::1"), tcpAddr("2001:db8:0:ff::2"), tcpAddr("2001:db8:0:100::1")}, false, 56},
		{"another address", []net.Addr{tcpAddr("2001:db8::1"), tcpAddr("2001:db8::1"), tcpAddr("2001:db8::2")}, false, 128},
		{"another IPv4 address", []net.Addr{tcpAddr("192.0.2.1"), tcpAddr("192.0.2.1"), tcpAddr("192.0.2.2")}, false, 1},
		{"without a port", []net.Addr{&net.IPAddr{IP: net.IPv4(192, 0, 2, 1)}, tcpAddr("192.0.2.1"), tcpAddr("192.0.2.1")}, true, 0},
		{"no IP address", []net.Addr{&net.UnixAddr{Name: "@"}, &net.UnixAddr{Name: "@"}, &net.UnixAddr{Name: "@"}}, false, 0},
		{"no address", []net.Addr{nil, nil, nil}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := 0
			wrap := func(nc net.Conn) net.Conn {
				addr := append(c.addrs, c.addrs...)[next]
				next++
				return from{nc, addr}
			}
			srv := &server.Server{Handler: server.HandlerFunc(answerHello), MaxConnsPerClient: 2, ClientPrefixLen: c.bits}
			inBubble(t, wrap, srv, func(b *bubble) {
				first, second := b.dial(), b.dial()
				askHello(b.T, first)
				askHello(b.T, second)
				third := b.dial()
				if !c.over {
					askHello(b.T, third)
					return
				}
				if got, err := io.ReadAll(third); len(got) != 0 || err != nil {
					b.Errorf("%q, %v", got, err)
				}
				if got := <-b.ends; got != conn.ReasonTooManyConns || b.Stats().Closes[conn.ReasonTooManyConns] != 1 {
					b.Errorf("ended: %v", got)
				}
				askHello(b.T, first)
				first.Close()
				<-b.ends
				synctest.Wait()
				askHello(b.T, b.dial()) // there is a place again
			})
		})
	}
}

// A client with many connections costs the others nothing: its own come to no place for long, and to no function of the
// program's.
func TestOneClientDoesNotHoldOthersUp(t *testing.T) {
	var addrs []net.Addr
	wrap := func(nc net.Conn) net.Conn {
		addr := addrs[0]
		addrs = addrs[1:]
		return from{nc, addr}
	}
	prepared := 0
	srv := &server.Server{
		Handler: server.HandlerFunc(answerHello), MaxConns: 2, MaxConnsPerClient: 1,
		Prepare: func(net.Listener, *conn.Conn) { prepared++ },
	}
	inBubble(t, wrap, srv, func(b *bubble) {
		const many = 6
		for range many {
			addrs = append(addrs, tcpAddr("192.0.2.1"))
		}
		addrs = append(addrs, tcpAddr("192.0.2.2"))
		first := b.dial()
		askHello(b.T, first)
		for range many - 1 {
			b.dial()
		}
		askHello(b.T, b.dial())
		askHello(b.T, first)
		if prepared != 2 {
			b.Errorf("%d were prepared", prepared)
		}
		if n := b.Stats().Closes[conn.ReasonTooManyConns]; n != many-1 {
			b.Errorf("%d were too many", n)
		}
	})
}

func TestServeConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &server.Server{Handler: server.HandlerFunc(answerHello), MaxConns: 1}
		pair := func() (ours, theirs net.Conn) {
			l := servertest.Listen()
			defer l.Close()
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			nc, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			return nc, c
		}
		ended := make(chan error, 2)
		ours, theirs := pair()
		go func() { ended <- srv.ServeConn(ours) }()
		askHello(t, theirs)
		if open := srv.Stats().Open; open != 1 {
			t.Errorf("%d connections are open", open)
		}
		another, waiting := pair()
		go func() { ended <- srv.ServeConn(another) }()
		synctest.Wait()
		if open := srv.Stats().Open; open != 1 || len(ended) != 0 {
			t.Errorf("%d connections are open, %d have ended", open, len(ended))
		}
		theirs.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		askHello(t, waiting)
		go func() {
			synctest.Wait()
			waiting.Close()
		}()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		late, client := pair()
		if err := srv.ServeConn(late); !errors.Is(err, server.ErrClosed) {
			t.Errorf("ServeConn, later: %v", err)
		}
		if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// listenerOf and connOf are of types that cannot be compared, and so be no map's keys.
type (
	listenerOf []net.Listener
	connOf     struct {
		net.Conn
		_ []byte
	}
)

func (l listenerOf) Close() error   { return l[0].Close() }
func (l listenerOf) Addr() net.Addr { return l[0].Addr() }
func (l listenerOf) Accept() (net.Conn, error) {
	nc, err := l[0].Accept()
	return connOf{Conn: nc}, err
}

// Whatever ends a connection, nothing is compared for it, which would panic.
func TestTypesThatCannotBeCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen()
		ends := make(chan conn.Reason, 1)
		silent := logHook{slog.Default(), func() { t.Error("something is logged") }}
		srv := &server.Server{Handler: server.HandlerFunc(answerHello), Log: silent, Trace: func(e server.Event) {
			if e.Kind == conn.EventClosed {
				ends <- e.Reason
			}
		}}
		ended := make(chan error)
		go func() { ended <- srv.Serve(listenerOf{l}) }()
		for end, want := range map[string]conn.Reason{
			"":                              conn.ReasonIdleTimeout,
			"nonsense\r\n\r\n":              conn.ReasonRefused,
			"GET / HTTP/1.0\r\n\r\n":        conn.ReasonClientAsked,
			"GET / HTTP/1.1\r\nHost: a\r\n": conn.ReasonHeaderTimeout,
		} {
			c, err := l.Dial()
			if err != nil {
				t.Fatal(err)
			}
			askHello(t, c)
			io.WriteString(c, end)
			if got, err := io.ReadAll(c); err != nil || (len(got) == 0) != (end == "") {
				t.Errorf("%q: %q, %v", end, got, err)
			}
			c.Close()
			if got := <-ends; got != want {
				t.Errorf("%q: %v, want %v", end, got, want)
			}
		}
		srv.Shutdown(t.Context())
		if err := <-ended; err != server.ErrClosed {
			t.Error(err)
		}
	})
}
