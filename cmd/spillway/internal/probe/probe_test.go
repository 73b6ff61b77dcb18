// Every verdict can be found, on a server that deserves it; and none on servers that do not.

package probe

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/spillway-go/spillway/server"
)

// probe plays the scenarios whose group and name contain one of these.
func probe(t *testing.T, url string, only ...string) *Report {
	t.Helper()
	lab := slices.ContainsFunc(only, func(o string) bool { return strings.HasPrefix(o, "the lab") })
	rep, err := Run(t.Context(), Config{URL: url, Lab: lab, Tries: 1, Patience: 600 * time.Millisecond, Only: func(s *Scenario) bool {
		return len(only) == 0 || slices.ContainsFunc(only, func(o string) bool { return strings.Contains(s.Group+": "+s.Name, o) })
	}})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func dump(t *testing.T, res *Result) {
	t.Helper()
	var b strings.Builder
	res.print(&b, style{full: true}, 20, true)
	t.Errorf("%s: %s is %s\n%s", res.Group, res.Name, res.Verdict, &b)
}

func TestEveryVerdict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		toy  toy
		only string
		want Verdict
	}{
		{"content left behind", leaving, "fixed length, spells a request", Desync},
		{"content left behind", leaving, "chunked, spells a request", Desync},
		{"content left behind", leaving, "one byte", Desync},
		{"content left behind", leaving, "plain words", Desync},
		{"content left behind", leaving, "leftover content: trailers", Desync},
		{"content left behind", leaving, "behind content", Desync},
		{"content left behind", leaving, "half-closed inside content", Desync},
		{"content left behind", leaving, "not chunks at all", Desync},
		{"closing with unread content", slamming, "8 MiB, read when all is sent", ResetSeen},
		{"closing with unread content", slamming, "8 MiB, read meanwhile", ResetSeen},
		{"silent", hanging, "fixed length, spells a request", Hang},
		{"silent", hanging, "expect: 100-continue: waits", Hang},
		{"forgetful", forgetting, "two at once", Lost},
		{"cut answers", cutting, "plain words", Lost},
		{"lax", lax, "both headers, chunks end first", Ambig},
		{"lax", lax, "two lengths, the longer last", Ambig},
		{"lax", lax, "size with 0x", Ambig},
		{"lax", lax, "no Host", Lax},
		{"lax", lax, "a field of 4 MiB", Lax},
		{"lax", lax, "persistence: Connection: close", Lax},
		{"lax", lax, "persistence: HTTP/1.0", Lax},
		{"lax", lax, "two requests", OK},
		{"lax", lax, "the lab's routes: ignored, 16 MiB", Lax},
		{"lax", lax, "close with content", Hang},
		{"reading without end", hurrying, "16 MiB, answered after 4", Lax},
		{"reading it all first", lax, "16 MiB, answered after 4", OK},
		{"closing", closing, "16 MiB, answered after 4", OK},
		{"closing", closing, "the lab's routes: ignored, 20 bytes", Lost},
		{"a promise that is not kept", promising(), "chunked, answered, and 2 MiB more", Broken},
		{"a promise that is not kept", promising(), "chunked, answered, and 2 MiB of requests", Broken},
		{"a promise that is not kept", promising(), "fixed length, answered, and 2 MiB more", Broken},
		{"a promise that is kept", promising(), "chunked, answered, and 100 KiB more", OK},
		{"a close that was announced", promising("Connection: close"), "chunked, answered, and 2 MiB more", Closed},
		{"a close that was announced", promising("Connection: close"), "fixed length, answered, and 2 MiB more", Closed},
		{"a reset that was not announced", resetting, "chunked, answered, and 2 MiB more", Broken},
		{"reading on", hurrying, "chunked, answered, and 2 MiB more", OK},
		{"reading it all first", lax, "chunked, answered, and 2 MiB more", OK},
		{"an end that was not announced", leavingSilently, "persistence: two requests", Broken},
		{"an end while the connection is idle", idling, "a pause of one second", Closed},
		{"no HTTP", answering("\x1b[2J\x1b]0;gone\a<script>alert(1)</script>\n"), "plain words", Lost},
		{"a second answer when the content breaks", secondThoughts, "a malformed trailer", Lax},
		{"a second answer when the content breaks", secondThoughts, "half-closed inside a chunk", Lax},
		{"a version that does not exist", answering("HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n"), "plain words", Wrong},
		{"content of a GET refused", refusingGet, "GET with content", Closed},
		{"content of a GET refused", refusingGet, "GET with chunked content", Closed},
		{"content echoed", echoing, "content between two", OK},
		{"content echoed", echoing, "three in a row", OK},
		{"two answers", answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "plain words", Desync},
		{"bytes behind the answer", answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\noops"), "plain words", Wrong},
		{"endless head", flooding("HTTP/1.1 200 OK\r\n", "X: y\r\n", false), "plain words", Lost},
		{"endless content", flooding("HTTP/1.1 200 OK\r\n\r\n", "hello\n", false), "plain words", Hang},
		{"endless chunks", flooding("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", false), "plain words", Hang},
		{"endless interim responses", flooding("", "HTTP/1.1 100 Continue\r\n\r\n", false), "plain words", Lost},
		{"endless answers", flooding("", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false), "plain words", Desync},
	} {
		t.Run(tt.name+", "+tt.only, func(t *testing.T) {
			t.Parallel()
			rep := probe(t, tt.toy.start(t), tt.only)
			for i := range rep.Results {
				if strings.HasSuffix(tt.only, rep.Results[i].Name) && rep.Results[i].Verdict != tt.want {
					dump(t, &rep.Results[i])
				}
			}
			if len(rep.Results) == 0 {
				t.Error("no such scenario")
			}
		})
	}
}

