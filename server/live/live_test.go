// What the page tells of real connections: rows, stories, exports, and nothing while nobody looks.

package live_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live"
)

// row and update are what a stream has, as far as the tests ask.
type row struct {
	ID                       int64
	Server, Remote, State    string
	Requests                 int
	In, Out                  int64
	Verdict, Reason, Section string
	Recorded, Early          bool
}

type update struct {
	Rows    []row
	IDs     []int64
	Stories []struct {
		Row   int64
		Steps []struct {
			N          int
			Kind, Text string
			Bytes      int64
			Pieces     []struct {
				Kind, Note, Rule string
				Lines            []string
			}
		}
	}
}

// watched is a server that a page watches, and one who looks.
type watched struct {
	t    *testing.T
	page *live.Page
	addr net.Addr
	srv  *server.Server
	told chan update
}

func listen(t *testing.T, network string) net.Listener {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// watch starts a server with a page.
func watch(t *testing.T, page *live.Page, network string, srv *server.Server) *watched {
	l := listen(t, network)
	seen := page.Watch("shop")
	srv.Trace, srv.TraceIf = seen.Trace, seen.TraceIf
	if srv.Handler == nil {
		srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			_, err := w.WriteString("ok")
			return err
		})
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(seen.Listener(l)) }()
	t.Cleanup(func() {
		srv.Close()
		<-ended
		page.Close()
	})
	return &watched{t: t, page: page, addr: l.Addr(), srv: srv}
}

var local = live.Ask{Method: "GET", Path: "/", Host: "localhost:9000", RemoteAddr: "127.0.0.1:5", Context: context.Background()}

func (w *watched) ask(path, query string) live.Reply {
	a := local
	a.Path, a.Query = "/"+path, query
	return w.page.Answer(a)
}

// look looks at the page until the test ends, with the stories of some rows.
func (w *watched) look(rows string) {
	ctx, cancel := context.WithCancel(context.Background())
	w.told = make(chan update, 1000)
	told := w.told
	done := make(chan struct{})
	stream := w.ask("events", "rows="+rows).Stream
	go func() {
		defer close(done)
		stream(ctx, func(p []byte) error {
			var u update
			if text, ok := bytes.CutPrefix(p, []byte("data: ")); ok {
				if err := json.Unmarshal(text, &u); err != nil {
					w.t.Error(err)
				}
				told <- u
			}
			return nil
		})
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	<-told // from now on it is looked
}

// until takes updates until one has what is wanted.
func (w *watched) until(what string, is func(update) bool) {
	w.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case u := <-w.told:
			if is(u) {
				return
			}
		case <-late:
			w.t.Fatalf("nobody was told of %s", what)
		}
	}
}

// untilRow takes updates until a row is as it should be.
func (w *watched) untilRow(what string, is func(row) bool) (found row) {
	w.t.Helper()
	w.until(what, func(u update) bool {
		for _, r := range u.Rows {
			if is(r) {
				found = r
				return true
			}
		}
		return false
	})
	return found
}

// client is a raw client.
type client struct {
	net.Conn
	in *bufio.Reader
}

func (w *watched) dial() client {
	w.t.Helper()
	nc, err := net.Dial(w.addr.Network(), w.addr.String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { nc.Close() })
	return client{nc, bufio.NewReader(nc)}
}

// exchange sends a request and reads its response.
func (w *watched) exchange(c client, request string) {
	w.t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		w.t.Fatal(err)
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
}

const (
	post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	bad  = "POST /<script> HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX: \x01\r\n\r\n"
)

func TestAConnectionsStory(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			w := watch(t, &live.Page{}, network, &server.Server{})
			w.look("")
			other := w.dial() // so that one is told from another
			w.exchange(other, post)
			c := w.dial()
			w.exchange(c, post)
			w.exchange(c, bad)
			c.Close()
			r := w.untilRow("the end", func(r row) bool { return r.State == "closed" })
			if r.ID != 2 || r.Server != "shop" || r.Requests != 2 || r.Reason != "refused" || r.Section == "" || !r.Recorded || r.Early || r.In != int64(len(post)+len(bad)) {
				t.Errorf("the row is %+v", r)
			}
			for as, wants := range map[string][]string{
				"dialogue": {"C: hello\\\n", "! leftover: drained, 5 bytes; verdict: reuse\n", `C: POST /<script> HTTP/1.1`, `C: X: \x01`, "# refused, 400", "S: <FIN>\n"},
				"mermaid":  {"sequenceDiagram\n", "C->>S: POST /x HTTP/1.1<br/>Host#58; a", "POST /#60;script#62;", "leftover#58; drained, 5 bytes"},
				"json":     {`"kind":"content"`, `"rule":`, `\u003cscript\u003e`, `"section":"RFC 91`},
			} {
				got := w.ask("export", fmt.Sprintf("row=%d&as=%s", r.ID, as))
				for _, want := range wants {
					if !strings.Contains(string(got.Body), want) {
						t.Errorf("%s has no %q:\n%s", as, want, got.Body)
					}
				}
				for _, b := range got.Body {
					if b < ' ' && b != '\n' {
						t.Errorf("%s has the byte %q", as, b)
					}
				}
			}
			w.look(fmt.Sprint(r.ID))
		})
	}
}

