// What is refused: every case is sent to a server, and the page says what the server answered.

package docs_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// refusal is a request that is refused.
type refusal struct {
	what string
	show string // as the page shows it, without the lines that are as they should be
	send string // "": what is shown, with the other lines of a plain request around it
	rule string // "": what the answer names
	then func(*servertest.Client)
}

// line is a plain request with another request line, field one with another field line.
func line(what, show string) refusal {
	return refusal{what: what, show: show, send: show + "\r\nHost: a\r\n\r\n"}
}
func field(what, show string) refusal {
	return refusal{what: what, show: show, send: "GET / HTTP/1.1\r\nHost: a\r\n" + show + "\r\n\r\n"}
}

// chunked is a chunked message with this body.
func chunked(what, show, body string) refusal {
	return refusal{what: what, show: show, send: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body}
}

// long is a text of more than so many bytes.
func long(n int) string { return strings.Repeat("x", n+1) }

var headRefusals = []refusal{
	field("a line that ends in LF alone", `X: 1<LF>`),
	field("a CR without its LF", `X: 1<CR>2`),
	field("a control, other than a tab, in a value", `X: 1<NUL>`),
	field("a field name that is no token", `X(Y): 1`),
	field("no field name", `: 1`),
	field("a field line without a colon", `X`),
	field("white space before the colon", `X : 1`),
	field("a folded field line (obs-fold)", `X: 1<CR><LF> 2`),
	line("a method that is no token", `G(T / HTTP/1.1`),
	line("no request-target", `GET  HTTP/1.1`),
	line("no version", `GET /`),
	line("a control in the request-target", `GET /<NUL> HTTP/1.1`),
	line("a version in another form, or more white space", `GET /  HTTP/1.1`),
	line("another major version", `GET / HTTP/2.0`),
	{what: "an HTTP/1.1 request without Host", show: `GET / HTTP/1.1`, send: "GET / HTTP/1.1\r\n\r\n"},
	field("two Host fields", `Host: b`),
	{what: "a Host that is no host with a port", show: `Host: a:b`, send: "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
	line("a fragment", `GET /#x HTTP/1.1`),
	line("a target that is neither a path nor an http URI", `GET ftp://a/ HTTP/1.1`),
	line("an authority that is no host with a port", `GET http://u@a/ HTTP/1.1`),
	line("`*` with another method than OPTIONS", `GET * HTTP/1.1`),
	line("CONNECT to what is no host and port", `CONNECT / HTTP/1.1`),
	line("CONNECT to a port beyond 65535", `CONNECT example.test:65536 HTTP/1.1`),
	field("a Content-Length that is no number", `Content-Length: +1`),
	field("an empty Content-Length", `Content-Length:`),
	field("a Content-Length that no int64 holds", `Content-Length: 9223372036854775808`),
	field("two Content-Length fields, equal or not", `Content-Length: 1<CR><LF>Content-Length: 1`),
	field("Content-Length beside Transfer-Encoding", `Content-Length: 1<CR><LF>Transfer-Encoding: chunked`),
	{what: "Transfer-Encoding in HTTP/1.0", show: `Transfer-Encoding: chunked`, send: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
	field("chunked that is not once, last and bare", `Transfer-Encoding: chunked, gzip`),
	field("a malformed list of codings", `Transfer-Encoding: ,chunked`),
	field("a transfer coding that nobody knows", `Transfer-Encoding: gzip`),
	{what: "content of a CONNECT, by its length", show: `Content-Length: 1`, send: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\n"},
	{what: "content of a CONNECT, in chunks", show: `Transfer-Encoding: chunked`,
		send: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n"},
	field("an expectation other than 100-continue", `Expect: 200-ok`),
	{what: "a method of more than 64 bytes", send: long(64) + " / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{what: "a request-target over `TargetBytes`", send: "GET /" + long(16<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{what: "a request line over `HeadBytes`", send: "GET /" + long(64<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n"},
	{what: "field lines that take the head over `HeadBytes`", send: "GET / HTTP/1.1\r\nHost: a\r\nX: " + long(64<<10) + "\r\n\r\n"},
	{what: "more than `Fields` field lines", send: "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: 1\r\n", 256) + "\r\n"},
	{what: "more than `HeadBytes` of empty lines before a request", send: strings.Repeat("\r\n", 40<<10)},
	{what: "a declared length over `BodyBytes`", show: `Content-Length: 1000001`, rule: "RFC 9110 §15.5.14",
		send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\n"},
	{what: "an end of the stream inside the head", show: `GET / HT<end>`, send: "GET / HT", then: (*servertest.Client).CloseWrite},
	{what: "a head that does not end within the `ReadHeaderTimeout`", send: "GET / HT",
		then: func(c *servertest.Client) { c.Timeout = time.Minute }},
}

var contentRefusals = []refusal{
	chunked("a chunk size that is no hexadecimal number", `-1`, "-1\r\n"),
	chunked("a chunk size that no int64 holds", `10000000000000000`, "10000000000000000\r\n"),
	chunked("content that goes on behind its chunk", `1<CR><LF>xx`, "1\r\nxx\r\n"),
	chunked("a malformed chunk extension", `1;=<CR><LF>`, "1;=\r\nx\r\n0\r\n\r\n"),
	chunked("chunk extensions over `ChunkExtBytes`", ``, "1;a="+long(16<<10)+"\r\nx\r\n0\r\n\r\n"),
	chunked("chunk framing over `ChunkOverheadBytes`", ``, strings.Repeat("1\r\nx\r\n", 400_000)+"0\r\n\r\n"),
	chunked("a trailer line that a head may not have", `X : 1`, "0\r\nX : 1\r\n\r\n"),
	chunked("a trailer section over `TrailerBytes`", ``, "0\r\nX: "+long(16<<10)+"\r\n\r\n"),
	chunked("more than `Fields` trailer lines", ``, "0\r\n"+strings.Repeat("X: 1\r\n", 257)+"\r\n"),
	{what: "chunked content over `BodyBytes`", rule: "RFC 9110 §15.5.14",
		send: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nf4241\r\n" + long(1_000_000) + "\r\n0\r\n\r\n"},
	{what: "an end of the stream inside the content", rule: "RFC 9112 §8", then: (*servertest.Client).CloseWrite,
		send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello"},
	{what: "content that comes more slowly than `MinReadRate`, or not within the `ReadTimeout`", rule: "RFC 9110 §15.5.9",
		send: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello",
		then: func(c *servertest.Client) { c.Timeout = time.Minute }},
}

var wireBytes = strings.NewReplacer("<LF>", "\n", "<CR>", "\r", "<NUL>", "\x00")

// ask sends a refusal to a server, and returns the status and the rule that it answers with. The connection must end behind the
// answer, and cleanly.
func ask(t *testing.T, r refusal) (status int, rule string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := servertest.Start(t, server.HandlerFunc(readAll), servertest.InMemory(servertest.Link{Buffer: 4 << 20}),
			servertest.Limits(server.Limits{BodyBytes: 1_000_000}))
		c := srv.Dial()
		c.Send(wireBytes.Replace(r.send))
		if r.then != nil {
			r.then(c)
		}
		method, _, _ := strings.Cut(r.send, " ")
		res := c.ReadResponseTo(method)
		if !res.Has("Connection", "close") {
			t.Errorf("%s: the answer does not say that the connection ends", r.what)
		}
		c.ExpectClosed()
		status, rule = res.Status, r.rule
		if m := section.FindAllString(string(res.Body), -1); rule == "" && len(m) > 0 {
			rule = m[len(m)-1]
		}
		if rule == "" {
			t.Errorf("%s: %q names no rule", r.what, res.Body)
		}
	})
	return status, rule
}

func readAll(w *server.Response, r *server.Request) error {
	_, err := io.Copy(io.Discard, r.Body)
	return err
}

func refusalTable(t *testing.T) string { return tableOf(t, headRefusals) }
func contentTable(t *testing.T) string { return tableOf(t, contentRefusals) }

var (
	found   = map[string]bool{} // status and rule
	foundMu sync.Mutex
)

func tableOf(t *testing.T, all []refusal) string {
	t.Helper()
	var rows [][]string
	for _, r := range all {
		status, rule := ask(t, r)
		foundMu.Lock()
		found[fmt.Sprint(status, " ", rule)] = true
		foundMu.Unlock()
		show := ""
		if r.show != "" {
			show = "`` " + r.show + " ``"
			if !strings.Contains(r.show, "`") {
				show = "`" + r.show + "`"
			}
		}
		rows = append(rows, []string{r.what, show, fmt.Sprint(status), sections(rule)})
	}
	return table([]string{"what is refused", "for example", "status", "rule"}, rows...)
}

// TestEveryRefusalIsNamed finds every place in the code that refuses something by a status and a rule, and looks whether a case
// of the page meets that status and that rule.
func TestEveryRefusalIsNamed(t *testing.T) {
	tableOf(t, slices.Concat(headRefusals, contentRefusals))
	n := 0
	for _, dir := range []string{"parser", "conn"} {
		consts := map[string]string{}
		check := func(path string, status, rule ast.Expr) {
			s, ok := status.(*ast.BasicLit)
			if !ok || s.Kind != token.INT {
				return
			}
			text := ""
			switch rule := rule.(type) {
			case *ast.BasicLit:
				text, _ = strconv.Unquote(rule.Value)
			case *ast.Ident:
				text = consts[rule.Name]
			}
			n++
			if want := s.Value + " " + text; text != "" && !found[want] {
				t.Errorf("docs/refusals.md: no case is refused with %s, as %s does", want, path)
			}
		}
		eachFile(t, dir, func(_ string, f *ast.File) {
			ast.Inspect(f, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
					if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
						consts[v.Names[0].Name], _ = strconv.Unquote(lit.Value)
					}
				}
				return true
			})
		})
		eachFile(t, dir, func(path string, f *ast.File) {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "refuse" && len(n.Args) >= 3 {
						check(path, n.Args[0], n.Args[1])
					}
				case *ast.CompositeLit:
					fields := map[string]ast.Expr{}
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok {
							if id, ok := kv.Key.(*ast.Ident); ok {
								fields[id.Name] = kv.Value
							}
						}
					}
					if fields["Status"] != nil && fields["Section"] != nil {
						check(path, fields["Status"], fields["Section"])
					}
				}
				return true
			})
		})
	}
	if n < 40 {
		t.Errorf("only %d places refuse anything", n)
	}
}

var address = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+:\d+`)

// traceOfAConnection is what a server tells of a connection with three exchanges.
func traceOfAConnection(t *testing.T) string {
	var lines []string
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		tell := func(e server.Event) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, address.ReplaceAllString(e.String(), "192.0.2.2:49152"))
		}
		srv := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
			_, err := w.WriteString("ignored\n")
			return err
		}), servertest.InMemory(), servertest.Configure(func(s *server.Server) { s.Trace = tell }))
		c := srv.Dial()
		c.Send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world")
		c.ReadResponse()
		c.Send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
		c.ReadResponse()
		c.ExpectClosed()
		c.Close()
		synctest.Wait()
	})
	return "```\n" + strings.Join(lines, "\n") + "\n```\n"
}
