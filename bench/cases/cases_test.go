package cases

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestEveryRequestIsWhatItsCaseSays(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		if seen[c.ID] {
			t.Errorf("two cases are called %s", c.ID)
		}
		seen[c.ID] = true
		wire, vary := c.Wire()
		PutNumber(wire, vary, 1234567890)
		in := bufio.NewReader(bytes.NewReader(wire))
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n != int64(c.Content) || (r.ContentLength < 0) != c.Chunked || in.Buffered() != 0 {
			t.Errorf("%s: %d bytes of content, declared %d, %v; %d bytes behind it", c.ID, n, r.ContentLength, err, in.Buffered())
		}
		if fields := bytes.Count(wire, []byte(": ")); c.Browser && fields != 19 {
			t.Errorf("%s: %d fields, want 19", c.ID, fields)
		}
		if c.Vary && (!strings.HasSuffix(r.URL.Path, "/34567890") || !strings.HasSuffix(r.Header.Get("X-Request-Id"), "-34567890")) {
			t.Errorf("%s: the number is missing in %s, %s", c.ID, r.URL.Path, r.Header.Get("X-Request-Id"))
		}
		if c.Active < 1 || c.Active > c.Conns || c.Windows <= 0 || c.Pipeline < 1 {
			t.Errorf("%s: %d of %d connections active, pipelined by %d", c.ID, c.Active, c.Conns, c.Pipeline)
		}
		if found, err := Find(c.ID); err != nil || found.Title != c.Title {
			t.Errorf("Find(%s) = %v, %v", c.ID, found, err)
		}
	}
	if _, err := Find("no such case"); err == nil {
		t.Error("Find found a case that does not exist")
	}
}
