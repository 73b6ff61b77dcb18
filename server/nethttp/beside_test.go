// What other goroutines than the handler's may do while it runs, and when it has returned.

package nethttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/nethttp"
)

// A watchdog may set deadlines at any time: beside the handler's return they count or are refused, and after it they are
// refused, so that the next exchange on the connection is not touched.
func TestDeadlinesBesideTheReturn(t *testing.T) {
	var watchdogs sync.WaitGroup
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := make(chan bool)
		watchdogs.Go(func() {
			c := http.NewResponseController(w)
			for first := true; ; first = false {
				later := time.Now().Add(time.Hour)
				if c.SetReadDeadline(later) != nil && c.SetWriteDeadline(later) != nil {
					break
				}
				if first {
					close(started)
				}
			}
			past := time.Unix(1, 0)
			if c.SetReadDeadline(past) == nil || c.SetWriteDeadline(past) == nil || c.EnableFullDuplex() == nil {
				t.Error("a deadline is set after the handler has returned")
			}
		})
		<-started
		io.Copy(w, r.Body)
	})}))
	in := bufio.NewReader(nc)
	for range 200 {
		io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(res.Body); string(content) != "hello" || err != nil {
			t.Fatalf("%q, %v", content, err)
		}
	}
	watchdogs.Wait()
}

// A context that is only asked for its error notices that the client has gone.
func TestContextErrAlone(t *testing.T) {
	gone := make(chan error, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := r.Context().Err()
		for range 10000 {
			if err != nil {
				break
			}
			time.Sleep(time.Millisecond) // it is polling that is tested
			err = r.Context().Err()
		}
		gone <- err
	})
	t.Run("on TCP", func(t *testing.T) {
		nc := dial(t, nethttp.New(&http.Server{Handler: h}))
		io.WriteString(nc, get)
		nc.Close()
		if err := <-gone; err != context.Canceled {
			t.Errorf("Err returns %v", err)
		}
	})
	t.Run("elsewhere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			nc, _ := serveIn(t, nethttp.New(&http.Server{Handler: h})).Dial()
			io.WriteString(nc, get)
			nc.Close()
			synctest.Wait()
			time.Sleep(11 * time.Second)
			if err := <-gone; err != context.Canceled {
				t.Errorf("Err returns %v", err)
			}
		})
	})
}

// Close ends a read that waits for the client in another goroutine.
func TestBodyCloseBesideRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, returned := make(chan error), make(chan error, 1)
		nc, _ := serveIn(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength == 0 {
				hello(w, r)
				return
			}
			go func() {
				_, err := io.ReadAll(r.Body)
				ended <- err
			}()
			synctest.Wait()
			r.Body.Close()
			returned <- <-ended
			hello(w, r)
		})})).Dial()
		defer nc.Close()
		in := bufio.NewReader(nc)
		io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
		if err := <-returned; err != http.ErrBodyReadAfterClose {
			t.Errorf("the read returned %v", err)
		}
		io.WriteString(nc, "world"+get) // the rest is settled all the same
		for range 2 {
			if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 200 {
				t.Fatal(res, err)
			} else if _, err := io.ReadAll(res.Body); err != nil {
				t.Error(err)
			}
		}
	})
}

// A copy of the content uses the destination's ReadFrom, as it does on net/http: there are programs that build on it.
func TestBodyIsReadByReadFrom(t *testing.T) {
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var dst readerFrom
		n, err := io.Copy(&dst, r.Body)
		fmt.Fprint(w, n, err, dst.called)
	})}))
	if _, got := ask(t, nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"); got != "5 <nil> true" {
		t.Error(got)
	}
}

// A copy of much content to a destination that does not read by itself is whole, in either framing, or ends with its error.
func TestBodyIsCopied(t *testing.T) {
	const size = 300_000
	content := strings.Repeat("0123456789abcde", size/15)
	chunked := ""
	for left, n := content, 1; left != ""; n = n*3 + 1 {
		chunk := left[:min(n, 50_000, len(left))]
		chunked += fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)
		left = left[len(chunk):]
	}
	for framing, sent := range map[string]string{
		fmt.Sprint("Content-Length: ", size): content,
		"Transfer-Encoding: chunked":         chunked + "0\r\n\r\n",
	} {
		for most, want := range map[int]string{size: "300000 true <nil>", 9000: "9000 true full"} {
			nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				dst := &boundedWriter{most: most}
				n, err := io.Copy(dst, r.Body)
				fmt.Fprint(w, n, " ", strings.HasPrefix(content, dst.got.String()) && int64(dst.got.Len()) == n, " ", err)
			})}))
			if _, got := ask(t, nc, "POST / HTTP/1.1\r\nHost: a\r\n"+framing+"\r\n\r\n"+sent); got != want {
				t.Errorf("%s, at most %d: %s, want %s", framing, most, got, want)
			}
		}
	}
}