// A finding claims no more than what was seen: content that was read as a request need not be the hidden one.
func TestHiddenOrNot(t *testing.T) {
	url := toy(leaving).start(t)
	for _, tt := range []struct{ only, want string }{
		{"not chunks at all", "hidden in the content was answered"},
		{"fixed length, spells a request", "hidden in the content was answered"},
		{"leftover content: chunk extensions", "Content was read as a request"},
	} {
		rep := probe(t, url, tt.only)
		if len(rep.Results) != 1 || !strings.Contains(rep.Results[0].What, tt.want) {
			t.Errorf("%s: %v, want %q", tt.only, rep.Results, tt.want)
		}
	}
}

// What a server sends reaches neither the terminal nor the page as it is.
func TestHostileBytes(t *testing.T) {
	t.Parallel()
	toy := answering("HTTP/1.1 200 \x1b[31m\u202e<u>\r\nServer: \x1b]0;x\a</script><img src=x onerror=alert(1)>\r\nContent-Length: 3\r\n\r\n\xff\x00\x9b<svg>")
	rep := probe(t, toy.start(t), "leftover content")
	rep.Survey.Server = plainText("\x1b[31m<u>", 60)
	var text bytes.Buffer
	rep.print(&text, style{full: true})
	for _, r := range text.String() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%q is printed", r)
		}
	}
	name := filepath.Join(t.TempDir(), "page.html")
	if err := writeFile(name, rep.writePage); err != nil {
		t.Fatal(err)
	}
	page, _ := os.ReadFile(name)
	for _, bad := range []string{"<img", "<u>", "\x1b", "</script", "\u202e"} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if b, err := json.Marshal(rep); err != nil || bytes.ContainsRune(b, '\x1b') {
		t.Errorf("JSON: %v", err)
	}
}

func TestSpillwayHasNoFault(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{Log: slog.New(slog.DiscardHandler), Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := w.WriteString("hello\n")
		return err
	})}
	go srv.Serve(l)
	defer srv.Close()
	rep, err := Run(t.Context(), Config{URL: "http://" + l.Addr().String() + "/"})
	if err != nil {
		t.Fatal(err)
	}
	if n := rep.countPlayed(); n < 1500 {
		t.Errorf("%d scenarios", n)
	}
	for i := range rep.Results {
		if rep.Results[i].Verdict.Fault() {
			dump(t, &rep.Results[i])
		}
	}
}

