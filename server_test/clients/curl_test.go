// curl, as people use it for uploads: slowly, from files, with and without an expectation.

package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

func TestCurlUploads(t *testing.T) {
	curl := sockets.Program(t, "curl")
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, make([]byte, 3e6), 0o600); err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(t.TempDir(), "small")
	if err := os.WriteFile(small, make([]byte, 100e3), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args string // @ stands for the server, % for the file of 3 MB and %s for the one of 100 kB
		want string // what curl prints, with the status
	}{
		{"PUT", "-T % @/consume", "consumed 3000000 bytes\n200"},
		{"PUT ignored", "-T % @/ignore", "ignored\n200"},
		{"PUT rejected", "-T % @/reject?max=4096", "too large: the limit is 4096 bytes\n413"},
		{"PUT fails", "-T % @/fail", "Internal Server Error\n500"},
		{"slowly", "--limit-rate 300k -T %s @/consume", "consumed 100000 bytes\n200"},
		{"slowly ignored", "--limit-rate 3M -T % @/ignore", "ignored\n200"},
		{"slowly rejected", "--limit-rate 3M -T % @/reject?max=4096", "too large: the limit is 4096 bytes\n413"},
		{"no expectation", "-H Expect: -T % @/ignore", "ignored\n200"},
		{"no expectation, rejected", "-H Expect: -T % @/reject?max=4096", "too large: the limit is 4096 bytes\n413"},
		{"no expectation, small", "-H Expect: -T %s @/reject?max=4096", "too large: the limit is 4096 bytes\n413"},
		{"expectation", "-H Expect:100-continue -T %s @/consume", "consumed 100000 bytes\n200"},
		{"expectation, never read", "-H Expect:100-continue -T %s @/ignore", "ignored\n200"},
		{"expectation, rejected", "-H Expect:100-continue -T %s @/reject?max=4096", "too large: the limit is 4096 bytes\n413"},
		{"strange expectation", "-H Expect:wonders -T %s @/consume", "417"},
		{"chunked", "-H Transfer-Encoding:chunked -T % @/consume", "consumed 3000000 bytes\n200"},
		{"chunked rejected", "-H Transfer-Encoding:chunked -T % @/reject?max=4096", "too large: the limit is 4096 bytes\n413"},
		{"HTTP/1.0", "-0 -T % @/ignore", "ignored\n200"},
		{"HTTP/1.0 with an expectation", "-0 -H Expect:100-continue -T %s @/consume", "consumed 100000 bytes\n200"},
		{"form", "-F file=<%s -F file=@/dev/null @/ignore", "ignored\n200"},
		{"one after the other", "-T %s @/ignore -T %s @/fail -T %s @/consume", "ignored\nInternal Server Error\nconsumed 100000 bytes\n200500200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sockets.Clean(t)
			live := sockets.Serve(t, &server.Server{})
			args := strings.NewReplacer("@/dev", "@/dev", "@/", "http://"+live.Addr+"/", "%s", small, "%", file).Replace(test.args)
			cmd := exec.Command(curl, append([]string{"-sS", "--max-time", "20", "-w", "%{stderr}%{http_code}"}, strings.Fields(args)...)...)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if got := stdout.String() + stderr.String(); err != nil || !strings.HasSuffix(got, test.want) {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
			for _, e := range live.WaitEvents(t, int(conn.EventClosed), 1) {
				if e.Reason == conn.ReasonWriteFailed {
					t.Error(fmt.Sprint("a response could not be sent: ", e))
				}
			}
		})
	}
}
