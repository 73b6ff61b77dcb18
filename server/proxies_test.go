// Connections that a balancer opens: what its PROXY header says is believed or not, and what stands behind it is served.

package server_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

const (
	header1 = "PROXY TCP4 203.0.113.7 198.51.100.2 4433 443\r\n"
	header2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x15\xcb\x00\x71\x07\xc6\x33\x64\x02\x11\x51\x01\xbb\x02\x00\x06a.test"
)

// ours are the addresses of the test kit's clients.
var ours = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}

// tellAddrs answers with what is known of the client.
func tellAddrs(w *server.Response, r *server.Request) error {
	name := "no header"
	if h := r.ProxyHeader(); h != nil {
		name, _ = h.TLV(2)
	}
	_, err := fmt.Fprint(w, r.RemoteAddr(), " ", r.LocalAddr(), " ", name)
	return err
}

// answers reads responses until there are n, and returns their content.
func answers(t *testing.T, in *bufio.Reader, n int) (all []string) {
	t.Helper()
	for range n {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(content))
	}
	return all
}

func TestProxyHeadersAreBelieved(t *testing.T) {
	const own = "192.0.2.2:49152 192.0.2.1:80 "
	for _, test := range []struct{ name, header, want string }{
		{"version 1", header1, "203.0.113.7:4433 198.51.100.2:443 "},
		{"version 2", header2, "203.0.113.7:4433 198.51.100.2:443 a.test"},
		{"unknown", "PROXY UNKNOWN\r\n", own},
		{"of its own", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", own},
		{"without addresses", "\r\n\r\n\x00\r\nQUIT\n\x21\x00\x00\x05\x02\x00\x02ab", own + "ab"},
		{"a Unix socket", "\r\n\r\n\x00\r\nQUIT\n\x21\x31\x00\xd8/a" + strings.Repeat("\x00", 106) + "/b" + strings.Repeat("\x00", 106), "/a /b "},
	} {
		for _, pieces := range []string{"together", "byte by byte", "the header alone"} {
			t.Run(test.name+"/"+pieces, func(t *testing.T) {
				believed(t, test.header, pieces, test.want)
			})
		}
	}
}

// believed sends a header with two requests behind it, in pieces, and wants the answers and the events of a client's addresses.
func believed(t *testing.T, header, pieces, want string) {
	var remotes []string
	var received []int64
	srv := &server.Server{ProxyProtocol: server.ProxyRequired, ProxyTrusted: ours, Handler: server.HandlerFunc(tellAddrs)}
	srv.Trace = func(e server.Event) {
		if remotes = append(remotes, fmt.Sprint(e.Remote)); e.Kind == server.EventSettled {
			received = append(received, e.Received)
		}
	}
	inBubble(t, nil, srv, func(b *bubble) {
		c := b.dial()
		switch all := header + getHello + getHello; pieces {
		case "together":
			io.WriteString(c, all)
		case "byte by byte":
			for i := range len(all) {
				io.WriteString(c, all[i:i+1])
				synctest.Wait()
			}
		default:
			io.WriteString(c, header)
			time.Sleep(time.Minute) // the IdleTimeout counts now
			io.WriteString(c, getHello+getHello)
		}
		for _, got := range answers(b.T, bufio.NewReader(c), 2) {
			if got != want {
				b.Errorf("%q, want %q", got, want)
			}
		}
		c.Close()
		synctest.Wait()
		for _, remote := range remotes {
			if client, _, _ := strings.Cut(want, " "); remote != client {
				b.Errorf("an event of %s, want %s", remote, client)
			}
		}
		if n := int64(len(getHello)); len(remotes) < 5 || !slices.Equal(received, []int64{n, n}) {
			b.Errorf("%d events; the requests have %d bytes, want twice %d", len(remotes), received, n)
		}
	})
}

func TestProxyHeadersAreRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		mode    server.ProxyProtocol
		trusted []netip.Prefix
		send    string
		why     conn.Reason
		after   time.Duration
	}{
		{"missing", server.ProxyRequired, ours, getHello, conn.ReasonProxyMissing, 0},
		{"malformed", server.ProxyRequired, ours, "PROXY TCP5 \r\n" + getHello, conn.ReasonProxyMalformed, 0},
		{"malformed where it is optional", server.ProxyOptional, ours, "PROXY TCP5 \r\n" + getHello, conn.ReasonProxyMalformed, 0},
		{"spoofed", server.ProxyOptional, nil, header1 + getHello, conn.ReasonProxyUntrusted, 0},
		{"spoofed in version 2", server.ProxyOptional, []netip.Prefix{}, header2 + getHello, conn.ReasonProxyUntrusted, 0},
		{"required of a stranger", server.ProxyRequired, nil, "", conn.ReasonProxyUntrusted, 0},
		{"cut short", server.ProxyOptional, ours, header2[:20], conn.ReasonProxyTimeout, 5 * time.Second},
		{"silent", server.ProxyRequired, ours, "", conn.ReasonProxyTimeout, 5 * time.Second},
		{"off", server.ProxyOff, ours, header1 + getHello, conn.ReasonRefused, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := &server.Server{ProxyProtocol: test.mode, ProxyTrusted: test.trusted, Handler: server.HandlerFunc(answerHello)}
			inBubble(t, nil, srv, func(b *bubble) {
				c := b.dial()
				io.WriteString(c, test.send)
				if got := <-b.ends; test.mode != server.ProxyOff && (got != test.why || time.Since(b.began) != test.after) {
					b.Errorf("ended after %v: %v", time.Since(b.began), got)
				}
				got, _ := io.ReadAll(c)
				if refused := strings.HasPrefix(string(got), "HTTP/1.1 400 "); refused != (test.mode == server.ProxyOff) {
					b.Errorf("answered %q", got)
				}
				if n := b.Stats().Closes[test.why]; n != 1 {
					b.Errorf("counted %d", n)
				}
			})
		})
	}
}

