// Every verdict can be found, with proxies and backends that deserve it.

package chain

import (
	"bytes"
	"encoding/json"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
)

// freeAddr returns an address that is free now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// between probes a proxy and a backend with the payloads of these IDs.
func between(t *testing.T, p toyProxy, backend string, ids ...string) (*Report, *Recording) {
	t.Helper()
	listen := freeAddr(t)
	rep, rec, err := Run(t.Context(), Config{
		Front: p.start(t, listen), Listen: listen, To: backend, Patience: 3 * time.Second,
		Only: func(pay *probe.Payload) bool { return len(ids) == 0 || slices.Contains(ids, pay.ID) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep, rec
}

const (
	chunkedComma = "coding-comma-behind"
	bothHeaders  = "ambiguous-both-headers-chunks-end-first"
	plainContent = "leftover-fixed-length-spells-a-request"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		proxy   toyProxy
		backend toyBackend
		id      string
		want    Verdict
		says    string
	}{
		{"a strict proxy", toyProxy{refuses: true, keeps: true}, knowsChunked, chunkedComma, Refused, "400"},
		{"a proxy that counts the content", toyProxy{normalises: true, keeps: true}, exactChunked, chunkedComma, Normalised, "200"},
		{"two that agree", toyProxy{keeps: true}, knowsChunked, chunkedComma, Forwarded, "200"},
		{"a backend that does not know the coding", toyProxy{keeps: true}, exactChunked, chunkedComma, Victim, "404"},
		{"the same, and no connection is shared", toyProxy{}, exactChunked, chunkedComma, Extra, "1 answer more"},
		{"a valid request", toyProxy{keeps: true}, knowsChunked, plainContent, Forwarded, "200"},
		{"both headers", toyProxy{keeps: true, byLength: true}, knowsChunked, bothHeaders, Victim, "not its own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rep, _ := between(t, tt.proxy, tt.backend.start(t), tt.id)
			if len(rep.Results) != 1 {
				t.Fatalf("%d results", len(rep.Results))
			}
			if res := rep.Results[0]; res.Verdict != tt.want || !strings.Contains(res.What, tt.says) {
				t.Errorf("%s: %s: %s", res.ID, res.Verdict, res.What)
				for _, c := range res.seen {
					t.Logf("%q was answered %v, %d too many", c.Segments, c.Answers, c.Extra)
				}
			}
		})
	}
}

// TestReplay sends what a proxy forwarded to the relay's stand-in to backends that the proxy has never seen.
func TestReplay(t *testing.T) {
	t.Parallel()
	_, rec := between(t, toyProxy{keeps: true}, "", chunkedComma, plainContent)
	name := filepath.Join(t.TempDir(), "proxy.json")
	if err := rec.write(name); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		backend toyBackend
		want    []Verdict // of the valid one, and of the odd one
		status  int
	}{
		{"agrees", knowsChunked, []Verdict{Forwarded, Forwarded}, 0},
		{"does not", exactChunked, []Verdict{Forwarded, Victim}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, stderr bytes.Buffer
			status := Main([]string{"-replay", name, "-to", tt.backend.start(t), "-json"}, &out, &stderr)
			rep := &Report{}
			if err := json.Unmarshal(out.Bytes(), rep); err != nil {
				t.Fatalf("%v: %s%s", err, out.Bytes(), stderr.Bytes())
			}
			var got []Verdict
			for _, res := range rep.Results {
				got = append(got, res.Verdict)
			}
			if !slices.Equal(got, tt.want) || status != tt.status {
				t.Errorf("%v, and exit status %d: %s", got, status, out.Bytes())
			}
		})
	}
}

// TestHostileBackends are backends whose bytes must break nothing: not the report, the terminal, memory, nor the run's end.
func TestHostileBackends(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"escapes":      "HTTP/1.1 200 \x1b[2J\r\nContent-Length: 10\r\n\x1b[2J: \x1b\r\n\r\n\x1b[2J\x07\r\n....",
		"no end":       "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + strings.Repeat("x", 1<<20),
		"no response":  strings.Repeat("\x00\xff\x1b", 1<<16),
		"many answers": strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\x1b", 1<<12),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listen := freeAddr(t)
			hostile := toyBackend(func(target, _ string, _ []byte) (string, int) {
				if target == "/" {
					return "", 0
				}
				return answer, 0
			})
			var out, stderr bytes.Buffer
			status := Main([]string{
				"-front", toyProxy{keeps: true}.start(t, listen), "-post", toyProxy{keeps: true}.start(t, listen), "-listen", listen,
				"-to", hostile.start(t), "-only", "ambiguous", "-v", "-all", "-patience", "300ms",
			}, &out, &stderr)
			if status > 2 {
				t.Errorf("exit status %d", status)
			}
			for _, r := range out.String() + stderr.String() {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Fatalf("%q was printed: %.2000q", r, out.String()+stderr.String())
				}
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tt := range []struct{ args, want string }{
		{"", "it needs -front URL"},
		{"-front http://127.0.0.1:1/ -listen 127.0.0.1:0", "-to HOST:PORT"},
		{"-front http://127.0.0.1:1/ -listen 127.0.0.1:0 -to 127.0.0.1:1", "refused"},
		{"-front https://127.0.0.1:1/ -listen 127.0.0.1:0 -to 127.0.0.1:1", "plain http only"},
		{"-front nonsense -listen 127.0.0.1:0 -to 127.0.0.1:1", "is not an http"},
		{"-front http://127.0.0.1:1/ -listen nowhere -to 127.0.0.1:1", "-listen"},
		{"-front http://127.0.0.1:1/ -listen 127.0.0.1:0 -to nowhere:x", "-to"},
		{"-front http://192.0.2.1/ -listen 127.0.0.1:0 -to 127.0.0.1:1", "another machine"},
		{"-replay " + dir + "/none -to 127.0.0.1:1", "none"},
		{"-replay " + dir + " -to 127.0.0.1:1", "directory"},
		{"-replay x -front http://127.0.0.1/ -to 127.0.0.1:1", "-replay needs no proxy"},
		{"-replay x", "-replay needs a backend"},
		{"-patience 0s -replay x -to 127.0.0.1:1", "-patience"},
		{"-fail-on x -replay x -to 127.0.0.1:1", "-fail-on"},
		{"more", "everything is said by flags"},
		{"-nonsense", "flag"},
	} {
		var out, stderr bytes.Buffer
		status := Main(strings.Fields(tt.args), &out, &stderr)
		text := stderr.String()
		if status != 2 || strings.Count(text, "\n") != 1 || !strings.Contains(text, tt.want) || out.Len() > 0 {
			t.Errorf("%q: exit status %d, %q, %q", tt.args, status, text, out.String())
		}
	}
}

func TestAsItCame(t *testing.T) {
	t.Parallel()
	const sent = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\nGET"
	for _, tt := range []struct {
		forwarded string
		want      bool
	}{
		{sent, true},
		{"POST /b HTTP/1.1\r\nVia: y\r\ntransfer-encoding:chunked,\t\r\n\r\n0\r\n\r\n", true},
		{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
		{"POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", false},
		{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked,\r\n\r\n3\r\nGET\r\n0\r\n\r\n", false},
		{"", false},
	} {
		if got := asItCame([]byte(sent), []byte(tt.forwarded)); got != tt.want {
			t.Errorf("%q: %v", tt.forwarded, got)
		}
	}
}
