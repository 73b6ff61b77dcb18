// RESULTS.md: the table that is committed.

package main

import (
	_ "embed"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
)

// confirmed is written by hand: how each fault in the committed table was confirmed.
//
//go:embed confirmed.md
var confirmed string

const introduction = `# The peers' table

Real servers, each started on a loopback port and probed alone with ` + "`spillway probe`" + `; the same scenarios for all,
side by side and with every fault's dialogue in [results.html](results.html). The probe's verdicts: ok; closed (safe, but
the connection was not kept); CRASH and DEAD (of the whole server); DESYNC (content was read as a request); AMBIGUOUS
(answered where the framing was ambiguous, and kept open); RESET (under a client that was still sending); HANG; LOST (a
valid request was not answered); WRONG (an answer itself is wrong, such as content with the answer to a HEAD); BROKEN (the
connection ended behind an answer that did not say so, before the next one); LAX (what should have been refused was served;
that includes what the standard lets a server forgive, such as a bare LF between fields or a folded line); withheld (CRASH, DEAD, DESYNC or
AMBIGUOUS, of which it is not known that it is public: it goes to those who maintain the server).

The last columns say what browsers show after a form has uploaded 20 MB to a handler that answers without reading:
the server's page, or an error of its own (` + "`–`" + `: no such handler). Where a server reads everything first, no answer is
early, and the page is shown.

`

const setUp = `The handler answers every request at once and leaves the content to the server, unless it says otherwise. Behind a server's name:
**reads part**, the handler of the uploads reads 10 bytes, and answers; **closes**, it closes the content, unread; **closes a
wrapper**, it reads 10 bytes through a buffer of 4 KiB, and closes that; **limits**, it reads what is no longer than 1 KiB (net/http's with
http.MaxBytesReader), and answers 413 to all else.

What stands in no list is skipped with a line, as it is not installed or does not start. The programs are Debian's packages
(--no-install-recommends): apache2, chromium, firefox-esr, gunicorn, h2o, haproxy, libjetty9-java, libmicrohttpd-dev, libtomcat10-java, lighttpd,
nghttp2-proxy, nginx-light, node-express, openjdk-17-jdk-headless, puma, python3-aiohttp, python3-cheroot, python3-gevent,
python3-hypercorn, python3-paste, python3-tornado, python3-twisted, python3-uvicorn, python3-waitress, python3-werkzeug, ruby-webrick, squid, thin,
trafficserver, unicorn, uwsgi, uwsgi-plugin-python3 and varnish, with gcc and pkg-config. Node is the one that is installed as /usr/bin/node; fastify, koa and hapi come with
` + "`npm ci`" + ` in the folder node; Caddy with
` + "`go install github.com/caddyserver/caddy/v2/cmd/caddy@latest`."

func (t *table) markdown() []byte {
	var b strings.Builder
	b.WriteString(introduction)
	fmt.Fprintf(&b, "Made on %s, on %s", t.When.Format("2006-01-02"), t.System)
	for i, s := range t.Browsers {
		fmt.Fprintf(&b, "%s %s %s", []string{", with", " and"}[min(i, 1)], s.Browser, s.Version)
	}
	fmt.Fprintf(&b, ", in this folder with\n\n    %s\n\n", t.Command)
	for _, l := range t.Later {
		fmt.Fprintf(&b, "%s: probed by itself on %s, with\n\n    %s\n\n", strings.Join(l.Names, "; "), l.When.Format("2006-01-02"), l.Command)
	}
	t.counts(&b)
	b.WriteString("\n## How each is set up\n\n" + setUp + "\n\n")
	for _, e := range t.Entries {
		if e.Peer.How != "" {
			fmt.Fprintf(&b, "- **%s**: %s\n", e.Peer.Name, cell(e.Peer.How))
		}
	}
	b.WriteString("\n## The faults\n")
	for _, e := range t.Entries {
		e.faults(&b)
	}
	t.documented(&b)
	b.WriteString("\n" + confirmed)
	return []byte(b.String())
}

// counts writes the table.
func (t *table) counts(b *strings.Builder) {
	columns := append([]string{"server", "version"}, verdicts...)
	for _, s := range t.Browsers {
		columns = append(columns, s.Browser+", early 200", "early 413")
	}
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, e := range t.Entries {
		fmt.Fprintf(b, "| %s | %s |", e.Peer.Name, cell(e.Version))
		for _, v := range verdicts {
			if n := e.Report.count(v); n > 0 {
				fmt.Fprintf(b, " %d |", n)
			} else {
				b.WriteString(" |")
			}
		}
		for _, s := range e.Seen {
			fmt.Fprintf(b, " %s | %s |", cell(s.Early200), cell(s.Early413))
		}
		b.WriteString("\n")
	}
}

// faults lists an entry's, by verdict.
func (e *entry) faults(b *strings.Builder) {
	if e.Report.faults() == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n\n", e.Peer.Name)
	for _, v := range verdicts {
		var names []string
		many := map[string]int{} // of the groups that would fill pages, the number is enough here
		for i := range e.Report.Results {
			switch r := &e.Report.Results[i]; {
			case !r.fault() || r.Verdict != v:
			case strings.HasSuffix(r.Group, ", many"):
				many[r.Group]++
			default:
				names = append(names, r.Name)
			}
		}
		for _, group := range slices.Sorted(maps.Keys(many)) {
			names = append(names, fmt.Sprintf("%d of “%s”", many[group], group))
		}
		if len(names) > 0 {
			fmt.Fprintf(b, "- %s: %s\n", v, strings.Join(names, "; "))
		}
	}
}

// documented says why spillway closes where it does.
func (t *table) documented(b *strings.Builder) {
	for _, e := range t.Entries {
		reasons := map[string][]string{}
		for i := range e.Report.Results {
			if r := &e.Report.Results[i]; r.Verdict == "closed" && e.Peer.Documented[r.Name] != "" {
				reasons[e.Peer.Documented[r.Name]] = append(reasons[e.Peer.Documented[r.Name]], r.Name)
			}
		}
		if len(reasons) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n## Where %s closes, as its README says\n\n", e.Peer.Name)
		for _, why := range slices.Sorted(maps.Keys(reasons)) {
			fmt.Fprintf(b, "- %s: %s\n", why, strings.Join(reasons[why], "; "))
		}
		return // both of its APIs close alike; a test asserts it
	}
}

// cell makes text safe for a cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(html.EscapeString(text)), " "), "|", "\\|")
}
