// Behind a balancer, an http.Handler is told of the client, whatever the protocol is.

package nethttp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

// balanced is a header with a TLV that names a.test.
const balanced = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x15\xcb\x00\x71\x07\xc6\x33\x64\x02\x11\x51\x01\xbb\x02\x00\x06a.test"

// tellsClient answers with the addresses and the header that a handler sees, or on the connection that it has hijacked.
func tellsClient(w http.ResponseWriter, r *http.Request) {
	local := r.Context().Value(http.LocalAddrContextKey)
	if r.URL.Path == "/hijack" {
		nc, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer nc.Close()
		early, _ := buf.Peek(buf.Reader.Buffered())
		content := fmt.Sprint(nc.RemoteAddr(), " ", nc.LocalAddr(), " ", string(early))
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
		return
	}
	name := "no header"
	if h := nethttp.ProxyHeader(r); h != nil {
		name, _ = h.TLV(2)
	}
	fmt.Fprint(w, r.RemoteAddr, " ", local, " ", name)
}

func TestClientsBehindABalancer(t *testing.T) {
	for name, protocols := range clients {
		for _, overTLS := range []bool{false, true} {
			if overTLS && name == "h2c" || !overTLS && name == "HTTP/2" {
				continue
			}
			t.Run(fmt.Sprintf("%s/TLS %t", name, overTLS), func(t *testing.T) {
				h := &http.Server{
					Handler: http.HandlerFunc(tellsClient), TLSConfig: certificate(t), Protocols: only(withHTTP1, withHTTP2, withH2C),
				}
				srv, l := nethttp.New(h), listen(t)
				srv.ProxyProtocol = server.ProxyRequired
				url, serve := "http://", srv.Serve
				if overTLS {
					url, serve = "https://", func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
				}
				go serve(l)
				defer srv.Close()
				dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
					nc, err := new(net.Dialer).DialContext(ctx, network, addr)
					if err == nil {
						_, err = io.WriteString(nc, balanced)
					}
					return nc, err
				}
				transport := &http.Transport{
					Protocols: protocols, DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
				}
				defer transport.CloseIdleConnections()
				client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
				for path, want := range map[string]string{
					"/": "203.0.113.7:4433 198.51.100.2:443 a.test", "/hijack": "203.0.113.7:4433 198.51.100.2:443 ",
				} {
					if path == "/hijack" && name != "HTTP/1" {
						continue
					}
					res, err := client.Get(url + l.Addr().String() + path)
					if err != nil {
						t.Fatal(err)
					}
					if content, err := io.ReadAll(res.Body); string(content) != want || err != nil {
						t.Errorf("%s: %q, %v", path, content, err)
					}
				}
			})
		}
	}
}

// What stands behind a request on which the connection is hijacked comes to the hijacker once.
func TestHijackedBehindABalancer(t *testing.T) {
	srv, l := nethttp.New(&http.Server{}), listen(t)
	srv.ProxyProtocol = server.ProxyOptional
	srv.HTTPServer().Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer nc.Close()
		got, _ := io.ReadAll(io.LimitReader(buf, 10))
		rest, _ := io.ReadAll(nc)
		fmt.Fprint(nc, string(got), "|", string(rest))
	})
	go srv.Serve(l)
	defer srv.Close()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(nc, balanced+"GET / HTTP/1.1\r\nHost: a\r\n\r\n0123456789")
	nc.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(nc); string(got) != "0123456789|" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
