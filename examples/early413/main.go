// Early413 shows whether an answer that is given before an upload has ended reaches the client. The same http.Handler answers
// 413 at once, without reading, on net/http and on spillway; the client sends all of its content before it reads, as many HTTP
// libraries do, and gives up at its first error.
//
//	go run .            ten uploads of 8 MiB to each server
//	go run . -insist    the same, by a client that looks for an answer although its write has failed
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/spillway-go/spillway/server/nethttp"
)

const (
	uploads = 10
	size    = 8 << 20
)

func main() {
	insist := flag.Bool("insist", false, "read the answer although the write has failed")
	flag.Parse()
	if err := show(os.Stdout, *insist); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// show prints a line for each server.
func show(w io.Writer, insist bool) error {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "too large: the limit is 1 MiB", http.StatusRequestEntityTooLarge)
	})
	stock := &http.Server{Handler: refuse}
	ours := nethttp.New(&http.Server{Handler: refuse})
	for _, srv := range []struct {
		name string
		server
	}{{"net/http", stock}, {"spillway", ours}} {
		arrived, failure, err := count(srv, insist)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: the 413 arrived %d of %d times", srv.name, arrived, uploads)
		if failure != nil {
			fmt.Fprintf(w, "; the client saw: %v", failure)
		}
		fmt.Fprintln(w)
	}
	return nil
}

// server is what both servers are.
type server interface {
	Serve(net.Listener) error
	Close() error
}

// count starts a server, uploads to it, all at once, and returns how many uploads were answered and what the others met.
func count(srv server, insist bool) (arrived int, failure, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	go srv.Serve(l)
	defer srv.Close()
	var (
		mu   sync.Mutex
		done sync.WaitGroup
	)
	for range uploads {
		done.Go(func() {
			failed := upload(l.Addr().String(), insist)
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				arrived++
			} else {
				failure = failed
			}
		})
	}
	done.Wait()
	return arrived, failure, nil
}

// upload sends a POST with its content, and then reads the answer. It returns nil if that was a whole 413.
func upload(addr string, insist bool) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", addr, size)
	piece := make([]byte, 64<<10)
	for sent := 0; sent < size && err == nil; sent += len(piece) {
		_, err = c.Write(piece)
	}
	if err != nil && !insist {
		return cause(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return cause(err)
	}
	if _, err = io.Copy(io.Discard, res.Body); err != nil {
		return cause(err)
	}
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		return fmt.Errorf("a %d", res.StatusCode)
	}
	return nil
}

// cause returns an error without the addresses in it.
func cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}
