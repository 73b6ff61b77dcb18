// A scenario's dialogue as a value: steps with the bytes of one run filled in.

package probe

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// script is a dialogue that is ready to be played.
type script struct {
	steps    []step
	requests []request
	content  []byte
	behind   bool // a request stands behind malformed content

	ask, want, never string // Alive: the target to ask for, and how the answer must begin and must not
}

// request is a request that the dialogue sends.
type request struct {
	method string
	plain  bool // it is the one whose answer the survey knows, and without content, for which even a GET may be refused
}

type step struct {
	kind     stepKind
	data     []byte        // send
	requests int           // send: how many requests of the script have begun when it is sent
	want     string        // response: what status and content must begin with
	wait     time.Duration // pause, early
}

// earlyWithin is how long a client in the middle of its request listens for an answer.
const earlyWithin = 150 * time.Millisecond

type stepKind uint8

const (
	send stepKind = iota
	halfClose
	abort
	response
	interim
	early
	pause
)

// place is where a probe sends requests.
type place struct {
	addr      string // host:port to connect to
	host      string // for the Host field
	get, post string // targets
	method    string // of requests with content
	fields    string // of every request, each behind CRLF
	token     string // of the hidden request
}

func (p *place) hidden() string { return "/spillway-probe-" + p.token }

func (p *place) smuggled() []byte {
	return p.plain(p.hidden())
}

var (
	requestLine = regexp.MustCompile(`^([A-Z]{3,})[ \\]`)
	framingLine = regexp.MustCompile(`^(Content-Length|Transfer-Encoding):`)
)

// parse fills in a scenario's dialogue.
func (s *Scenario) parse(p *place) (*script, error) {
	vars := map[string][]byte{
		"host": []byte(p.host), "get": []byte(p.get), "post": []byte(p.post),
		"hidden": []byte(p.hidden()), "smuggled": p.smuggled(), "behind": p.smuggled(), "token": []byte(p.token),
		"fields": []byte(p.fields),
	}
	sc := &script{behind: strings.Contains(s.Wire, "$behind")}
	var err error
	if sc.content, _, err = dialogue.Decode(s.Content, vars); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		into *string
		text string
	}{{&sc.ask, s.Ask}, {&sc.want, s.Want}, {&sc.never, s.Never}} {
		b, _, err := dialogue.Decode(f.text, vars)
		if err != nil {
			return nil, err
		}
		*f.into = string(b)
	}
	if sc.ask == "" {
		sc.ask = p.get
	}
	vars["content"], vars["size"] = sc.content, strconv.AppendInt(nil, int64(len(sc.content)), 10)
	vars["hex"] = strconv.AppendInt(nil, int64(len(sc.content)), 16)
	vars["chunked"] = inChunks(sc.content)
	together, hosted := false, strings.Contains(s.Wire, "Host: $host")
	for line := range strings.SplitSeq(strings.TrimSpace(s.Wire), "\n") {
		if text, ok := strings.CutPrefix(line, "C: "); ok {
			line = "C: " + p.dress(text, hosted)
		}
		if err := sc.add(line, vars, &together); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", s.Name, line, err)
		}
	}
	return sc, nil
}

// add adds a line of the dialogue.
func (sc *script) add(line string, vars map[string][]byte, together *bool) error {
	side, text, _ := strings.Cut(line, " ")
	var st step
	var err error
	switch {
	case side == "S:" && strings.HasPrefix(text, "<response>"):
		st.kind = response
		var want []byte
		want, _, err = dialogue.Decode(strings.TrimPrefix(strings.TrimPrefix(text, "<response>"), " "), vars)
		st.want = string(want)
	case side == "S:" && text == "<interim>":
		st.kind = interim
	case side == "S:" && text == "<early>":
		st.kind, st.wait = early, earlyWithin
	case side == "~":
		st.kind = pause
		st.wait, err = time.ParseDuration(text)
	case side == "C:" && text == "<FIN>":
		st.kind = halfClose
	case side == "C:" && text == "<RST>":
		st.kind = abort
	case side == "C:":
		return sc.addSend(text, vars, together)
	default:
		err = fmt.Errorf("not a line of a dialogue")
	}
	*together = false
	sc.steps = append(sc.steps, st)
	return err
}

func (sc *script) addSend(text string, vars map[string][]byte, together *bool) error {
	data, open, err := dialogue.Decode(text, vars)
	if err != nil {
		return err
	}
	if !open {
		data = append(data, "\r\n"...)
	}
	if m := requestLine.FindStringSubmatch(text); m != nil {
		sc.requests = append(sc.requests, request{method: m[1], plain: strings.TrimSuffix(text, "$fields") == "GET $get HTTP/1.1"})
	}
	if n := len(sc.requests); n > 0 && framingLine.MatchString(text) {
		sc.requests[n-1].plain = false
	}
	if !*together {
		sc.steps = append(sc.steps, step{kind: send})
	}
	*together = true
	last := &sc.steps[len(sc.steps)-1]
	last.data = append(last.data, data...)
	last.requests = len(sc.requests)
	return nil
}

// inChunks returns content in the chunked coding.
func inChunks(content []byte) []byte {
	const size = 1 << 10
	var b bytes.Buffer
	for len(content) > 0 {
		n := min(size, len(content))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, content[:n])
		content = content[n:]
	}
	b.WriteString("0\r\n\r\n")
	return b.Bytes()
}
