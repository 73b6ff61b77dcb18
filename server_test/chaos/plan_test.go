// What the chaos test's clients send, and what its handlers do with it, over both APIs.

package chaos_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
)

// chaosX is an exchange, whatever the API of the handler.
type chaosX struct {
	token  string
	n      int       // a number that the client has chosen
	body   io.Reader // the content
	out    io.Writer // the response's
	ctx    context.Context
	flush  func() error
	length func(int)

	// Any goroutine may call these, at any time.
	readBy, writeBy func(time.Time) error
	rates           func(int64)
	abort           func()

	hijack func() (net.Conn, error)
}

// chaosRoute is what a handler does.
type chaosRoute struct {
	method string
	serve  func(x *chaosX) error
	text   func(token string, n int, content string) string // of the response; nil: it never is whole
	rude   bool                                             // whoever asks for it is not owed an answer
	last   bool                                             // the connection ends behind it, whatever the head says
}

// chaosText is n bytes that belong to a token.
func chaosText(token string, n int, _ string) string {
	return strings.Repeat(token+"\n", n/(len(token)+1)+1)[:n]
}

// misdeedRoute answers up to a point, and does not return.
func misdeedRoute(early bool, misdeed func()) chaosRoute {
	return chaosRoute{method: "GET", rude: true, last: true, serve: func(x *chaosX) error {
		if early {
			io.WriteString(x.out, "half ")
			x.flush()
		}
		misdeed()
		return nil
	}}
}

var chaosRoutes = map[string]chaosRoute{
	"hello": {method: "GET", text: chaosText, serve: func(x *chaosX) error {
		_, err := io.WriteString(x.out, chaosText(x.token, x.n, ""))
		return err
	}},
	"fixed": {method: "GET", text: chaosText, serve: func(x *chaosX) error {
		x.length(x.n)
		_, err := io.WriteString(x.out, chaosText(x.token, x.n, ""))
		return err
	}},
	"stream": {method: "GET", text: chaosText, serve: func(x *chaosX) error {
		for text := chaosText(x.token, x.n, ""); text != ""; {
			k := min(len(text), 1+x.n/3)
			if _, err := io.WriteString(x.out, text[:k]); err != nil {
				return err
			}
			if err := x.flush(); err != nil {
				return err
			}
			text = text[k:]
		}
		return nil
	}},
	"waits": {method: "GET", text: chaosText, serve: func(x *chaosX) error {
		select {
		case <-x.ctx.Done():
		case <-time.After(time.Duration(x.n%5) * time.Millisecond):
		}
		_, err := io.WriteString(x.out, chaosText(x.token, x.n, ""))
		return err
	}},
	"polls": {method: "POST", text: chaosText, serve: func(x *chaosX) error {
		for i := 0; i < x.n%5 && x.ctx.Err() == nil; i++ {
			time.Sleep(100 * time.Microsecond)
		}
		_, err := io.WriteString(x.out, chaosText(x.token, x.n, ""))
		return err
	}},
	"echo": {method: "POST", text: echoes, serve: func(x *chaosX) error {
		content, err := io.ReadAll(x.body)
		if err == nil {
			_, err = x.out.Write(content)
		}
		return err
	}},
	"duplex": {method: "POST", text: echoes, serve: func(x *chaosX) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{x.out}, struct{ io.Reader }{x.body}, make([]byte, 1000))
		return err
	}},
	"ignores": {method: "POST", text: chaosText, serve: func(x *chaosX) error {
		_, err := io.WriteString(x.out, chaosText(x.token, x.n, ""))
		return err
	}},
	"leaks": {method: "POST", text: chaosText, serve: func(x *chaosX) error { // a reader, and somebody who sets deadlines
		begun := make(chan bool)
		go func() {
			close(begun)
			io.Copy(io.Discard, struct{ io.Reader }{x.body})
		}()
		<-begun
		_, err := io.WriteString(x.out, chaosText(x.token, x.n, ""))
		return err
	}},
	"deadlines": {method: "POST", text: echoes, serve: func(x *chaosX) error { // far ones, also when it has returned
		for i := range 2 {
			go func() {
				for k := range x.n % 100 {
					at := time.Now().Add(time.Hour)
					x.readBy(at)
					x.writeBy(at)
					x.rates(int64(k % 2))
					if i == 0 {
						runtime.Gosched()
					}
				}
			}()
		}
		content, err := io.ReadAll(x.body)
		if err == nil {
			_, err = x.out.Write(content)
		}
		return err
	}},
	"hurries": {method: "POST", text: echoes, rude: true, serve: func(x *chaosX) error { // deadlines that have passed
		go func() {
			x.readBy(time.Now())
			x.writeBy(time.Now().Add(time.Duration(x.n) * time.Microsecond))
		}()
		content, err := io.ReadAll(x.body)
		if err == nil {
			_, err = x.out.Write(content)
		}
		return err
	}},
	"aborts": {method: "GET", rude: true, last: true, serve: func(x *chaosX) error {
		io.WriteString(x.out, "half ")
		x.flush()
		go x.abort()
		<-x.ctx.Done()
		return errors.New("aborted")
	}},
	"hijacks": {method: "POST", text: chaosText, rude: true, last: true, serve: func(x *chaosX) error {
		nc, err := x.hijack()
		if err != nil {
			return err
		}
		text := chaosText(x.token, x.n, "")
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nX-Token: %s\r\nContent-Length: %d\r\n\r\n%s", x.token, len(text), text)
		go func() { // longer than the handler
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(100 * time.Millisecond))
			io.Copy(io.Discard, nc)
		}()
		return nil
	}},
	"panics":      misdeedRoute(false, func() { panic("in a handler") }),
	"panics nil":  misdeedRoute(false, func() { panic(nil) }),
	"exits":       misdeedRoute(false, runtime.Goexit),
	"panics late": misdeedRoute(true, func() { panic("in a handler") }),
	"exits late":  misdeedRoute(true, runtime.Goexit),
	"fails late":  misdeedRoute(true, func() { panic(http.ErrAbortHandler) }),
}