// What is known of net/http is found, and in the groups where it does well nothing else is, with TLS and without.
func TestNetHTTP(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(http.Handler) *httptest.Server{"plain": httptest.NewServer, "TLS": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) { testNetHTTP(t, start) })
	}
}

func testNetHTTP(t *testing.T, start func(http.Handler) *httptest.Server) {
	srv := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello\n") }))
	defer srv.Close()
	rep, err := Run(t.Context(), Config{URL: srv.URL, Insecure: srv.TLS != nil, Tries: 1, Only: func(s *Scenario) bool { return !s.many }})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]Verdict{
		"an empty line between two":               Lost,
		"8 MiB with Connection: close":            ResetSeen,
		"1 MiB behind a bad head":                 ResetSeen,
		"both headers, chunks end first":          Ambig,
		"chunked from HTTP/1.0":                   Ambig,
		"malformed heads: bare LF between fields": Lenient,
		"malformed heads: a folded line":          Lenient,
	}
	sound := []string{"leftover content", "pipelining", "ends"}
	for i := range rep.Results {
		res := &rep.Results[i]
		for name, want := range known {
			reset := res.Verdict == ResetSeen                    // which hides what it is, at times
			reset = reset || want == ResetSeen && srv.TLS != nil // TLS may have read what is there before it closes
			if strings.HasSuffix(res.Group+": "+res.Name, name) && res.Verdict != want && !reset {
				t.Errorf("not %s:", want)
				dump(t, res)
			}
		}
		if slices.Contains(sound, res.Group) && res.Verdict.Fault() && known[res.Name] == "" {
			dump(t, res)
		}
	}
}

func TestCannotRun(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	untrusted := httptest.NewUnstartedServer(nil)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	other := toy(func(c *net.TCPConn, r *bufio.Reader) { io.WriteString(c, "220 mail ready\r\n"); io.Copy(io.Discard, r) })
	for _, tt := range []struct{ args, want string }{
		{"", "one URL"},
		{"ftp://127.0.0.1/", "not an http"},
		{"127.0.0.1:80", "URL"},
		{"http://192.0.2.1/", "-remote"},
		{"http://" + gone.Addr().String() + "/", "refused"},
		{other.start(t), "no HTTP response"},
		{"-post http://127.0.0.1:1/ http://127.0.0.1:2/", "same server"},
		{"-nonsense", "nonsense"},
		{"-only nonsense http://127.0.0.1/", "no scenario"},
		{"-k http://127.0.0.1/", "https"},
		{"-cacert x http://127.0.0.1/", "https"},
		{"-k -cacert x https://127.0.0.1/", "one of them"},
		{"-cacert no/such https://127.0.0.1/", "no/such"},
		{"-cacert probe_test.go https://127.0.0.1/", "no certificate"},
		{"-post http://127.0.0.1:1/ https://127.0.0.1:1/", "same server"},
		{"https://" + gone.Addr().String() + "/", "refused"},
		{strings.Replace(other.start(t), "http:", "https:", 1), "TLS handshake"},
		{untrusted.URL, "-cacert FILE names whom to trust"},
		{toy(speakingTLS).start(t), "as TLS does"},
		{flooding("HTTP/1.1 200 OK\r\n", "X: y\r\n", true).start(t), "a head of more than"},
		{"-patience 100ms " + flooding("HTTP/1.1 200 OK\r\n\r\n", "hello\n", true).start(t), "has not ended after 500ms"},
		{"-patience 100ms " + toy(func(_ *net.TCPConn, r *bufio.Reader) { io.Copy(io.Discard, r) }).start(t), "no answer within 500ms"},
	} {
		var stdout, stderr bytes.Buffer
		if status := Main(strings.Fields(tt.args), &stdout, &stderr); status != 2 {
			t.Errorf("%q: exit status %d", tt.args, status)
		}
		if s := stderr.String(); !strings.Contains(s, tt.want) || strings.Count(s, "\n") != 1 {
			t.Errorf("%q: %q, want a line with %q", tt.args, s, tt.want)
		}
	}
}

