// Behind a balancer, which says in a PROXY header for whom it speaks: over every kind of connection, what stands behind the
// header is served as without one.

package live_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

const balanced = "PROXY TCP4 203.0.113.7 198.51.100.2 4433 443\r\n"

// introducing is a client's end that sends a text in front of the first bytes, with them or byte by byte.
type introducing struct {
	net.Conn
	text   string
	slowly bool
}

func (c *introducing) Write(p []byte) (int, error) {
	for c.slowly && len(c.text) > 0 {
		if _, err := c.Conn.Write([]byte(c.text[:1])); err != nil {
			return 0, err
		}
		c.text = c.text[1:]
	}
	early := len(c.text)
	n, err := c.Conn.Write(append([]byte(c.text), p...))
	c.text = ""
	return max(n-early, 0), err
}

// overProxied serves over a carrier where all clients send headers.
func overProxied(t *testing.T, over servertest.Carrier, srv *server.Server) *sockets.Server {
	srv.ProxyProtocol = server.ProxyRequired
	srv.ProxyTrusted, srv.ProxyTrustUnix = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, true
	open := over
	if over.TLS != nil { // its clients begin with TLS at once
		srv.TLS = https.Config(over.TLS)
		open = sockets.Plainly
	}
	l, dial := open.Open(t)
	live := sockets.ServeOn(t, srv, l)
	live.Over, live.Reach = over, dial
	return live
}

// dialProxied opens a connection that begins with a header.
func dialProxied(t *testing.T, live *sockets.Server, slowly bool) *sockets.Client {
	t.Helper()
	nc, err := live.Reach(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	nc = &introducing{nc, balanced, slowly}
	if live.Over.TLS != nil {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	return sockets.On(t, nc)
}

func TestBehindABalancer(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		if over.Name == "tls-ready-made" {
			t.Skip("a listener's own TLS begins the connection")
		}
		for _, slowly := range []bool{false, true} {
			t.Run(fmt.Sprintf("slowly %v", slowly), func(t *testing.T) {
				srv := &server.Server{}
				srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
					w.Set("X-Client", r.RemoteAddr().String()+" "+r.LocalAddr().String())
					return sockets.Lab(w, r)
				})
				live := overProxied(t, over, srv)
				c := dialProxied(t, live, slowly)
				const get = "GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n"
				want := func(method string, status int, content string) {
					t.Helper()
					res := c.WantAnswer(method, status, content)
					if got := res.Header.Get("X-Client"); got != "203.0.113.7:4433 198.51.100.2:443" {
						t.Errorf("the client is %s", got)
					}
				}
				c.Send(0, get+get+"POST /consume HTTP/1.1\r\nHost: lab\r\nContent-Length: 3\r\n\r\nabc")
				want("GET", 200, "Hello, World!")
				want("GET", 200, "Hello, World!")
				want("POST", 200, "consumed 3 bytes\n")
				waitIdle(t, live)
				sending := make(chan error, 1)
				go func() {
					sending <- sockets.Send(c.Conn, 20e6, "POST /reject?max=1000 HTTP/1.1\r\nHost: lab\r\nContent-Length: 20000000\r\n\r\n")
				}()
				want("POST", 413, "too large: the limit is 1000 bytes\n")
				if err := <-sending; err != nil && !over.NoHalfClose {
					t.Errorf("sending: %v", err)
				}
				for _, e := range live.WaitEvents(t, int(conn.EventAccepted), 1) {
					if e.Remote.String() != "203.0.113.7:4433" {
						t.Errorf("accepted from %v", e.Remote)
					}
				}
			})
		}
	})
}

// waitIdle waits until the server's connection is idle, and parked, where its kind can be.
func waitIdle(t *testing.T, live *sockets.Server) {
	t.Helper()
	parks := sockets.Parks && (live.Over.Name == sockets.Plain || live.Over.Name == "unix")
	for end := time.Now().Add(sockets.Patience); ; time.Sleep(time.Millisecond) {
		s := live.Stats()
		if s.Idle == 1 && (s.Parked == 1 || !parks) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%+v", s)
		}
	}
}

// A header that does not end in time ends the connection, whatever its deadlines do; a handshake behind it has its own time.
func TestSlowBalancers(t *testing.T) {
	sockets.Each(t, func(t *testing.T, over servertest.Carrier) {
		if over.Name == "tls-ready-made" {
			t.Skip("a listener's own TLS begins the connection")
		}
		live := overProxied(t, over, &server.Server{Limits: server.Limits{ProxyHeaderTimeout: 50 * time.Millisecond}})
		nc, err := live.Reach(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.Write([]byte(balanced[:12]))
		if e := live.WaitEvents(t, int(conn.EventClosed), 1)[0]; e.Reason != conn.ReasonProxyTimeout {
			t.Errorf("closed: %v", e.Reason)
		}
	})
}

// TLS that the listener makes has begun without the header that stands in front of it.
func TestProxyHeadersBelowReadyMadeTLS(t *testing.T) {
	sockets.Clean(t)
	for _, over := range servertest.Carriers() {
		if over.Name != "tls-ready-made" {
			continue
		}
		l, dial := over.Open(t)
		live := sockets.ServeOn(t, &server.Server{ProxyProtocol: server.ProxyRequired}, l)
		go dial(t.Context())
		if e := live.WaitEvents(t, int(conn.EventClosed), 1)[0]; e.Reason != conn.ReasonProxyMissing {
			t.Errorf("closed: %v", e.Reason)
		}
	}
}

// A client that speaks HTTP to a server of HTTPS is told so, behind a header too.
func TestPlainRequestsBehindABalancer(t *testing.T) {
	sockets.Clean(t)
	for _, over := range servertest.Carriers() {
		if over.TLS == nil {
			continue
		}
		live := overProxied(t, over, &server.Server{})
		nc, err := live.Reach(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := sockets.On(t, nc)
		c.Send(0, balanced+"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
		var answer bytes.Buffer
		if answer.ReadFrom(c.In); !strings.HasPrefix(answer.String(), "HTTP/1.0 400 ") {
			t.Errorf("answered %q", answer.String())
		}
	}
}
