// What the transcripts say of native handlers, of an http.Handler: byte for byte, but for the Date.

package transcript_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

var dateLine = regexp.MustCompile(`Date: [^\r]*\r\n`)

// stockWire serves a client that sends these, waits four seconds after each, and closes its side; it returns what the client
// gets.
func stockWire(t *testing.T, handler http.HandlerFunc, pieces ...string) (got string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := servertest.Listen()
		srv := nethttp.New(&http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)})
		served := make(chan bool)
		go func() {
			srv.Serve(l)
			close(served)
		}()
		client, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		all := make(chan string)
		go func() {
			b, err := io.ReadAll(client)
			if err != nil {
				t.Error(err)
			}
			all <- string(b)
		}()
		for _, p := range pieces {
			io.WriteString(client, p)
			time.Sleep(4 * time.Second)
		}
		client.CloseWrite()
		got = dateLine.ReplaceAllString(<-all, "")
		client.Close()
		srv.Close()
		<-served
	})
	return got
}

func TestStockWire(t *testing.T) {
	const get, head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
	const ok, plain = "HTTP/1.1 200 OK\r\n", "Content-Type: text/plain; charset=utf-8\r\n"
	const tooLong = "HTTP/1.1 414 URI Too Long\r\n" + plain + "Content-Length: 61\r\nConnection: close\r\n\r\n"
	twice := func(answer string) string { return answer + answer }
	consume := func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d, %v", len(b), err)
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		sends   []string
		want    string
	}{
		{"a length behind some content is too late", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "content")
			w.Header().Set("Content-Length", "2")
			http.NewResponseController(w).Flush()
		}, []string{get, get}, twice(ok + plain + "Transfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\n\r\n")},
		{"a length behind the head is too late", func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).Flush()
			w.Header().Set("Content-Length", "2")
			io.WriteString(w, "content")
		}, []string{get, get}, twice(ok + "Transfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\n\r\n")},
		{"a length that is none", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "-5")
			io.WriteString(w, "content")
		}, []string{get, head}, ok + plain + "Transfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\n\r\n" + ok + plain + "\r\n"},
		{"more than was declared", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "2")
			if _, err := io.WriteString(w, "content"); !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
		}, []string{get, get}, ok + "Content-Length: 2\r\nConnection: close\r\n\r\n"},
		{"less than was declared", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "20")
			io.WriteString(w, "content")
		}, []string{get, get}, ok + "Content-Length: 20\r\n" + plain + "Connection: close\r\n\r\ncontent"},
		{"a request that is changed", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Method, r.URL, r.Host, r.Header, r.RequestURI, r.Proto, r.ContentLength)
			r.Method, r.Host, r.RequestURI, r.Proto, r.ContentLength = "PUT", "b", "/b", "HTTP/1.0", 7
			r.URL.Path, r.URL.RawQuery = "/b", "q"
			r.Header.Set("X", "z")
			r.Header["X"][0] = "q"
			r.Header.Add("Connection", "close")
		}, []string{"GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"}, twice(ok + "Content-Length: 27\r\n" + plain + "\r\nGET/aamap[X:[y]]/aHTTP/1.10")},
		{"stray line ends behind a POST", consume, []string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}\r\n", "", "", "", "\r\n\r\n", "", "", "", get}, ok + "Content-Length: 8\r\n" + plain + "\r\n2, <nil>" + ok + "Content-Length: 8\r\n" + plain + "\r\n0, <nil>"},
		{"chunks whose end has not come", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ignored") },
			[]string{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", "0\r\n\r\n"}, ok + "Content-Length: 7\r\n" + plain + "Connection: close\r\n\r\nignored"},
		{"chunks whose end has come", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ignored") },
			[]string{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", get}, twice(ok + "Content-Length: 7\r\n" + plain + "\r\nignored")},
		{"a word that was given", func(w http.ResponseWriter, r *http.Request) {
			io.ReadFull(r.Body, make([]byte, 1))
			http.NewResponseController(w).Flush()
		}, []string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx", strings.Repeat("x", 999_999) + get}, ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"a limit that is met", func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1)); err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			}
		}, []string{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n", "0\r\n\r\n"}, "HTTP/1.1 413 Request Entity Too Large\r\n" + plain + "X-Content-Type-Options: nosniff\r\nContent-Length: 29\r\nConnection: close\r\n\r\n" +
			"http: request body too large\n"},
		{"a target of more than a megabyte", consume, []string{"GET /" + strings.Repeat("a", 1<<20+8192)}, tooLong + "request line of more than 1052672 bytes (RFC 9110 §15.5.15)\n"},
		{"a HEAD with one", consume, []string{"HEAD /" + strings.Repeat("a", 1<<20+8192)}, tooLong},
		{"a HEAD that is refused", consume, []string{"HEAD / HTTP/1.1\r\nHost: a\r\nbad field: x\r\n"}, "HTTP/1.1 400 Bad Request\r\n" + plain + "Content-Length: 72\r\nConnection: close\r\n\r\n"},
		{"a stream that was hijacked", func(w http.ResponseWriter, r *http.Request) {
			nc, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			w.WriteHeader(103)
			w.WriteHeader(200)
			io.WriteString(w, "more")
			http.NewResponseController(w).Flush()
			io.WriteString(nc, "only this")
			nc.Close()
		}, []string{get}, "only this"},
		{"a failure with a status of its own", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "no\r\nHTTP/1.1 200 OK", http.StatusUnauthorized)
		}, []string{get, get}, twice("HTTP/1.1 401 Unauthorized\r\n" + plain + "Www-Authenticate: Basic\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 20\r\n\r\n" +
			"no\r\nHTTP/1.1 200 OK\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, stockWire(t, test.handler, test.sends...)); diff != "" {
				t.Errorf("- want, + got:\n%s", diff)
			}
		})
	}
}
