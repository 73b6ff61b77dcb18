// A test that has more to arrange than a handler and a client runs on one engine at a time, or on one pair of them with
// a reverse proxy between; and what cannot be said with an http.Client is said on the wire.

package ecosystem

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// sameOnEach runs use with net/http and with spillway, and fails the test where the outcomes differ. It returns
// spillway's.
func sameOnEach[T any](t *testing.T, use func(t *testing.T, e engine) T, options ...cmp.Option) T {
	t.Helper()
	var outcomes [2]T
	for i, e := range []engine{stock, spillway} {
		t.Run(e.name, func(t *testing.T) { outcomes[i] = use(t, e) })
	}
	if diff := cmp.Diff(outcomes[0], outcomes[1], options...); diff != "" {
		t.Errorf("net/http (-) and spillway (+) differ:\n%s", diff)
	}
	return outcomes[1]
}

// chain is two engines: what stands in front of a reverse proxy, and what stands behind it.
type chain struct{ front, back engine }

// start runs h behind a reverse proxy that passes everything on at once.
func (c chain) start(t *testing.T, h http.Handler) site {
	t.Helper()
	back := c.back.start(t, h)
	return c.front.start(t, proxyTo(t, back))
}

// proxyTo returns a reverse proxy that passes everything on at once.
func proxyTo(t *testing.T, back site) *httputil.ReverseProxy {
	t.Helper()
	target, err := url.Parse(back.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{ExpectContinueTimeout: patience}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      quiet,
	}
}

// sameInChains runs use with each engine in front of a proxy and each behind it, and fails the test where an outcome
// differs from that of net/http in both places. It returns the outcome of spillway in both.
func sameInChains[T any](t *testing.T, use func(t *testing.T, c chain) T, options ...cmp.Option) T {
	t.Helper()
	var want, got T
	for i, c := range []chain{{stock, stock}, {stock, spillway}, {spillway, stock}, {spillway, spillway}} {
		name := c.front.name + " before " + c.back.name
		t.Run(name, func(t *testing.T) { got = use(t, c) })
		if i == 0 {
			want = got
		} else if diff := cmp.Diff(want, got, options...); diff != "" {
			t.Errorf("net/http before net/http (-) and %s (+) differ:\n%s", name, diff)
		}
	}
	return got
}

// wire is a client that writes its requests by hand.
type wire struct {
	net.Conn
	r *bufio.Reader
	t *testing.T
}

// wireTo connects to a site, until the test ends.
func wireTo(t *testing.T, s site) wire {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return wire{nc, bufio.NewReader(nc), t}
}

// say sends text.
func (w wire) say(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.Conn, text); err != nil {
		w.t.Fatal(err)
	}
}

// hear receives as many bytes as text has, which must be text.
func (w wire) hear(text string) {
	w.t.Helper()
	got := make([]byte, len(text))
	n, err := io.ReadFull(w.r, got)
	if string(got[:n]) != text {
		w.t.Fatalf("received %q, %v; want %q", got[:n], err, text)
	}
}

// response receives a response's head. Its content is to be read by the caller.
func (w wire) response(method string) *http.Response {
	w.t.Helper()
	res, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// halfClose closes the sending side.
func (w wire) halfClose() {
	w.t.Helper()
	if err := w.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		w.t.Error(err)
	}
}

// ends reports whether the server has closed the connection, and sent nothing more.
func (w wire) ends() bool {
	rest, err := io.ReadAll(w.r)
	if len(rest) > 0 {
		w.t.Errorf("received %.200q before the end", rest)
	}
	return err == nil
}

// within receives from a channel what must come soon.
func within[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
	return v
}