// boundedWriter takes so much and no more.
type boundedWriter struct {
	got  strings.Builder
	most int
}

func (w *boundedWriter) Write(p []byte) (int, error) {
	if room := w.most - w.got.Len(); len(p) > room {
		w.got.Write(p[:room])
		return room, errors.New("full")
	}
	return w.got.Write(p)
}

type readerFrom struct {
	io.Writer
	called bool
}

func (d *readerFrom) ReadFrom(r io.Reader) (int64, error) {
	d.called = true
	return io.Copy(io.Discard, struct{ io.Reader }{r})
}

// An http.MaxBytesReader that has met its limit ends the connection, whatever the status and whoever made it.
func TestMaxBytesReaderEndsTheConnection(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int64
		read  int
		ends  bool
	}{
		{"met", 3, 1000, true}, {"not met", 100, 1000, false}, {"not met, in part", 100, 3, false}, {"nearly met", 4, 4, false},
		{"exactly enough", 5, 1000, false},
	} {
		read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.ReadFull(r.Body, make([]byte, c.read))
			io.WriteString(w, "read")
		})
		for how, h := range map[string]http.Handler{
			"in a copy of the request": http.MaxBytesHandler(read, c.limit),
			"in the request": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Body = http.MaxBytesReader(w, r.Body, c.limit)
				read(w, r)
			}),
			"behind a wrapper": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Body = http.MaxBytesReader(w, struct {
					io.Reader
					io.Closer
				}{wrapped{r.Body}, r.Body}, c.limit)
				read(w, r)
			}),
		} {
			nc := dial(t, nethttp.New(&http.Server{Handler: h}))
			res, _ := ask(t, nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
			if res.StatusCode != 200 || res.Close != c.ends {
				t.Errorf("%s, %s: status %d, close: %v", c.name, how, res.StatusCode, res.Close)
			}
		}
	}
}

type wrapped struct{ r io.Reader }

func (w wrapped) Read(p []byte) (int, error) { return w.r.Read(p) }

// Whether a limit was met is found out also while another goroutine reads.
func TestMaxBytesReaderBesideTheResponse(t *testing.T) {
	var readers sync.WaitGroup
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 3)
		body := r.Body
		readers.Go(func() { io.Copy(io.Discard, body) })
		w.WriteHeader(400)
	})}))
	in := bufio.NewReader(nc)
	for range 100 {
		io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000))
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if io.Copy(io.Discard, res.Body); res.Close {
			break
		}
	}
	readers.Wait()
}

// writerFunc is a writer that is no more than that.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The writer that content is poured into may do as it likes, and read on: nothing is locked while it runs.
func TestContentPouredIntoAnyWriter(t *testing.T) {
	const first, rest = "hello", ", world"
	for name, c := range map[string]struct {
		write func(r *http.Request, p []byte) (int, error)
		want  string
	}{
		"takes all":            {func(_ *http.Request, p []byte) (int, error) { return len(p), nil }, "12 <nil>"},
		"takes less":           {func(_ *http.Request, p []byte) (int, error) { return 1, nil }, "1 short write"},
		"fails":                {func(_ *http.Request, p []byte) (int, error) { return 2, io.EOF }, "2 EOF"},
		"takes less than none": {func(_ *http.Request, p []byte) (int, error) { return -1, nil }, "0 invalid write result"},
		"takes too much":       {func(_ *http.Request, p []byte) (int, error) { return len(p) + 1, nil }, "0 invalid write result"},
		"closes": {func(r *http.Request, p []byte) (int, error) {
			return len(p), r.Body.Close()
		}, "5 " + http.ErrBodyReadAfterClose.Error()},
		"reads the rest": {func(r *http.Request, p []byte) (int, error) {
			_, err := io.ReadAll(r.Body)
			return len(p), err
		}, "5 <nil>"},
		"panics": {func(*http.Request, []byte) (int, error) { panic("in the writer") }, "in the writer, and 7 <nil> are left"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if p := recover(); p != nil {
						io.WriteString(w, "more")
						http.NewResponseController(w).Flush()
						left, err := io.Copy(io.Discard, r.Body)
						got <- fmt.Sprintf("%v, and %d %v are left", p, left, err)
					}
				}()
				http.NewResponseController(w).EnableFullDuplex()
				n, err := r.Body.(io.WriterTo).WriteTo(writerFunc(func(p []byte) (int, error) {
					http.NewResponseController(w).Flush() // the client sends the rest behind it
					return c.write(r, p)
				}))
				got <- fmt.Sprint(n, " ", err)
			})}))
			io.WriteString(nc, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n"+first)
			if _, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil {
				t.Fatal(err)
			}
			io.WriteString(nc, rest)
			if s := <-got; s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}