func echoes(_ string, _ int, content string) string { return content }

// chaosRequest is a request, and what must come of it.
type chaosRequest struct {
	name    string
	route   chaosRoute
	token   string
	n       int
	content string
	wire    string
}

// check says what is wrong with a whole response.
func (r *chaosRequest) check(res *http.Response, content string) error {
	failed := res.StatusCode == 500 || res.StatusCode == 408 || res.StatusCode == 400
	switch {
	case r.route.rude && failed && !strings.Contains(content, "half"):
		return nil
	case r.route.text == nil:
		return fmt.Errorf("%s looks whole: %d %q", r.name, res.StatusCode, content)
	case res.StatusCode != 200 || res.Header.Get("X-Token") != r.token:
		return fmt.Errorf("%s of %s: status %d, %v: %.100q", r.name, r.token, res.StatusCode, res.Header, content)
	case content != r.route.text(r.token, r.n, r.content):
		return fmt.Errorf("%s of %s has %d bytes of other content: %.100q", r.name, r.token, len(content), content)
	}
	return nil
}

// chaosPlan is what a client does on one connection.
type chaosPlan struct {
	name     string
	requests []*chaosRequest
	cursed   bool // hooks may misbehave
	polite   bool // it asks for nothing that costs connections, and takes every answer

	pipelines bool
	halves    bool // it closes its direction behind its requests
	piece     int  // of what it sends at once
	pause     time.Duration
	slow      bool // in reading
	leaves    int  // after so many bytes sent; 0: it does not
	resets    bool // when it leaves
}

func (p *chaosPlan) String() string {
	var names []string
	for _, r := range p.requests {
		names = append(names, fmt.Sprintf("%s n=%d content=%d", r.name, r.n, len(r.content)))
	}
	return fmt.Sprintf("pipelines %t, halves %t, pieces of %d, pauses of %v, slow %t, leaves at %d, resets %t, cursed %t: %s",
		p.pipelines, p.halves, p.piece, p.pause, p.slow, p.leaves, p.resets, p.cursed, strings.Join(names, "; "))
}