// A story that is chosen grows.
func TestAStoryGrows(t *testing.T) {
	w := watch(t, &live.Page{}, "tcp", &server.Server{})
	w.look("1")
	c := w.dial()
	for n := 1; n <= 3; n++ {
		w.exchange(c, post)
		w.until("a verdict", func(u update) bool {
			for _, s := range u.Stories {
				for _, st := range s.Steps {
					if strings.HasPrefix(st.Text, fmt.Sprintf("request %d: the handler has read 0 bytes; leftover: drained, 5 bytes thrown away", n)) {
						return true
					}
				}
			}
			return false
		})
	}
}

func TestNothingIsNotedWhileNobodyLooks(t *testing.T) {
	w := watch(t, &live.Page{}, "tcp", &server.Server{})
	early := w.dial()
	w.exchange(early, post)
	if seen := w.page.Watch(""); seen.TraceIf() {
		t.Error("events are wanted, and nobody looks")
	}
	w.look("")
	w.exchange(early, post)
	r := w.untilRow("the early connection", func(r row) bool { return r.State == "idle" })
	if r.Recorded || !r.Early || r.Requests != 2 || r.In != int64(len(post)) {
		t.Errorf("the connection that was there before is %+v", r)
	}
	got := w.ask("export", fmt.Sprintf("row=%d&as=dialogue", r.ID))
	if !strings.Contains(string(got.Body), "were not recorded") {
		t.Errorf("its story is\n%s", got.Body)
	}
}

// A client behind a balancer is found by the address that the PROXY header says.
func TestProxied(t *testing.T) {
	for header, remote := range map[string]string{
		"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n":               "192.0.2.1:1000",
		"PROXY TCP6 2001:db8::1 2001:db8::2 1000 80\r\n":           "[2001:db8::1]:1000",
		"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1000 80\r\n": "192.0.2.1:1000",
	} {
		w := watch(t, &live.Page{}, "tcp", &server.Server{ProxyProtocol: server.ProxyRequired})
		w.look("")
		c := w.dial()
		w.exchange(c, header+post)
		r := w.untilRow("the client", func(r row) bool { return r.State == "idle" })
		if r.Remote != remote || !r.Recorded {
			t.Errorf("the row is %+v", r)
		}
	}
}

// Memory is bounded, whatever clients do: many connections, each with many requests, large content and tiny chunks.
func TestMemoryIsBounded(t *testing.T) {
	const conns, most = 24, 10
	w := watch(t, &live.Page{Conns: most}, "tcp", &server.Server{Limits: server.Limits{StallTimeout: -1, MinReadRate: -1, MinWriteRate: -1}, Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s %d", strings.Repeat("y", 4000), n)
		}
		return err
	})})
	w.look("")
	before := heap()
	head := "POST /" + strings.Repeat("t", 2000) + " HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("f", 3000) + "\r\n"
	large := head + "Content-Length: 300000\r\n\r\n" + strings.Repeat("x", 300000)
	chunks := head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nz\r\n", 400) + "0\r\n\r\n"
	for range conns {
		c := w.dial()
		for range 14 { // more steps than are kept
			w.exchange(c, large)
			w.exchange(c, chunks)
		}
		c.Close()
	}
	w.untilRow("the last connection's end", func(r row) bool { return r.ID == conns && r.State == "closed" })
	for len(w.told) > 0 {
		<-w.told
	}
	if grown := heap() - before; grown > most*256<<10 {
		t.Errorf("%d rows take %d bytes, %d each", most, grown, grown/most)
	} else {
		t.Logf("%d bytes for each row", grown/most)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
