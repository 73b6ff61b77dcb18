// What each case says of its request is what its bytes are.

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
		checkParts(t, &c)
		if found, err := Find(c.ID); err != nil || found.Title != c.Title {
			t.Errorf("Find(%s) = %v, %v", c.ID, found, err)
		}
	}
	if _, err := Find("no such case"); err == nil {
		t.Error("Find found a case that does not exist")
	}
}

// checkParts adds up what a case's generators do.
func checkParts(t *testing.T, c *Case) {
	t.Helper()
	conns, active, rate := 0, 0, 0
	parts := c.Parts()
	for i := range parts {
		p := &parts[i]
		if p.Active < 1 || p.Active > p.Conns || p.Pipeline < 1 || p.Windows <= 0 {
			t.Errorf("%s, part %d: %d of %d connections active, pipelined by %d", c.ID, i, p.Active, p.Conns, p.Pipeline)
		}
		conns += p.Conns
		if i < len(parts)-len(c.Crowd) {
			active, rate = active+p.Active, rate+p.Rate
		}
	}
	if conns != c.Connections() || active != c.Active || rate != c.Rate {
		t.Errorf("%s: its parts have %d connections, %d active, and a rate of %d", c.ID, conns, active, rate)
	}
	if c.Base != "" {
		base, err := Find(c.Base)
		if err != nil || base.TLS != c.TLS || base.Base != "" {
			t.Errorf("%s is based on %s: %v", c.ID, c.Base, err)
		}
	}
}

func TestPartsShareWhatThereIs(t *testing.T) {
	c := Case{Conns: 5, Active: 3, Rate: 101, Generators: 2, Crowd: []Case{{Conns: 7}}}
	parts := c.Parts()
	if len(parts) != 3 || parts[0].Conns != 2 || parts[1].Conns != 3 || parts[0].Rate+parts[1].Rate != 101 || parts[2].Conns != 7 {
		t.Errorf("parts %+v", parts)
	}
	if c.Connections() != 12 {
		t.Errorf("%d connections", c.Connections())
	}
}

func TestChunksOfOneByte(t *testing.T) {
	c, err := Find("upload-4k-bytes")
	if err != nil {
		t.Fatal(err)
	}
	wire, _ := c.Wire()
	if n := bytes.Count(wire, []byte("\r\n1\r\n")); n < c.Content-1 {
		t.Errorf("%d chunks of one byte, want about %d", n, c.Content)
	}
}

func TestLimit(t *testing.T) {
	c := Case{Conns: 100, Active: 20, Crowd: []Case{{Conns: 200, Active: 200}, {Conns: 2, Active: 1}}}
	c.Limit(0)
	if c.Conns != 100 || c.Crowd[0].Conns != 200 {
		t.Errorf("no limit: %+v", c)
	}
	c.Limit(50)
	if c.Conns != 50 || c.Active != 10 || c.Crowd[0].Conns != 5 || c.Crowd[0].Active != 5 || c.Crowd[1].Conns != 2 {
		t.Errorf("limited: %+v", c)
	}
	if c.Limit(1); c.Conns != 1 || c.Active != 1 || c.Crowd[0].Conns != 1 {
		t.Errorf("limited to one: %+v", c)
	}
}
