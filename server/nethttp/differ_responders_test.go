// What the handlers of those exchanges do.

package nethttp_test

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// responders write responses in different ways.
var responders = []struct {
	name    string
	respond func(*notes, http.ResponseWriter, *http.Request)
}{
	{"nothing", func(n *notes, w http.ResponseWriter, r *http.Request) {}},
	{"text", func(n *notes, w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }},
	{"html", func(n *notes, w http.ResponseWriter, r *http.Request) { w.Write([]byte("<!DOCTYPE html><p>")) }},
	{"typed", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "x/y")
		w.Header()["X-Two"] = []string{"a", "b"}
		w.Header()["x-raw"] = []string{"c"}
		io.WriteString(w, "hello")
	}},
	{"untyped", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		w.Header()["Date"] = nil
		io.WriteString(w, "hello")
	}},
	{"encoded", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "hello")
	}},
	{"dated", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
		w.WriteHeader(203)
	}},
	{"2048", size(2048, false)}, {"2049", size(2049, false)}, {"3000 at once", size(3000, false)},
	{"10000", size(10000, false)}, {"300000", size(300000, false)}, {"10000 flushed", size(10000, true)},
	{"3000 in two", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(strings.Repeat("\x00", 100)))
		w.Write([]byte(strings.Repeat("a", 2900)))
	}},
	{"two writes", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<ht")
		w.Write([]byte("ml>"))
	}},
	{"flushed", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hel")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Late", "1")
		io.WriteString(w, "lo")
	}},
	{"flushed first", func(n *notes, w http.ResponseWriter, r *http.Request) {
		n.add("%v", http.NewResponseController(w).Flush())
		io.WriteString(w, "hello")
	}},
	{"late header", func(n *notes, w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Early", "1")
		w.WriteHeader(201)
		h.Set("X-Late", "1")
		h.Del("X-Early")
		w.Header().Set("X-Later", "1")
		io.WriteString(w, "hello")
	}},
	{"declared", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
	}},
	{"declared, nothing written", func(n *notes, w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "5") }},
	{"declared, less", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "hello")
	}},
	{"declared, less, flushed", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "hello")
		w.(http.Flusher).Flush()
	}},
	{"declared, more at once", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		got, err := io.WriteString(w, "hello world")
		n.add("%d %v %v", got, err, errors.Is(err, http.ErrContentLength))
	}},
	{"declared, more later", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
		got, err := w.Write([]byte(" world"))
		n.add("%d %v", got, err == http.ErrContentLength)
	}},
	{"declared, more flushed", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
		w.(http.Flusher).Flush()
		got, err := w.Write([]byte(" world"))
		n.add("%d %v", got, err == http.ErrContentLength)
	}},
	{"declared badly", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "five")
		io.WriteString(w, "hello")
	}},
	{"204", status(204)}, {"304", status(304)}, {"205", status(205)}, {"404", status(404)}, {"500", status(500)},
	{"599", status(599)}, {"999", status(999)}, {"101", status(101)}, {"413", status(413)}, {"416", status(416)}, {"422", status(422)},
	{"204 with fields", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.Header().Set("Content-Type", "x/y")
		w.WriteHeader(204)
	}},
	{"304 with fields", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		w.Header().Set("Content-Type", "x/y")
		w.Header().Set("Etag", `"x"`)
		w.WriteHeader(304)
	}},
	{"bad status", func(n *notes, w http.ResponseWriter, r *http.Request) { w.WriteHeader(99) }},
	{"superfluous", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		w.WriteHeader(202)
		io.WriteString(w, "x")
		w.WriteHeader(203)
	}},
	{"early hints", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</x>; rel=preload")
		w.WriteHeader(103)
		w.Header().Set("Link", "</y>")
		w.WriteHeader(102)
		io.WriteString(w, "hello")
	}},
	{"1xx of no name", func(n *notes, w http.ResponseWriter, r *http.Request) { w.WriteHeader(150) }},
	{"1xx with Connection", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "X-A, x-b")
		w.WriteHeader(103)
		w.Header().Del("Connection")
		io.WriteString(w, "hello")
	}},
	{"101 that upgrades", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "x")
		w.WriteHeader(101)
	}},
	{"1xx with close", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Connection", "X-A, close")
		w.Header().Add("Connection", "close")
		w.WriteHeader(103)
		w.Header().Del("Connection")
		io.WriteString(w, "hello")
	}},
	{"nil length", none("Content-Length")}, {"nil date", none("Date")}, {"nil type", none("Content-Type")},
	{"nil everything", none("Content-Length", "Content-Type", "Date", "Connection", "Trailer", "Transfer-Encoding")},
	{"trailers", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-A, x-b")
		io.WriteString(w, "hello")
		w.Header().Set("X-A", "1")
		w.Header().Set("X-B", "2")
		w.Header().Set("X-C", "3")
	}},
	{"prefixed trailers", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
		w.(http.Flusher).Flush()
		w.Header().Set(http.TrailerPrefix+"X-A", "1")
	}},
	{"prefixed trailers, small", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
		w.Header().Set(http.TrailerPrefix+"X-A", "1")
	}},
	{"prefixed trailers, early", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set(http.TrailerPrefix+"X-A", "1")
		io.WriteString(w, "hello")
	}},
	{"forbidden trailers", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set(http.TrailerPrefix+"Content-Type", "x/y")
		w.Header().Set("Trailer", "Set-Cookie")
		io.WriteString(w, "hello")
		w.Header().Set("Set-Cookie", "a=b")
	}},
	{"trailers and length", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-A")
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
		w.Header().Set("X-A", "1")
	}},
	{"Connection: close", connection("close")}, {"Connection: Close", connection("Close")},
	{"Connection: keep-alive", connection("keep-alive")}, {"Connection: x", connection("x")},
	{"Connection: keep-alive, close", connection("keep-alive, close")},
	{"Connection: keep-alive, declared", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		w.Header().Set("Connection", "keep-alive")
		io.WriteString(w, "ok")
	}},
	{"identity", coding("identity")}, {"chunked", coding("chunked")}, {"gzip", coding("gzip")},
	{"chunked and length", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "hello")
	}},
	{"lines in values", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Split", "a\r\nX-Injected: b")
		w.Header().Set("X-Space", "  a\t")
		w.Header()["Bad Name"] = []string{"x"}
	}},
	{"controls in values", func(n *notes, w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Control", "a\x01b") }},
	{"read from", func(n *notes, w http.ResponseWriter, r *http.Request) {
		got, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(strings.Repeat("<p>", 1000)))
		n.add("%d %v", got, err)
	}},
	{"read from, small", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.Copy(w, io.LimitReader(strings.NewReader("hello world"), 5))
	}},
	{"file", func(n *notes, w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/file.txt") }},
	{"redirect", func(n *notes, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/y?z", http.StatusFound) }},
	{"panic", func(n *notes, w http.ResponseWriter, r *http.Request) { panic("at once") }},
	{"end of the goroutine", func(n *notes, w http.ResponseWriter, r *http.Request) { runtime.Goexit() }},
	{"panic late", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
		panic(errors.New("late"))
	}},
	{"panic after flush", func(n *notes, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
		w.(http.Flusher).Flush()
		panic("flushed")
	}},
	{"abort", func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}},
	{"context", func(n *notes, w http.ResponseWriter, r *http.Request) {
		n.add("%v", r.Context().Err())
		_, due := r.Context().Deadline()
		n.add("%v", due)
		select {
		case <-r.Context().Done():
			n.add("cancelled")
		case <-w.(http.CloseNotifier).CloseNotify(): //lint:ignore SA1019 handlers in use ask for it
			n.add("gone")
		case <-time.After(10 * time.Millisecond):
		}
	}},
	{"deadlines", func(n *notes, w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		n.add("%v %v", c.SetReadDeadline(time.Now().Add(time.Hour)), c.SetWriteDeadline(time.Now().Add(time.Hour)))
	}},
	{"mux", func(n *notes, w http.ResponseWriter, r *http.Request) {
		mux := http.NewServeMux()
		mux.HandleFunc("/{name}", func(w http.ResponseWriter, r *http.Request) { n.add("%s %s", r.Pattern, r.PathValue("name")) })
		mux.ServeHTTP(w, r)
	}},
	{"timeout handler", func(n *notes, w http.ResponseWriter, r *http.Request) {
		ended := make(chan bool)
		http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			<-r.Context().Done()
			n.add("%v", r.Context().Err())
		}), 20*time.Millisecond, "slow").ServeHTTP(w, r)
		<-ended
	}},
	{"empty write", func(n *notes, w http.ResponseWriter, r *http.Request) {
		got, err := w.Write(nil)
		n.add("%d %v", got, err)
		w.Header().Set("X-Late", "1")
	}},
	{"hijack", hijack(false, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")},
	{"hijack after WriteHeader", hijack(true, "")},
}

func size(total int, flush bool) func(*notes, http.ResponseWriter, *http.Request) {
	return func(n *notes, w http.ResponseWriter, r *http.Request) {
		got, err := w.Write([]byte(strings.Repeat("x", total)))
		n.add("%d %v", got, err)
		if flush {
			w.(http.Flusher).Flush()
		}
	}
}

func status(code int) func(*notes, http.ResponseWriter, *http.Request) {
	return func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		got, err := io.WriteString(w, "hello")
		n.add("%d %v", got, err)
	}
}

