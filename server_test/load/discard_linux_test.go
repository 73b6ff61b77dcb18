//go:build !spillway_portable

// What nobody wants is thrown away in the kernel: recv with MSG_TRUNC, seen from outside by strace.

package load_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

func TestDiscardDoesNotCopy(t *testing.T) {
	sockets.Clean(t)
	strace := sockets.Program(t, "strace")
	for _, test := range []struct {
		name string
		size int64
		head string
		kept bool
	}{
		{"lingering", 20e6, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", false},
		{"draining", 200e3, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "strace")
			addr, _, end := sockets.Process(t, 1000, strace, "-f", "-qq", "-o", log, "-e", "trace=read,readv,recvfrom,recvmsg")
			c := sockets.Dial(t, addr)
			c.Send(test.size, test.head, test.size)
			c.WantAnswer("POST", 200, "ignored\n")
			if test.kept {
				c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
				c.WantAnswer("GET", 200, "Hello, World!")
				c.Close()
			} else {
				c.WantEnd()
				c.Close()
				sockets.Eventually(func() bool { // the server has come to the end
					return regexp.MustCompile(`recvfrom.*\) += 0`).MatchString(systemCalls(t, log))
				})
			}
			end()
			text := systemCalls(t, log)
			var truncated, calls int64
			for _, m := range regexp.MustCompile(`recvfrom\(\d+, NULL, \d+, MSG_TRUNC.*\) += (\d+)`).FindAllStringSubmatch(text, -1) {
				n, _ := strconv.ParseInt(m[1], 10, 64)
				truncated += n
				calls++
			}
			t.Logf("%d of %d bytes were thrown away in %d calls that copy nothing", truncated, test.size, calls)
			if truncated < test.size-64<<10 { // the first read may have taken some with the head
				t.Errorf("only %d of %d bytes were thrown away without being copied; strace says\n%.3000s", truncated, test.size, text)
			}
		})
	}
}

// systemCalls returns strace's log with one call on each line: strace cuts the line of a call in two where another
// thread's call comes between.
func systemCalls(t *testing.T, log string) string {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var whole strings.Builder
	begun := map[string]string{} // by thread
	for line := range strings.Lines(string(text)) {
		thread, call, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if start, unfinished := strings.CutSuffix(call, " <unfinished ...>"); unfinished {
			begun[thread] = start
			continue
		}
		if _, rest, resumed := strings.Cut(call, " resumed>"); resumed {
			call = begun[thread] + rest
		}
		whole.WriteString(call + "\n")
	}
	return whole.String()
}