// A server that dies half-way: what is known is printed, and the scenario named.
func TestDiesHalfWay(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 20 {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { lax(c.(*net.TCPConn), bufio.NewReader(c)); c.Close() }()
		}
		l.Close()
	}()
	var stdout, stderr bytes.Buffer
	status := Main([]string{"-conns", "1", "-patience", "1s", "http://" + l.Addr().String() + "/"}, &stdout, &stderr)
	if status != 2 || !strings.Contains(stderr.String(), "in the scenario") || !strings.Contains(stdout.String(), "leftover content") {
		t.Errorf("exit status %d, %q\n%s", status, stderr.String(), &stdout)
	}
}

func TestFlagsAndStatus(t *testing.T) {
	t.Parallel()
	good := toy(lax).start(t)
	page := filepath.Join(t.TempDir(), "page.html")
	for _, tt := range []struct {
		args   string
		status int
		want   string
	}{
		{"-h", 0, "only servers that you may test"},
		{"-only persistence:.two http://x/", 2, ""},
		{"-only two_requests " + good, 0, "1 ok"},
		{"-only no_Host " + good, 1, "LAX"},
		{"-v -only two_requests " + good, 0, "C: GET / HTTP/1.1"},
		{"-json -only two_requests " + good, 0, `"verdict": "ok"`},
		{"-html " + page + " -only two_requests " + good, 0, "1 ok"},
		{"-html /nowhere/page.html -only two_requests " + good, 2, "1 ok"},
	} {
		args := strings.Fields(tt.args)
		for i := range args {
			if !strings.Contains(args[i], "/") {
				args[i] = strings.ReplaceAll(args[i], "_", " ")
			}
		}
		var stdout, stderr bytes.Buffer
		if status := Main(args, &stdout, &stderr); status != tt.status || !strings.Contains(stdout.String(), tt.want) {
			t.Errorf("%s: exit status %d, want %d with %q\n%s%s", tt.args, status, tt.status, tt.want, &stdout, &stderr)
		}
	}
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("<svg")) {
		t.Errorf("page: %v", err)
	}
}

func TestColours(t *testing.T) {
	rep := probe(t, toy(lax).start(t), "no Host")
	var plain, coloured strings.Builder
	rep.print(&plain, style{})
	rep.print(&coloured, style{colour: true})
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(coloured.String(), "\x1b[33mLAX") {
		t.Errorf("%q, %q", plain.String(), coloured.String())
	}
}

func TestStop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	rep, err := Run(ctx, Config{URL: toy(hanging).start(t), Patience: 5 * time.Second})
	if err == nil || time.Since(began) > 3*time.Second || rep.Unplayed == 0 {
		t.Errorf("%v after %v, %d not played", err, time.Since(began), rep.Unplayed)
	}
	if !strings.HasPrefix(rep.Error, `in the scenario "`) {
		t.Error(rep.Error)
	}
}

// A server that one scenario has silenced for good is not asked again and again.
func TestSilenced(t *testing.T) {
	t.Parallel()
	var silenced atomic.Bool
	rep, err := Run(t.Context(), Config{
		Stuck: 300 * time.Millisecond, Conns: 1,
		URL: toy(func(c *net.TCPConn, r *bufio.Reader) {
			req, err := readToy(r)
			for ; err == nil && !silenced.Load(); req, err = readToy(r) {
				if req.fields == "" { // no Host
					silenced.Store(true)
				} else {
					req.answer(c)
				}
			}
			io.Copy(io.Discard, r)
		}).start(t),
		Only: func(s *Scenario) bool { return s.Group == "malformed heads" },
	})
	// How long is waited depends on how long the first answer took.
	if err == nil || !strings.Contains(err.Error(), `in the scenario "no Host"`) || !strings.Contains(err.Error(), "no answer within ") {
		t.Error(err)
	}
	if len(rep.Results) != 1 || rep.Results[0].Verdict != Dead || rep.Unplayed == 0 {
		t.Errorf("%d results, %d not played", len(rep.Results), rep.Unplayed)
	}
}
