// Every comparison is made here: the same handler on net/http and on spillway, the same client, one outcome.

package ecosystem

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server/nethttp"
)

// engine is a server under test.
type engine struct {
	name string
	// serve serves s on l until shut is called.
	serve func(s *http.Server, l net.Listener) (shut func() error)
}

var (
	stock = engine{"net/http", func(s *http.Server, l net.Listener) func() error {
		go s.Serve(l)
		return s.Close
	}}
	spillway = engine{"spillway", func(s *http.Server, l net.Listener) func() error {
		srv := nethttp.New(s)
		go srv.Serve(l)
		return srv.Close
	}}
)

// site is one running server and a client of it.
type site struct {
	URL    string // http://127.0.0.1:port
	Addr   string // 127.0.0.1:port
	Client *http.Client
}

var quiet = log.New(io.Discard, "", 0)

// start runs h on an engine until the test ends.
func (e engine) start(t *testing.T, h http.Handler) site {
	t.Helper()
	return e.startServer(t, &http.Server{Handler: h})
}

// startServer runs s on an engine until the test ends.
func (e engine) startServer(t *testing.T, s *http.Server) site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if s.ErrorLog == nil {
		s.ErrorLog = quiet
	}
	shut := e.serve(s, l)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := shut(); err != nil {
			t.Errorf("%s: closing: %v", e.name, err)
		}
	})
	addr := l.Addr().String()
	return site{"http://" + addr, addr, &http.Client{Transport: transport, Timeout: 20 * time.Second}}
}

// sameOutcome runs use against the handler that makeHandler makes, on net/http and on spillway, and fails the test where
// the outcomes differ. It returns the outcome, so that the test can say what it must be on both.
func sameOutcome[T any](t *testing.T, makeHandler func() http.Handler, use func(t *testing.T, s site) T, options ...cmp.Option) T {
	t.Helper()
	var outcomes [2]T
	for i, e := range []engine{stock, spillway} {
		t.Run(e.name, func(t *testing.T) { outcomes[i] = use(t, e.start(t, makeHandler())) })
	}
	if diff := cmp.Diff(outcomes[0], outcomes[1], options...); diff != "" {
		t.Errorf("net/http (-) and spillway (+) differ:\n%s", diff)
	}
	return outcomes[1]
}

// answer is what a client sees of a response, Date aside.
type answer struct {
	Status   int
	Header   http.Header
	Body     string
	Trailer  http.Header
	ReadErr  bool
	Encoding []string
	Close    bool // the response said Connection: close
}

// fetch sends a request and reads the whole response.
func fetch(t *testing.T, s site, req *http.Request) answer {
	t.Helper()
	res, err := s.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(res)
}

// get fetches a path.
func get(t *testing.T, s site, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fetch(t, s, req)
}

// read reads the rest of a response.
func read(res *http.Response) answer {
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	res.Header.Del("Date")
	return answer{res.StatusCode, res.Header, string(body), res.Trailer, err != nil, res.TransferEncoding, res.Close}
}
