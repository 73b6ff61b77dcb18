// Dialogues are read in every form that they are written in, played, and compared; bad ones are refused with a line.

package replay

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
)

// serve serves the lab's routes.
func serve(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{Handler: new(lab.Lab).Native()}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-ended })
	return l.Addr().String()
}

// file writes a file and returns its name.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "dialogue")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	get      = "GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n"
	asking   = "C: GET /plaintext HTTP/1.1\nC: Host: lab\nC:\n"
	answered = "S: HTTP/1.1 200 OK\nS: Content-Length: 13\nS:\nS: Hello, World!\\\n"
)

func TestReplay(t *testing.T) {
	target := "http://" + serve(t)
	for _, test := range []struct {
		name, dialogue string
		status         int
		want           string
	}{
		{"as it was", asking + answered + asking + answered, 0, "response 2: 200, it was 200\nas it was\n"},
		{"another status", asking + strings.Replace(answered, "200", "404", 1), 1, "not as it was: response 1 has the status 200, not 404\n"},
		{"with times", "   0.000 C: GET /plaintext HTTP/1.1\n         C: Host: lab\n   0.050 C:\n   0.051 S: <response> 200\n", 0, "as it was\n"},
		{"a transcript", "Prose: nothing here begins with what counts.\nC: no\n-- server --\nhandler ignore\n-- wire --\n" + asking + answered + "! leftover: nothing, 0 bytes; verdict: reuse\nC: <FIN>\nS: <FIN>\n-- after --\nC: no\n", 0, "as it was\n"},
		{"a response that does not come", "C: GET /sleep?ms=5000 HTTP/1.1\nC: Host: lab\nC:\n" + answered, 1, "response 1: none, it was 200\nnot as it was: the server did not answer in time\n"},
		{"an interim response", "C: POST /consume HTTP/1.1\nC: Host: lab\nC: Content-Length: 1\nC: Expect: 100-continue\nC:\nS: HTTP/1.1 100 Continue\nS:\nC: x\\\nS: <response> 200\n", 0, "response 1: 100, it was 100\nresponse 2: 200, it was 200\nas it was\n"},
		{"more than was asked for", "C: GET /status?code=204 HTTP/1.1\nC: Host: lab\nC:\n" + asking + "S: <response> 204\n", 0, "as it was\n"},
		{"a client that goes", "C: POST /consume HTTP/1.1\nC: Host: lab\nC: Content-Length: 10\nC:\nC: abc\\\n~ 1ms\nC: <RST>\n", 0, "as it was\n"},
		{"an end", "C: GET /plaintext HTTP/1.1\nC: Host: lab\nC: Connection: close\nC:\n" + answered + "S: <FIN>\n", 0, "as it was\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			status := Main([]string{"-patience", "1s", file(t, test.dialogue), target}, &out, &errs)
			if status != test.status || !strings.HasSuffix(out.String(), test.want) || errs.Len() > 0 {
				t.Errorf("status %d, %q\n%s", status, &errs, &out)
			}
		})
	}
}