// chance returns true once in n times.
func chance(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

func newChaosPlan(rng *rand.Rand, name string) *chaosPlan {
	p := &chaosPlan{
		name: name, polite: !chance(rng, 3), pipelines: chance(rng, 3), halves: chance(rng, 4), slow: chance(rng, 8),
		piece: 1 << 20, pause: time.Duration(rng.IntN(6)) * time.Millisecond, resets: chance(rng, 2),
	}
	if chance(rng, 4) {
		p.piece = 1 + rng.IntN(200)
	}
	all := chaosNames(p.polite)
	for i := range 1 + rng.IntN(6) {
		r := &chaosRequest{name: all[rng.IntN(len(all))], token: fmt.Sprintf("%s-%d", name, i), n: rng.IntN(3000)}
		r.route = chaosRoutes[r.name]
		if chance(rng, 5) {
			r.n *= 20
		}
		r.spell(rng)
		p.requests = append(p.requests, r)
	}
	if !p.polite && chance(rng, 3) {
		p.leaves = 1 + rng.IntN(400)
	}
	return p
}

// chaosNames are the routes, in an order that a seed can rely on.
func chaosNames(polite bool) (names []string) {
	for name, route := range chaosRoutes {
		if !polite || !route.rude {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (r *chaosRequest) spell(rng *rand.Rand) {
	head := fmt.Sprintf("%s /%s?n=%d HTTP/1.1\r\nHost: a\r\nX-Token: %s\r\n", r.route.method, strings.ReplaceAll(r.name, " ", "-"), r.n, r.token)
	if r.route.method == "GET" {
		r.wire = head + "\r\n"
		return
	}
	r.content = chaosText("content of "+r.token, rng.IntN(4000), "")
	if chance(rng, 2) {
		r.wire = fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(r.content), r.content)
		return
	}
	var b strings.Builder
	b.WriteString(head + "Transfer-Encoding: chunked\r\n\r\n")
	for rest := r.content; rest != ""; {
		k := min(len(rest), 1+rng.IntN(700))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", k, rest[:k])
		rest = rest[k:]
	}
	b.WriteString("0\r\n\r\n")
	r.wire = b.String()
}

// send sends the requests: each when the one before it has been answered, unless it pipelines.
func (p *chaosPlan) send(nc net.Conn, answered <-chan bool) {
	sent := 0
	for i, r := range p.requests {
		if i > 0 && !p.pipelines {
			if !<-answered {
				return
			}
			time.Sleep(p.pause)
		}
		for rest := r.wire; rest != ""; {
			k := min(len(rest), p.piece)
			if p.leaves > 0 {
				k = min(k, p.leaves-sent)
			}
			if _, err := io.WriteString(nc, rest[:k]); err != nil {
				return
			}
			sent, rest = sent+k, rest[k:]
			if p.leaves == sent {
				p.leave(nc)
				return
			}
			if rest != "" && sent%7 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}
	if tcp, ok := nc.(*net.TCPConn); ok && p.halves {
		tcp.CloseWrite()
	}
}

func (p *chaosPlan) leave(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok && p.resets {
		tcp.SetLinger(0)
	}
	nc.Close()
}

func (p *chaosPlan) reader(nc net.Conn) *bufio.Reader {
	if p.slow {
		return bufio.NewReaderSize(slowReader{nc}, 16)
	}
	return bufio.NewReader(nc)
}

// slowReader reads a little, and rests now and then.
type slowReader struct{ io.Reader }

func (r slowReader) Read(p []byte) (int, error) {
	if rand.IntN(50) == 0 {
		time.Sleep(time.Millisecond)
	}
	return r.Reader.Read(p[:min(len(p), 100)])
}

// serveChaos serves a route over the native API.
func serveChaos(w *server.Response, r *server.Request) error {
	x := &chaosX{
		token: r.Fields.Get("X-Token"), body: r.Body, out: w, ctx: r.Context(), flush: w.Flush, abort: func() { w.Abort() },
		length: func(n int) { w.SetContentLength(int64(n)) },
		readBy: r.SetReadDeadline, writeBy: w.SetWriteDeadline,
		rates: func(n int64) {
			r.SetMinReadRate(n)
			w.SetMinWriteRate(n)
			w.SetStallTimeout(time.Hour)
		},
		hijack: func() (net.Conn, error) { return w.Hijack() },
	}
	x.n, _ = strconv.Atoi(strings.TrimPrefix(r.RawQuery, "n="))
	w.Set("X-Token", x.token)
	return chaosRoutes[strings.ReplaceAll(r.RawPath[1:], "-", " ")].serve(x)
}

// serveHTTPChaos serves a route over net/http's.
func serveHTTPChaos(w http.ResponseWriter, r *http.Request) {
	ctl := http.NewResponseController(w)
	x := &chaosX{
		token: r.Header.Get("X-Token"), body: r.Body, out: w, ctx: r.Context(), flush: ctl.Flush,
		abort:  func() { ctl.SetWriteDeadline(time.Now()) },
		length: func(n int) { w.Header().Set("Content-Length", strconv.Itoa(n)) },
		readBy: ctl.SetReadDeadline, writeBy: ctl.SetWriteDeadline, rates: func(int64) {},
		hijack: func() (net.Conn, error) {
			nc, _, err := ctl.Hijack()
			return nc, err
		},
	}
	x.n, _ = strconv.Atoi(strings.TrimPrefix(r.URL.RawQuery, "n="))
	w.Header().Set("X-Token", x.token)
	if err := chaosRoutes[strings.ReplaceAll(r.URL.Path[1:], "-", " ")].serve(x); err != nil {
		panic(http.ErrAbortHandler)
	}
}
