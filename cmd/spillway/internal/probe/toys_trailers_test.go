// Servers that do something with a trailer section.

package probe

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// readTrailed reads a request, and its trailer section as if it stood in the head.
func readTrailed(r *bufio.Reader) (req *toyRequest, trailers string, err error) {
	if req, err = readToy(r); err != nil || req.length >= 0 {
		return req, "", err
	}
	if err = skipChunks(r); err != nil {
		return nil, "", err
	}
	head := req.fields
	req.length = 0
	err = req.readFields(r)
	return req, strings.TrimPrefix(req.fields, head), err
}

// merging takes the fields of a trailer section for the head's.
func merging(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, _, err := readTrailed(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		status := ""
		for field, is := range map[string]string{
			"\nrange:": "206 Partial Content", "\nif-none-match:": "304 Not Modified", "\nexpect: spillway-probe": "417 Expectation Failed",
		} {
			if strings.Contains("\n"+req.fields, field) {
				status = is
			}
		}
		last := strings.Contains(req.fields, "connection: close") && !strings.Contains(req.fields, "connection: keep-alive")
		switch {
		case status != "":
			fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status)
		case last:
			req.answer(c, "Connection: close")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		default:
			req.answer(c)
		}
	}
}

// closingLater believes a close in a trailer section when the next request has come, which it refuses.
func closingLater(c *net.TCPConn, r *bufio.Reader) {
	for refuse := false; ; {
		req, trailers, err := readTrailed(r)
		if err != nil {
			return
		}
		if refuse {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
		req.answer(c)
		refuse = strings.Contains(trailers, "connection: close")
	}
}

// complaining answers each request, and then says that it does not like the trailer section.
func complaining(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, trailers, err := readTrailed(r)
		if err != nil {
			return
		}
		req.answer(c)
		if strings.Contains(trailers, "content-length") {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
	}
}

// refusingTrailers refuses each request that has any.
func refusingTrailers(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, trailers, err := readTrailed(r)
		if err != nil {
			return
		}
		if trailers != "" {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
		req.answer(c)
	}
}

// Whoever believes the fields is found out, and whoever does not, or refuses them, is not.
func TestTrailerFields(t *testing.T) {
	t.Parallel()
	always := answering("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
	for _, tt := range []struct {
		name   string
		toy    toy
		closed int
		want   map[string]Verdict
	}{
		{"apart", lax, 0, map[string]Verdict{"trailer-keep-alive": Hang}}, // as it ends no connection, whatever it is told
		{"whatever is asked", always, 0, map[string]Verdict{"trailer-keep-alive": Hang}},
		{"refused", refusingTrailers, len(trailerFields()) - 1, map[string]Verdict{}}, // to the one that says close it is right
		{"close, later", closingLater, 0, map[string]Verdict{"trailer-close": Lost, "trailer-get-close": Lost, "trailer-keep-alive": Hang}},
		{"a second answer", complaining, 0, map[string]Verdict{
			"trailer-content-length": Lax, "trailer-get-content-length": Lax, "trailer-both": Lax, "trailer-get-both": Lax, "trailer-keep-alive": Hang,
		}},
		{"merged", merging, 2, map[string]Verdict{
			"trailer-content-length": Hang, "trailer-get-content-length": Hang, "trailer-transfer-encoding": Hang, "trailer-get-transfer-encoding": Hang,
			"trailer-both": Hang, "trailer-get-both": Hang, "trailer-keep-alive": Hang, "trailer-range": Wrong, "trailer-get-range": Wrong,
			"trailer-range-beyond": Wrong, "trailer-get-range-beyond": Wrong, "trailer-if-none-match": Wrong, "trailer-get-if-none-match": Wrong,
			"trailer-expect-unknown": Wrong, "trailer-get-expect-unknown": Wrong,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rep := probe(t, tt.toy.start(t), "fields in trailer sections")
			closed := 0
			for _, u := range rep.Unlisted {
				closed += u.Verdicts[Closed]
			}
			if closed != tt.closed {
				t.Errorf("%d are closed, want %d", closed, tt.closed)
			}
			found := map[string]bool{}
			for i := range rep.Results {
				if res := &rep.Results[i]; res.Verdict != tt.want[res.ID] {
					dump(t, res)
				} else {
					found[res.ID] = true
				}
			}
			for id := range tt.want {
				if !found[id] {
					t.Errorf("%s is no fault", id)
				}
			}
		})
	}
}
