// The fields of responses that follow each other on one connection.

package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// headers are what handlers have set when they write: each follows each of the others on a connection, and itself.
var headers = []http.Header{
	nil,
	{"Content-Type": {"text/plain"}},
	{"Content-Type": {"text/plain"}, "Server": {"a"}, "Vary": {"x"}},
	{"Content-Type": {"text/plain"}, "Server": {"a"}, "Vary": {"y"}},
	{"Content-Type": {"text/plain"}, "Server": {"a"}, "Varz": {"x"}},
	{"Content-Type": {" text/plain"}, "Server": {"a\t "}, "Vary": {"x"}},
	{"Content-Type": {"text/plain"}, "Server": {"\n a\r\n"}, "Vary": {"x"}},
	{"Content-Type": {"text/plain"}, "Server": {"a", "b"}, "Vary": {"x"}},
	{"Content-Type": {"text/plain"}, "Server": {}, "Vary": nil},
	{"Content-Type": {"text/plain"}, "Content-Length": {"5"}, "Vary": {"x"}},
	{"Content-Type": {"text/plain"}, "Content-Encoding": {"x"}, "Date": nil},
	{"Content-Encoding": {"x"}, "Vary": {"x"}},
	{"Connection": {"keep-alive"}, "Vary": {"x"}},
	{"Trailer": {"X-Sum"}, "X-Sum": {"x"}},
	{"Trailer:X-Sum": {"x"}, "X-Sum": {"x"}},
	{"server": {"a"}, "Server": {"a"}, "SERVER": {"a"}},
	{"Transfer-Encoding": {"chunked"}, "Vary": {"x"}},
	{"A": {"1"}, "B": {"1"}, "C": {"1"}, "D": {"1"}, "E": {"1"}, "F": {"1"}, "G": {"1"}, "H": {"1"}, "I": {"1"}, "J": {"1"}},
	manyFields(16), manyFields(17),
}

func manyFields(n int) http.Header {
	h := make(http.Header)
	for i := range n {
		h[fmt.Sprint("X-", i)] = []string{"1"}
	}
	return h
}

// What one response had says nothing of the next: its fields are those that net/http sends.
func TestFieldsOfResponsesInARow(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var which int
		fmt.Sscan(r.URL.Path[1:], &which)
		for key, values := range headers[which] {
			w.Header()[key] = values
		}
		io.WriteString(w, "hello")
	})
	var conns [2]net.Conn
	var readers [2]*bufio.Reader
	for i, e := range engines {
		conns[i] = dial(t, e.make(&http.Server{Handler: handler}))
		readers[i] = bufio.NewReader(conns[i])
	}
	for first := range headers {
		for second := range headers {
			for _, which := range []int{first, second} {
				var got [2]string
				for i, nc := range conns {
					fmt.Fprintf(nc, "GET /%d HTTP/1.1\r\nHost: a.test\r\n\r\n", which)
					got[i] = rawResponse(t, readers[i])
				}
				if diff := cmp.Diff(got[1], got[0]); diff != "" {
					t.Errorf("%v behind %v: net/http (-), spillway (+):\n%s", headers[which], headers[first], diff)
				}
			}
		}
	}
}

// rawResponse reads a response, and returns it without the Date's value, and with its Content-Length, which has another place, first.
func rawResponse(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var raw strings.Builder
	all := bufio.NewReaderSize(io.TeeReader(oneByte{r}, &raw), 16)
	res, err := http.ReadResponse(all, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
	}
	if err != nil {
		t.Fatal(err)
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", res.ContentLength)
	before, after, found := strings.Cut(strings.Replace(raw.String(), res.Header.Get("Date"), "", 1), length)
	if found {
		return length + before + after
	}
	return before
}

// oneByte reads no further than it is asked for.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:1]) }
