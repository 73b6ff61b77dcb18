// What clients and handlers see over a wire, as net/http would have it.

package nethttp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// failingListener fails a few times before it works.
type failingListener struct {
	*servertest.Listener
	left int
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.left--; l.left >= 0 {
		return nil, syscall.EMFILE
	}
	return l.Listener.Accept()
}

// What a handler keeps stays as it was, whatever comes on the connection later.
func TestKept(t *testing.T) {
	var requests []*http.Request
	var headers []http.Header
	var bodies []io.ReadCloser
	var writers []http.ResponseWriter
	srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests, headers, bodies = append(requests, r), append(headers, w.Header()), append(bodies, r.Body)
		writers = append(writers, w)
		w.Header().Set("X-Path", r.URL.Path)
	})})
	nc := dial(t, srv)
	const n = 20
	for i := range n {
		ask(t, nc, fmt.Sprintf("POST /%d?q=%d HTTP/1.1\r\nHost: h%d\r\nX-Value: v%d\r\nContent-Length: 2\r\n\r\nab", i, i, i, i))
	}
	nc.Close()
	srv.Shutdown(t.Context())
	for i, r := range requests[:n] {
		want := fmt.Sprintf("/%d q=%d h%d v%d /%d", i, i, i, i, i)
		got := fmt.Sprint(r.URL.Path, " ", r.URL.RawQuery, " ", r.Host, " ", r.Header.Get("X-Value"), " ", headers[i].Get("X-Path"))
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if _, err := bodies[i].Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
			t.Errorf("a read after the handler: %v", err)
		}
		if _, err := writers[i].Write([]byte("x")); err == nil {
			t.Error("a write after the handler succeeds")
		}
		if r.Context().Err() != context.Canceled {
			t.Error("the context is not cancelled after the handler")
		}
	}
}

// The context is cancelled when the client has gone, also while content is unread; contexts derived from it as well.
func TestContext(t *testing.T) {
	for _, request := range []string{get, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nunread", get + get} {
		ended := make(chan error, 2)
		nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
			defer cancel()
			//lint:ignore SA1019 handlers in use ask for it
			gone := w.(http.CloseNotifier).CloseNotify()
			<-ctx.Done()
			select {
			case <-gone:
			case <-time.After(time.Second):
				ended <- errors.New("CloseNotify does not tell")
				return
			}
			ended <- context.Cause(ctx)
		})}))
		io.WriteString(nc, request)
		time.Sleep(20 * time.Millisecond)
		nc.Close()
		if err := <-ended; err != context.Canceled {
			t.Errorf("%q: %v", request, err)
		}
	}
}

// The context is cancelled too when a client that stays takes nothing until a write fails, however the handler writes.
func TestContextAfterFailedWrite(t *testing.T) {
	data := strings.Repeat("x", 32<<10)
	for name, write := range map[string]func(w http.ResponseWriter) error{
		"Write": func(w http.ResponseWriter) error {
			_, err := w.Write([]byte(data))
			return err
		},
		"WriteString": func(w http.ResponseWriter) error {
			_, err := io.WriteString(w, data)
			return err
		},
		"ReadFrom": func(w http.ResponseWriter) error {
			f, err := os.Open("testdata/file.txt")
			if err != nil {
				return nil
			}
			defer f.Close()
			_, err = io.Copy(w, f)
			return err
		},
		"Flush": func(w http.ResponseWriter) error {
			io.WriteString(w, data[:1000])
			return http.NewResponseController(w).Flush()
		},
	} {
		ended := make(chan error, 1)
		nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", fmt.Sprint(int64(1)<<40))
			for write(w) == nil {
			}
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
			ended <- context.Cause(r.Context())
		})}))
		io.WriteString(nc, get)
		if err := <-ended; err != context.Canceled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A handler that takes the connection over finds what has come behind the head, and its own deadlines hold.