func connection(value string) func(*notes, http.ResponseWriter, *http.Request) {
	return func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", value)
		io.WriteString(w, "hello")
	}
}

// none suppresses the fields that the server would set by itself.
func none(names ...string) func(*notes, http.ResponseWriter, *http.Request) {
	return func(n *notes, w http.ResponseWriter, r *http.Request) {
		for _, name := range names {
			w.Header()[name] = nil
		}
		io.WriteString(w, "hello")
	}
}

func coding(value string) func(*notes, http.ResponseWriter, *http.Request) {
	return func(n *notes, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", value)
		io.WriteString(w, "hello")
	}
}

// hijack takes the connection over, writes the answer to it and closes it.
func hijack(head bool, answer string) func(*notes, http.ResponseWriter, *http.Request) {
	return func(n *notes, w http.ResponseWriter, r *http.Request) {
		if head {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "x")
			w.WriteHeader(101)
		}
		nc, both, err := w.(http.Hijacker).Hijack()
		if err != nil {
			n.add("%v", err)
			return
		}
		defer nc.Close()
		n.add("%T, %d early", nc, both.Reader.Buffered())
		both.WriteString(answer)
		n.add("%v", both.Flush())
		_, _, err = w.(http.Hijacker).Hijack()
		_, failed := w.Write([]byte("x"))
		_, empty := w.Write(nil)
		w.WriteHeader(200)
		n.add("%v %v %v", err, failed, empty)
	}
}