// Where a header is optional, who sends none is served: a stranger, one that is trusted, and one that is silent for longer than
// a header may take.
func TestProxyHeadersAreOptional(t *testing.T) {
	for _, silent := range []time.Duration{0, time.Second, 30 * time.Second} {
		for _, trusted := range [][]netip.Prefix{nil, ours} {
			srv := &server.Server{ProxyProtocol: server.ProxyOptional, ProxyTrusted: trusted, Handler: server.HandlerFunc(tellAddrs)}
			inBubble(t, nil, srv, func(b *bubble) {
				c := b.dial()
				time.Sleep(silent)
				io.WriteString(c, getHello)
				if got := answers(b.T, bufio.NewReader(c), 1); got[0] != "192.0.2.2:49152 192.0.2.1:80 no header" {
					b.Errorf("%q", got)
				}
			})
		}
	}
}

// Balancers look whether anybody listens, and a shutdown waits for no header that nobody has begun to send.
func TestProxyHeadersThatNeverCome(t *testing.T) {
	srv := &server.Server{ProxyProtocol: server.ProxyRequired, ProxyTrusted: ours}
	inBubble(t, nil, srv, func(b *bubble) {
		b.dial().Close()
		if got := <-b.ends; got != conn.ReasonClientClosed {
			b.Errorf("ended: %v", got)
		}
		c := b.dial()
		io.WriteString(c, header1[:10])
		synctest.Wait()
		c.Close()
		if got := <-b.ends; got != conn.ReasonClientGone {
			b.Errorf("ended: %v", got)
		}
		c = b.dial()
		synctest.Wait()
		go io.Copy(io.Discard, c)
		began := time.Now()
		if err := b.Shutdown(context.Background()); err != nil || time.Since(began) > time.Second {
			b.Errorf("shut down after %v, %v", time.Since(began), err)
		}
		if got := <-b.ends; got != conn.ReasonShutdown {
			b.Errorf("ended: %v", got)
		}
	})
}

// The clients whose connections are counted are those behind the balancer.
func TestMaxConnsPerClientBehindABalancer(t *testing.T) {
	srv := &server.Server{
		ProxyProtocol: server.ProxyRequired, ProxyTrusted: ours, MaxConnsPerClient: 1, Handler: server.HandlerFunc(answerHello),
	}
	inBubble(t, nil, srv, func(b *bubble) {
		for _, client := range []string{"203.0.113.7", "203.0.113.8"} {
			c := b.dial()
			io.WriteString(c, strings.Replace(header1, "203.0.113.7", client, 1))
			askHello(b.T, c)
		}
		io.WriteString(b.dial(), header1+getHello)
		if got := <-b.ends; got != conn.ReasonTooManyConns {
			b.Errorf("ended: %v", got)
		}
	})
}

// Who hijacks the connection sees the client's address there.
func TestHijackedBehindABalancer(t *testing.T) {
	srv := &server.Server{ProxyProtocol: server.ProxyRequired, ProxyTrusted: ours}
	srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		c, err := w.Hijack()
		if err != nil {
			return err
		}
		fmt.Fprint(c, c.RemoteAddr(), " ", c.LocalAddr())
		return c.Close()
	})
	inBubble(t, nil, srv, func(b *bubble) {
		c := b.dial()
		io.WriteString(c, header1+getHello)
		if got, err := io.ReadAll(c); string(got) != "203.0.113.7:4433 198.51.100.2:443" || err != nil {
			b.Errorf("%q, %v", got, err)
		}
	})
}

// A header of any length up to its bound is taken.
func TestLongProxyHeaders(t *testing.T) {
	for n, why := range map[int]conn.Reason{4096 - 16 - 3: conn.ReasonClientClosed, 4096 - 16 - 2: conn.ReasonProxyMalformed} {
		srv := &server.Server{ProxyProtocol: server.ProxyRequired, ProxyTrusted: ours, Handler: server.HandlerFunc(answerHello)}
		inBubble(t, nil, srv, func(b *bubble) {
			c := b.dial()
			head := binary.BigEndian.AppendUint16([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x00"), uint16(n+3))
			c.Write(append(binary.BigEndian.AppendUint16(append(head, 0xe0), uint16(n)), make([]byte, n)...))
			if why == conn.ReasonClientClosed {
				askHello(b.T, c)
				c.Close()
			}
			if got := <-b.ends; got != why {
				b.Errorf("%d bytes: ended: %v", n, got)
			}
		})
	}
}

// What cannot work is an error at once.
func TestProxiesThatCannotBe(t *testing.T) {
	socket := func() net.Listener {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for name, test := range map[string]struct {
		srv *server.Server
		l   net.Listener
	}{
		"ProxyTrusted[1]": {&server.Server{ProxyTrusted: []netip.Prefix{ours[0], {}}}, servertest.Listen()},
		"ProxyProtocol 3": {&server.Server{ProxyProtocol: 3}, servertest.Listen()},
		"ProxyTrustUnix":  {&server.Server{ProxyProtocol: server.ProxyRequired}, socket()},
	} {
		err := test.srv.Serve(test.l)
		if err == nil || errors.Is(err, server.ErrClosed) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