func TestHijack(t *testing.T) {
	for _, secure := range []bool{false, true} {
		ended := make(chan error, 1)
		h := &http.Server{TLSConfig: certificate(t), IdleTimeout: time.Minute, ReadHeaderTimeout: time.Minute}
		h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nc, both, err := http.NewResponseController(w).Hijack()
			if err != nil {
				ended <- err
				return
			}
			defer nc.Close()
			_, tcp := nc.(*net.TCPConn)
			_, overTLS := nc.(*tls.Conn)
			if tcp == secure || overTLS != secure {
				t.Errorf("the connection is a %T", nc)
			}
			if both.Reader.Buffered() != len("early") {
				t.Errorf("%d bytes are buffered", both.Reader.Buffered())
			}
			word := make([]byte, len("early late"))
			io.ReadFull(both, word)
			if string(word) != "early late" {
				t.Errorf("%q", word)
			}
			fmt.Fprint(both, "answer")
			both.Flush()
			nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, err = both.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("behind the deadline: %v", err)
			}
			ended <- err
		})
		srv := nethttp.New(h)
		var nc net.Conn
		if secure {
			nc = tls.Client(dial(t, tlsEngine{srv}), &tls.Config{InsecureSkipVerify: true})
		} else {
			nc = dial(t, srv)
		}
		io.WriteString(nc, get+"early")
		time.Sleep(20 * time.Millisecond)
		io.WriteString(nc, " late")
		answer := make([]byte, len("answer"))
		if _, err := io.ReadFull(nc, answer); err != nil || string(answer) != "answer" {
			t.Errorf("%q, %v", answer, err)
		}
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v", err)
		}
	}
}

// The files of a form are gone when the handler has returned.
func TestMultipartFiles(t *testing.T) {
	name := make(chan string, 1)
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
		}
		file, err := r.MultipartForm.File["f"][0].Open()
		if err != nil {
			t.Error(err)
		}
		defer file.Close()
		name <- file.(*os.File).Name()
	})}))
	var form strings.Builder
	m := multipart.NewWriter(&form)
	part, _ := m.CreateFormFile("f", "x")
	part.Write(make([]byte, 100<<10))
	m.Close()
	ask(t, nc, fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		m.FormDataContentType(), form.Len(), form.String()))
	if _, err := os.Stat(<-name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}

// Two goroutines may read the content: each byte comes once.
func TestTwoReaders(t *testing.T) {
	const size = 1 << 20
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var counts [2]int64
		var readers sync.WaitGroup
		for i := range counts {
			readers.Go(func() { counts[i], _ = io.Copy(io.Discard, struct{ io.Reader }{r.Body}) })
		}
		readers.Wait()
		fmt.Fprint(w, counts[0]+counts[1])
	})}))
	go fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
	if _, content := ask(t, nc, ""); content != fmt.Sprint(size) {
		t.Errorf("%s bytes of %d", content, size)
	}
}

// A limit on the content that is the server's own is the one that handlers know.
func TestBodyBytes(t *testing.T) {
	srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		var over *http.MaxBytesError
		fmt.Fprint(w, n, errors.As(err, &over) && over.Limit == 3)
	})})
	srv.Limits.BodyBytes = 3
	nc := dial(t, srv)
	if _, content := ask(t, nc, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"); content != "3 true" {
		t.Errorf("%q", content)
	}
	if res, _ := ask(t, nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"); res.StatusCode != 413 {
		t.Errorf("%v", res.Status)
	}
}

// A file reaches the socket whole, with ranges and without.
func TestFiles(t *testing.T) {
	const name = "testdata/file.txt"
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	nc := dial(t, nethttp.New(&http.Server{Handler: http.FileServer(http.Dir("testdata"))}))
	for _, c := range []struct{ fields, want string }{{"", string(want)}, {"Range: bytes=5-1004\r\n", string(want[5:1005])}} {
		if _, content := ask(t, nc, "GET /file.txt HTTP/1.1\r\nHost: a\r\n"+c.fields+"\r\n"); content != c.want {
			t.Errorf("%s: %d bytes, want %d", c.fields, len(content), len(c.want))
		}
	}
}

// A response that the handler gives up ends the connection, and its client can tell that it is not whole.
func TestAbort(t *testing.T) {
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})}))
	io.WriteString(nc, get)
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(res.Body); string(content) != "hello" || err != io.ErrUnexpectedEOF {
		t.Errorf("%q, %v", content, err)
	}
}

// A handler that asks for the content by hand and does not read it keeps the connection.
func TestContinueByHand(t *testing.T) {
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(100)
		hello(w, r)
	})}))
	io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	r := bufio.NewReader(nc)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 100 {
		t.Fatal(res, err)
	}
	io.WriteString(nc, "12345")
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.Close {
		t.Fatal(res, err)
	}
	if content, err := io.ReadAll(res.Body); string(content) != "hello" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	io.WriteString(nc, get)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 100 {
		t.Errorf("the connection is not kept: %v", err)
	}
}