// An answer to a request that nobody has sent is seen, and so is a reset in the middle of an upload.
func TestOutcomes(t *testing.T) {
	for _, test := range []struct {
		name, dialogue, want string
		serve                func(nc net.Conn)
	}{
		{"an extra answer", "C: GET / HTTP/1.1\nC:\nS: <response>\n", "nobody has sent", func(nc net.Conn) {
			io.WriteString(nc, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
		}},
		{"a cut answer", "C: GET / HTTP/1.1\nC:\nS: <response>\n", "ended inside a response", func(nc net.Conn) {
			io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
		}},
		{"no answer", "C: GET / HTTP/1.1\nC:\nS: <response>\n", "ended without a response", func(nc net.Conn) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script, err := Parse(test.dialogue)
			if err != nil {
				t.Fatal(err)
			}
			client, far := net.Pipe()
			go func() {
				defer far.Close()
				io.ReadFull(far, make([]byte, script.bytes))
				test.serve(far)
			}()
			_, outcome := script.Play(context.Background(), client, 5*time.Second)
			if err := outcome.Verdict(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	good := file(t, asking)
	for _, args := range [][]string{
		{}, {"a", "b", "c"}, {"-nonsense"}, {"-patience", "0s", good}, {"/nowhere/at/all"}, {good, "ftp://a"}, {good, "http://127.0.0.1:1"}, {good, ":"},
		{file(t, "")}, {file(t, "hello\n")}, {file(t, "C: {x*99999999}\\\n")}, {file(t, "C: \\y\n")}, {file(t, "~ 1h\n"+asking)}, {file(t, "S: a\n")},
		{file(t, "\x1b[2J\n")}, {file(t, "\xd4\xc3\xb2\xa1")}, {file(t, "\x0a\x0d\x0d\x0a....")}, {file(t, strings.Repeat("C: {x*60000000}\\\n", 2))},
	} {
		var out, errs bytes.Buffer
		status := Main(args, &out, &errs)
		if line := errs.String(); status != 2 || strings.Count(line, "\n") != 1 || strings.Contains(line, "\x1b") || out.Len() > 0 {
			t.Errorf("%q: status %d, %q, %q", args, status, line, &out)
		}
	}
}

// packet makes an Ethernet frame with a TCP segment.
func packet(toServer bool, seq uint32, flags byte, data string) []byte {
	b := make([]byte, 14+20+20, 14+40+len(data))
	b[12] = 8
	ip := b[14:]
	ip[0], ip[9] = 0x45, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(40+len(data)))
	ports := []byte{0x10, 0, 0, 80}
	ip[15], ip[19] = 1, 2
	if !toServer {
		ports = []byte{0, 80, 0x10, 0}
		ip[15], ip[19] = 2, 1
	}
	copy(ip[20:], ports)
	binary.BigEndian.PutUint32(ip[24:], seq)
	ip[32], ip[33] = 5<<4, flags
	return append(b, data...)
}

// capture makes a pcap file.
func capture(frames ...[]byte) string {
	b := make([]byte, 24)
	copy(b, "\xd4\xc3\xb2\xa1")
	b[20] = 1
	for i, f := range frames {
		head := make([]byte, 16)
		binary.LittleEndian.PutUint32(head[4:], uint32(i)*1000)
		binary.LittleEndian.PutUint32(head[8:], uint32(len(f)))
		binary.LittleEndian.PutUint32(head[12:], uint32(len(f)))
		b = append(append(b, head...), f...)
	}
	return string(b)
}

const fin, syn, rst, ack = 1, 2, 4, 16

func TestPcap(t *testing.T) {
	start := uint32(1<<32 - 10) // the numbers wrap
	first, second := get[:9], get[9:]
	response := "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"
	name := file(t, capture(
		packet(false, 7, ack, "from before"),
		packet(true, start, syn, ""), packet(false, 99, syn|ack, ""),
		packet(true, start+10, ack, second), // before what comes first
		packet(true, start+1, ack, first),
		packet(true, start+1, ack, first), // again
		packet(false, 100, ack, response),
		packet(true, start+1+uint32(len(get)), ack, get),
		packet(false, 100+uint32(len(response)), ack, response),
		packet(true, start+1+2*uint32(len(get)), fin|ack, ""),
		packet(false, 100+2*uint32(len(response)), fin|ack, ""),
	))
	var out, errs bytes.Buffer
	status := Main([]string{name, "http://" + serve(t)}, &out, &errs)
	if status != 0 || !strings.HasSuffix(out.String(), "response 1: 200, it was 200\nresponse 2: 200, it was 200\nas it was\n") {
		t.Errorf("status %d, %s\n%s", status, &errs, &out)
	}
	for want, frames := range map[string][][]byte{
		"are missing":   {packet(true, 1, syn, ""), packet(true, 2, ack, "GET"), packet(true, 9, ack, "/")},
		"is encrypted":  {packet(true, 1, syn, ""), packet(true, 2, ack, "\x16\x03")},
		"no TCP":        {packet(true, 2, ack, "GET")},
		"ends in a":     {packet(true, 1, syn, "")[:50]},
		"with bytes of": {packet(true, 1, syn, ""), packet(true, 2, rst, "")},
	} {
		text := capture(frames...)
		if want == "ends in a" {
			text = text[:len(text)-3]
		}
		if _, err := parsePcap([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzLoad reads any file: what is no script is refused, and what is one sends no more than it may.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(asking + answered))
	f.Add([]byte(capture(packet(true, 1, syn, ""), packet(true, 2, ack, get), packet(false, 1, syn|ack, ""), packet(false, 2, fin, "x"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s *Script
		var err error
		if isPcap(b) {
			s, err = parsePcap(b)
		} else {
			s, err = Parse(string(b))
		}
		if err == nil && (s.bytes == 0 || s.bytes > mostBytes) {
			t.Errorf("%q sends %d bytes", b, s.bytes)
		}
	})
}
