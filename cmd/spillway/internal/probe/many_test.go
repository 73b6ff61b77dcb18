// The scenarios that are one of many: what they find, and what is listed of them.

package probe

import (
	"bufio"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
)

// spoken answers 204 with a Content-Length to content, and plain requests as they should be.
func spoken(c *net.TCPConn, r *bufio.Reader) {
	answering("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")(c, r)
}

// wholeReads takes what one read returns for a whole head.
func wholeReads(c *net.TCPConn, _ *bufio.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		status := "200 OK"
		if !strings.HasSuffix(string(buf[:n]), "\r\n\r\n") {
			status = "400 Bad Request"
		}
		fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status)
	}
}

// shortLines takes no request line of 1,000 bytes.
func shortLines(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil || req.skip(r) != nil {
			return
		}
		if len(req.target) > 1000 {
			io.WriteString(c, "HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\n\r\n")
			continue
		}
		req.answer(c)
	}
}

// strict refuses all that it cannot read in one way, and what is no field name it takes for one that it does not know.
func strict(c *net.TCPConn, r *bufio.Reader) {
	for {
		req, err := readToy(r)
		if err != nil {
			return
		}
		length := int64(0)
		for line := range strings.Lines(req.fields) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ":")
			switch {
			case name == "transfer-encoding":
				err = fmt.Errorf("not known")
			case name == "content-length":
				if _, failed := fmt.Sscanf(strings.Trim(value, " \t")+"|", "%d|", &length); failed != nil || strings.Trim(value, " \t0123456789") != "" {
					err = fmt.Errorf("no length")
				}
			}
		}
		if err == nil {
			_, err = io.CopyN(io.Discard, r, length)
		}
		if err != nil {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.CloseWrite()
			io.Copy(io.Discard, r)
			return
		}
		req.answer(c)
	}
}

// short computes with so many bits, and does not see where they are too few.
func short(bits uint) toy {
	number := func(text string, base int) int64 {
		n, _ := new(big.Int).SetString(text, base)
		if n == nil {
			return 0
		}
		return n.Mod(n, new(big.Int).Lsh(big.NewInt(1), bits)).Int64()
	}
	return func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := readToy(r)
			if err != nil {
				return
			}
			for line := range strings.Lines(req.fields) {
				if text, ok := strings.CutPrefix(line, "content-length:"); ok {
					req.length = number(strings.TrimSpace(text), 10)
				}
			}
			if req.length < 0 {
				size, _ := r.ReadString('\n')
				req.length = number(strings.TrimSpace(size), 16) + 2
			}
			if req.skip(r) != nil {
				return
			}
			req.answer(c)
		}
	}
}

func TestMany(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		toy  toy
		only string // an ID
		want Verdict
	}{
		{"a byte trimmed", lax, "byte-coding-value-before-0b", Ambig},
		{"a byte trimmed", lax, "byte-coding-name-before-0b", Ambig},
		{"a byte trimmed", lax, "byte-length-value-behind-0c", Ambig},
		{"a byte refused", strict, "byte-coding-value-before-0b", OK},
		{"a byte refused", strict, "byte-length-value-behind-0c", OK},
		{"another field", strict, "byte-coding-name-before-0b", OK},
		{"another field", strict, "byte-length-name-behind-ff", OK},
		{"a sign", lax, "length-plus-zero", Ambig},
		{"octal", lax, "length-octal", Desync}, // the toy parses as Go's programs do
		{"decimal", strict, "length-octal", OK},
		{"a coding refused", strict, "coding-comma-behind", OK},
		{"a coding taken", lax, "coding-comma-behind", OK},
		{"another coding taken", lax, "coding-chunked-x", Ambig},
		{"waits", lax, "size-beyond-32-bits", OK},
		{"waits", lax, "size-of-32-bits", OK},
		{"refused", strict, "length-of-64-bits", OK},
		{"waits", lax, "length-of-32-bits", OK},
		{"32 bits", short(32), "length-of-32-bits", Desync},
		{"32 bits", short(32), "length-of-32-bits-and-5", Desync},
		{"32 bits", short(32), "size-of-32-bits", Desync},
		{"64 bits", short(64), "size-of-64-bits", Desync},
		{"64 bits", short(64), "length-of-64-bits", Desync},
		{"an end that others do not see", lax, "chunk-last-lf", Ambig},
		{"content left behind", leaving, "content-length-delete-nowhere", Desync},
		{"content taken off", lax, "content-length-delete-nowhere", OK},
		{"whole reads", wholeReads, "pieces-get", Desync},
		{"reads in pieces", lax, "pieces-get", OK},
		{"short lines", shortLines, "odd-long-line", Lost},
		{"long lines", lax, "odd-long-line", OK},
		{"a length and chunks", answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "leftover-plain-words", Wrong},
		{"a folded line", answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y\r\n z: a\r\n\r\n"), "leftover-plain-words", Wrong},
		{"a bare CR", answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\rb\r\n\r\n"), "leftover-plain-words", Wrong},
		{"a tunnel with a length", lax, "odd-connect", Wrong},
		{"a length with 204", spoken, "leftover-plain-words", Wrong},
	} {
		t.Run(tt.name+", "+tt.only, func(t *testing.T) {
			t.Parallel()
			cfg := Config{URL: tt.toy.start(t), Tries: 1, All: true}
			cfg.Only = func(s *Scenario) bool { return s.ID == tt.only }
			rep, err := Run(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if len(rep.Results) != 1 {
				t.Fatalf("%d results", len(rep.Results))
			}
			if rep.Results[0].Verdict != tt.want {
				dump(t, &rep.Results[0])
			}
		})
	}
}

// Of many, what shows no fault is counted and not listed, and what is alike is listed once.
func TestUnlisted(t *testing.T) {
	t.Parallel()
	isLength := func(s *Scenario) bool { return strings.HasPrefix(s.ID, "byte-length-value-before-") }
	for _, tt := range []struct {
		toy  toy
		all  bool
		list int
		want string
	}{
		{strict, false, 0, "158 ok, not listed"},
		{strict, true, 158, "158 scenarios in"},
		{lax, false, 158, "… and "},
	} {
		rep, err := Run(t.Context(), Config{URL: tt.toy.start(t), Tries: 1, All: tt.all, Only: isLength})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		rep.print(&b, style{})
		if len(rep.Results) > tt.list || tt.all && len(rep.Results) < tt.list || !strings.Contains(b.String(), tt.want) {
			t.Errorf("%d listed, want %d with %q:\n%s", len(rep.Results), tt.list, tt.want, &b)
		}
		if n := rep.countPlayed(); n != 158 {
			t.Errorf("%d were played", n)
		}
		if lines := strings.Count(b.String(), "\n"); !tt.all && lines > 40 {
			t.Errorf("%d lines", lines)
		}
	}
}
