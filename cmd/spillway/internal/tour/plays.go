// Package tour is what the lab's live page plays: a button for each route, which leaves the content in another state, and seven
// stops that show what goes wrong where a server does not know what it has left over, and that spillway does not.
package tour

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
	"github.com/spillway-go/spillway/cmd/spillway/internal/replay"
	"github.com/spillway-go/spillway/server/live"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// Target is a server that plays are played against.
type Target struct {
	Addr  net.Addr
	TLS   bool
	Proxy bool // connections begin with a PROXY header
}

// dial opens a connection. Its buffers are small, so that who does not read is soon noticed.
func (t Target) dial(ctx context.Context) (net.Conn, error) {
	addr := t.Addr.String()
	if tcp, ok := t.Addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		addr = fmt.Sprintf("localhost:%d", tcp.Port)
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, t.Addr.Network(), addr)
	if err != nil {
		return nil, err
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetReadBuffer(64 << 10)
		tcp.SetWriteBuffer(64 << 10)
	}
	if t.Proxy {
		if _, err := nc.Write([]byte("PROXY UNKNOWN\r\n")); err != nil {
			nc.Close()
			return nil, err
		}
	}
	if t.TLS {
		return tls.Client(nc, &tls.Config{InsecureSkipVerify: true}), nil // it is this process's own
	}
	return nc, nil
}

// play returns a play of a dialogue.
func (t Target) play(id, name, text, wire string, patience time.Duration) live.Play {
	script, err := replay.Parse(strings.TrimSpace(wire))
	if err != nil {
		panic(fmt.Sprintf("tour: %s: %v", id, err))
	}
	return live.Play{ID: id, Name: name, Text: text, Run: func(ctx context.Context) (live.Played, error) {
		nc, err := t.dial(ctx)
		if err != nil {
			return live.Played{}, err
		}
		var played live.Played
		if t.Addr.Network() != "unix" { // all of whose clients have one address
			played.Client, played.Server = nc.LocalAddr().String(), nc.RemoteAddr().String()
		}
		_, outcome := script.Play(ctx, nc, patience)
		return played, outcome.Verdict()
	}}
}

// post is a POST of content, as the notation has it, to a target.
func post(target, content string) string {
	b, _, err := dialogue.Decode(content, nil)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("C: POST %s HTTP/1.1\nC: Host: lab\nC: Content-Length: %d\nC:\nC: %s\\\n", target, len(b), content)
}

// follow is a request that shows what has become of the connection.
const follow = "C: GET /plaintext HTTP/1.1\nC: Host: lab\nC:\nS: <response> 200\n"

// Scenarios are the probe's, but for those of which there are many, as plays against a lab.
func Scenarios(url string) (all []live.Play) {
	for _, s := range probe.Catalogue(true, false) {
		if strings.HasSuffix(s.Group, ", many") {
			continue
		}
		all = append(all, live.Play{ID: "probe-" + s.ID, Name: s.Name, Text: s.Why + " (" + s.Ref + ")", Group: s.Group, Run: func(ctx context.Context) (live.Played, error) {
			report, err := probe.Run(ctx, probe.Config{URL: url, Lab: true, All: true, Insecure: strings.HasPrefix(url, "https:"), Tries: 1, Only: func(o *probe.Scenario) bool { return o.ID == s.ID }})
			if err != nil || len(report.Results) == 0 {
				return live.Played{}, err
			}
			r := report.Results[0]
			return live.Played{Said: fmt.Sprintf("The probe's verdict: %s: %s", r.Verdict, r.What)}, nil
		}})
	}
	return all
}

// Buttons are the plays against the lab, one for each state in which a route leaves the content.
func Buttons(t Target) []live.Play {
	const patience = 15 * time.Second
	var all []live.Play
	add := func(id, name, text, wire string) { all = append(all, t.play(id, name, text, wire, patience)) }
	add("plaintext", "/plaintext", "A GET: no content, nothing left over.", follow)
	add("consume", "/consume", "The handler reads all of the content.", post("/consume", "hello")+"S: <response> 200\n"+follow)
	add("ignore", "/ignore", "The handler answers and reads nothing: 11 bytes are left, thrown away, and the connection is kept.",
		post("/ignore", "hello world")+"S: <response> 200\n"+follow)
	add("ignore-much", "/ignore, 1 MiB", "More is left than the drain limit: the connection ends behind the answer.",
		post("/ignore", "{x*1048576}")+"S: <response> 200\n")
	add("partial", "/partial", "The handler reads five bytes; what it leaves spells a request, and becomes none.",
		post("/partial?n=5", `helloGET /status?code=299 HTTP/1.1\r\nHost: lab\r\n\r\n`)+"S: <response> 200\n"+follow)
	add("chunked", "/consume, chunked", "Content in chunks, with a trailer.",
		"C: POST /consume HTTP/1.1\nC: Host: lab\nC: Transfer-Encoding: chunked\nC:\nC: 5\nC: hello\nC: 6;note=x\nC:  world\nC: 0\nC: X-Sum: 11\nC:\nS: <response> 200\n"+follow)
	add("echo", "/echo", "Content comes in and goes out at once.", post("/echo", "{x*20000}")+"S: <response> 200\n"+follow)
	add("reject", "/reject", "Refused early: 413 while the client is still sending, and it arrives, because the closing connection lingers.",
		post("/reject?max=10", "{x*8388608}")+"S: <response> 413\n")
	add("fail", "/fail", "The handler panics; its content is thrown away, and the connection is kept.", post("/fail", "hello")+"S: <response> 500\n"+follow)
	add("expect", "100-continue", "The client waits for a 100 before it sends its content.",
		"C: POST /consume HTTP/1.1\nC: Host: lab\nC: Content-Length: 5\nC: Expect: 100-continue\nC:\nS: <response> 100\nC: hello\\\nS: <response> 200\n"+follow)
	add("unasked", "100 never sent", "The client waits for a 100, the handler wants no content: nobody knows whether it comes, and the connection ends.",
		"C: POST /ignore HTTP/1.1\nC: Host: lab\nC: Content-Length: 5\nC: Expect: 100-continue\nC:\nS: <response> 200\n")
	add("pipelined", "pipelined", "Three requests at once, answered in their order.",
		strings.Repeat("C: GET /sleep?ms=100 HTTP/1.1\nC: Host: lab\nC:\n", 2)+"C: GET /plaintext HTTP/1.1\nC: Host: lab\nC:\n"+strings.Repeat("S: <response> 200\n", 3))
	add("two-lengths", "two framings", "A length and chunks in one request: readers differ, and so it is refused.",
		"C: POST /consume HTTP/1.1\nC: Host: lab\nC: Content-Length: 5\nC: Transfer-Encoding: chunked\nC:\nC: 0\nC:\nS: <response> 400\n")
	add("bad-chunk", "a bad chunk", "Framing that breaks its grammar: there is no end to be found, and nothing behind it is a request.",
		"C: POST /consume HTTP/1.1\nC: Host: lab\nC: Transfer-Encoding: chunked\nC:\nC: zz\nC: GET /plaintext HTTP/1.1\nC: Host: lab\nC:\nS: <response> 400\n")
	add("gone", "a client that goes", "The client resets the connection in the middle of its content.",
		post("/consume", "hello")+"~ 50ms\nC: <RST>\n")
	return all
}
