// Widely used clients, each with one session: an answer that comes before the upload's end does not cost the client the
// request behind it.

package clients_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

var clientsOracle = flag.Bool("clients-oracle", false, "run the clients' test against net/http, to see that the test itself is right")

const (
	clientBytes  = 20 << 20 // of an upload
	clientRounds = 20       // uploads to one route
)

// clientRoutes answer an upload before its end, with these statuses.
var clientRoutes = []struct{ target, status string }{
	{"/ignore", "200"},
	{"/partial?n=1000", "200"},
	{"/status?code=401", "401"},
	{"/reject?max=1000", "413"},
}

// userAgent is a program, or a function, that uploads rounds times to each route and sends another request behind each
// upload. It prints a line for each round: the route and what became of the two requests, with tabs between them.
type userAgent struct {
	name    string
	program []string // and its first arguments; what is behind them is as in testdata
	has     []string // a command that fails where the program lacks something
	run     func(ctx context.Context, base string, rounds int, routes []string, out io.Writer) error
}

var userAgents = []userAgent{
	{name: "aiohttp", program: []string{"/usr/bin/python3", "use_aiohttp.py"}, has: []string{"/usr/bin/python3", "-c", "import aiohttp"}},
	{name: "requests", program: []string{"/usr/bin/python3", "use_requests.py"}, has: []string{"/usr/bin/python3", "-c", "import requests"}},
	{name: "Node's agent", program: []string{"node", "use_agent.js"}},
	{name: "Java's HttpClient", program: []string{"java", "UseHttpClient.java"}, has: []string{"javac", "-version"}},
	{name: "curl", program: []string{"curl"}, run: useCurl},
	{name: "Go's client", run: useGo},
}

func TestClientsKeepTheirConnections(t *testing.T) {
	if !sockets.Parks {
		t.Skip("the command is built without this tag, so that this would be the same test again")
	}
	if *clientsOracle {
		srv := httptest.NewServer(clientsLab())
		defer srv.Close()
		testClients(t, srv.URL)
		return
	}
	for _, api := range []string{"native", "nethttp"} {
		t.Run(api, func(t *testing.T) { testClients(t, command.Start(t, "-api", api).URL) })
	}
}

func testClients(t *testing.T, base string) {
	rounds := clientRounds
	if sockets.Race {
		rounds = 3
	}
	var routes []string
	for _, r := range clientRoutes {
		routes = append(routes, r.target)
	}
	for _, c := range userAgents {
		t.Run(c.name, func(t *testing.T) {
			c.need(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			var out bytes.Buffer
			if err := c.use(ctx, base, rounds, routes, &out); err != nil {
				t.Errorf("%v", err)
			}
			checkRounds(t, out.String(), rounds)
		})
	}
}

// checkRounds reads what a client printed.
func checkRounds(t *testing.T, printed string, rounds int) {
	t.Helper()
	seen := map[string]int{}
	for line := range strings.Lines(printed) {
		seen[strings.TrimSuffix(line, "\n")]++
	}
	if *clientsOracle {
		forgiveUploads(t, seen)
	}
	for _, r := range clientRoutes {
		want := r.target + "\t" + r.status + "\t200"
		if seen[want] != rounds {
			t.Errorf("%d of %d times %q", seen[want], rounds, want)
		}
		delete(seen, want)
	}
	for line, n := range seen {
		t.Errorf("%d times %q", n, line)
	}
}

// forgiveUploads takes uploads that failed for good ones, and logs them: net/http resets clients that go on sending, and what
// it is asked here is how the requests behind them fare.
func forgiveUploads(t *testing.T, seen map[string]int) {
	for line, n := range maps.Clone(seen) {
		for _, r := range clientRoutes {
			good := r.target + "\t" + r.status + "\t200"
			if line != good && strings.HasPrefix(line, r.target+"\t") && strings.HasSuffix(line, "\t200") {
				t.Logf("%d times %q", n, line)
				delete(seen, line)
				seen[good] += n
			}
		}
	}
}

// need skips the test where the client cannot be run, and fails it where everything should be there.
func (c *userAgent) need(t *testing.T) {
	t.Helper()
	if c.program != nil {
		sockets.Program(t, c.program[0])
	}
	if c.has == nil {
		return
	}
	if out, err := exec.CommandContext(t.Context(), c.has[0], c.has[1:]...).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v: %v: %s", c.has, err, out)
		}
		sockets.Unable(t, "%v: %v", c.has, err)
	}
}

func (c *userAgent) use(ctx context.Context, base string, rounds int, routes []string, out io.Writer) error {
	if c.run != nil {
		return c.run(ctx, base, rounds, routes, out)
	}
	args := append(slices.Clone(c.program[1:]), base, strconv.Itoa(clientBytes), strconv.Itoa(rounds))
	cmd := exec.CommandContext(ctx, c.program[0], append(args, routes...)...)
	cmd.Dir = "testdata"
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v: %w: %s", c.program, err, &stderr)
	}
	return nil
}

// useCurl makes all requests with one curl, which takes the connections of the earlier ones for the later ones.
func useCurl(ctx context.Context, base string, rounds int, routes []string, out io.Writer) error {
	content, err := os.CreateTemp("", "upload")
	if err != nil {
		return err
	}
	defer os.Remove(content.Name())
	defer content.Close()
	if err := content.Truncate(clientBytes); err != nil {
		return err
	}
	args := []string{"-s"}
	request := func(format string, more ...string) {
		if len(args) > 1 {
			args = append(args, "--next", "-s")
		}
		args = append(append(args, "--max-time", "20", "-o", os.DevNull, "-w", format), more...)
	}
	for _, route := range routes {
		for range rounds {
			request(route+`\t%{http_code}\t%{onerror}%{errormsg}\t`, "-H", "Expect:", "-H", "Transfer-Encoding: chunked", "-X", "POST",
				"-T", content.Name(), base+route)
			request(`%{http_code}\n%{onerror}%{errormsg}\n`, base+"/plaintext")
		}
	}
	cmd := exec.CommandContext(ctx, "curl", args...)
	cmd.Stdout = out
	return cmd.Run()
}

// useGo makes all requests with one http.Client.
func useGo(ctx context.Context, base string, rounds int, routes []string, out io.Writer) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: sockets.Patience}
	ask := func(method, url string, content io.Reader) string {
		req, err := http.NewRequestWithContext(ctx, method, url, content)
		if err != nil {
			return err.Error()
		}
		res, err := c.Do(req)
		if err != nil {
			return err.Error()
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err.Error()
		}
		return strconv.Itoa(res.StatusCode)
	}
	for _, route := range routes {
		for range rounds {
			upload := ask("POST", base+route, io.LimitReader(zeros{}, clientBytes))
			fmt.Fprintf(out, "%s\t%s\t%s\n", route, upload, ask("GET", base+"/plaintext", nil))
		}
	}
	return ctx.Err()
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// clientsLab has the lab's routes that this test needs, for net/http's server.
func clientsLab() http.Handler {
	number := func(r *http.Request, name string) int64 {
		values, _ := url.ParseQuery(r.URL.RawQuery)
		n, _ := strconv.ParseInt(values.Get(name), 10, 64)
		return n
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/plaintext", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello, World!") })
	mux.HandleFunc("/ignore", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ignored\n") })
	mux.HandleFunc("/partial", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.CopyN(io.Discard, r.Body, number(r, "n"))
		fmt.Fprintf(w, "read %d bytes\n", n)
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(int(number(r, "code"))) })
	mux.HandleFunc("/reject", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, number(r, "max"))); err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	})
	return mux
}
