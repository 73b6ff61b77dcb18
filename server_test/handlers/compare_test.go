// The comparison: one request, sent to both servers, and what may differ between their answers.

package handlers

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// row is one request.
type row struct {
	request string   // the request line without the version
	fields  []string // field lines, and the content behind an empty one
	differs string   // the name of the difference that it shows; "": there is none
}

// pair is two servers that ought to answer alike.
type pair struct {
	t       *testing.T
	ours    string
	theirs  string
	compare []string // the fields that are compared, beside the status
	content bool     // the content is compared, too
	shown   map[string]bool
	n       int
}

func start(t *testing.T, ours server.Handler, theirs http.Handler, compare ...string) *pair {
	t.Helper()
	stock := httptest.NewServer(theirs)
	t.Cleanup(stock.Close)
	return &pair{
		t: t, ours: servertest.Start(t, ours).Addr, theirs: stock.Listener.Addr().String(),
		compare: compare, shown: map[string]bool{},
	}
}

// answer is what is compared of a response.
type answer struct {
	status  int
	fields  string
	content string
}

// ask sends a request in a connection of its own.
func (p *pair) ask(addr string, r row) (a answer) {
	p.t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	head, content := r.fields, ""
	if i := slices.Index(head, ""); i >= 0 {
		head, content = r.fields[:i], strings.Join(r.fields[i+1:], "")
	}
	lines := append([]string{r.request + " HTTP/1.1"}, head...)
	if !slices.ContainsFunc(head, func(f string) bool { return strings.HasPrefix(f, "Host:") }) {
		lines = append(lines, "Host: a.example:80")
	}
	lines = append(lines, "Connection: close", "", content)
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")); err != nil {
		p.t.Fatal(err)
	}
	method, _, _ := strings.Cut(r.request, " ")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		p.t.Fatalf("%s: %v", r.request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatalf("%s: %v", r.request, err)
	}
	a.status = res.StatusCode
	several := strings.HasPrefix(res.Header.Get("Content-Type"), "multipart/")
	for _, name := range p.compare {
		if name == "Content-Length" && (several || a.status >= 300) {
			continue // boundaries and the texts of errors are each server's own
		}
		if v := res.Header.Values(name); v != nil {
			a.fields += name + ": " + strings.Join(v, " | ") + "\n"
		}
	}
	if p.content && a.status < 300 && method != "HEAD" {
		a.content = string(body)
		if _, boundary, ok := strings.Cut(res.Header.Get("Content-Type"), "boundary="); ok {
			a.content = strings.ReplaceAll(a.content, boundary, "BOUNDARY")
			a.fields = strings.ReplaceAll(a.fields, boundary, "BOUNDARY")
		}
	}
	return a
}

// run asks all rows.
func (p *pair) run(rows []row) {
	p.t.Helper()
	for _, r := range rows {
		p.n++
		ours, theirs := p.ask(p.ours, r), p.ask(p.theirs, r)
		switch {
		case r.differs == "" && ours != theirs:
			p.t.Errorf("%s %q: got\n%+v\nnet/http\n%+v", r.request, r.fields, ours, theirs)
		case r.differs != "" && ours == theirs:
			p.t.Errorf("%s %q shows nothing of %q: both\n%+v", r.request, r.fields, r.differs, ours)
		}
		if r.differs != "" {
			p.shown[r.differs] = true
		}
	}
}

var listed = regexp.MustCompile(`(?m)^//   - ([^:\n]+): `)

// documented checks that a package's comment lists the differences that were shown, and no other.
func documented(t *testing.T, dir string, shown map[string]bool) {
	t.Helper()
	text, err := os.ReadFile("../../server/" + dir + "/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(text), "// # Differences from net/http\n")
	if !ok {
		t.Fatalf("server/%s has no list of differences", dir)
	}
	list, _, _ = strings.Cut(list, "// # ")
	var names []string
	for _, m := range listed.FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	if got := slices.Sorted(maps.Keys(shown)); !slices.Equal(got, names) {
		t.Errorf("server/%s lists\n%q\nshown are\n%q", dir, names, got)
	}
}

// enough fails if a table has lost its rows.
func (p *pair) enough(rows int) {
	p.t.Helper()
	p.t.Logf("%d requests compared", p.n)
	if p.n < rows {
		p.t.Errorf("only %d requests were compared, want %d", p.n, rows)
	}
}
