// What the probe asks for and how, where a server wants more than its URL says; and what a healthy answer is like.

package probe

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// asks are the command line's words for it.
type asks struct{ path string }

func (a *asks) define(set *flag.FlagSet, cfg *Config) {
	set.StringVar(&cfg.Host, "host", "", "the `NAME` in the Host field, instead of the URL's")
	set.StringVar(&a.path, "path", "", "the `TARGET` to ask for, instead of the URL's")
	set.StringVar(&cfg.Method, "method", "POST", "the `METHOD` of requests with content")
	set.Var((*headers)(&cfg.Headers), "header", "a `FIELD`, as Name: value, for every request; may stand there more than once")
	set.Var(&cfg.Healthy.status, "healthy-status", "the `STATUS` that a plain GET must get, such as 200, before the probe begins and afterwards")
	set.StringVar(&cfg.Healthy.text, "healthy-text", "", "the `TEXT` that the answer to a plain GET must contain in its first 64 KiB")
}

var (
	fieldName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	fieldValue = regexp.MustCompile(`^[\t -~]*$`)
	hostName   = regexp.MustCompile(`^[!$&-;=A-\[\]_a-z~]+$`)
	target     = regexp.MustCompile(`^/[!-"$-~]*$`)
	methodName = regexp.MustCompile(`^[A-Z]{3,20}$`)
)

// check finds what no request can say, and puts the path into the URL.
func (a *asks) check(cfg *Config) error {
	switch {
	case cfg.Host != "" && !hostName.MatchString(cfg.Host):
		return fmt.Errorf("-host %q is no host", cut(cfg.Host, 100))
	case a.path != "" && !target.MatchString(a.path):
		return fmt.Errorf("-path %q does not begin with a slash, or has in it what no target has", cut(a.path, 100))
	case !methodName.MatchString(cfg.Method):
		return fmt.Errorf("-method %q is not a word of capital letters", cut(cfg.Method, 100))
	case strings.Contains(" GET HEAD CONNECT TRACE ", " "+cfg.Method+" "):
		return fmt.Errorf("-method %s is not one whose requests have content", cfg.Method)
	case a.path == "":
		return nil
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil // whoever connects will say so
	}
	path, err := url.Parse(a.path)
	if err != nil || path.Host != "" {
		return fmt.Errorf("-path %q is no target", cut(a.path, 100))
	}
	u.Path, u.RawPath, u.RawQuery = path.Path, path.RawPath, path.RawQuery
	cfg.URL = u.String()
	return nil
}

// headers collects what -header says.
type headers []string

func (h *headers) String() string { return strings.Join(*h, ", ") }

// Set takes one field. Those that the scenarios themselves are about cannot be set.
func (h *headers) Set(line string) error {
	name, value, ok := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch {
	case !ok || !fieldName.MatchString(name):
		return errors.New("it is not Name: value")
	case !fieldValue.MatchString(value):
		return errors.New("the value has a byte in it that no field may have, or that readers take for different ones")
	case strings.EqualFold(name, "host"):
		return errors.New("-host sets it")
	case strings.Contains(" connection content-length transfer-encoding expect upgrade te trailer ", " "+strings.ToLower(name)+" "):
		return errors.New("the scenarios set it themselves")
	}
	*h = append(*h, name+": "+value)
	return nil
}

// place returns where and how requests are to be sent.
func (cfg *Config) place(addr string, u *url.URL) place {
	p := place{addr: addr, host: cmp.Or(cfg.Host, u.Host), get: u.RequestURI(), method: cmp.Or(cfg.Method, "POST"), token: rand.Text()[:10]}
	for _, h := range cfg.Headers {
		p.fields += "\r\n" + h
	}
	return p
}

var (
	hostLine = regexp.MustCompile(`Host: \$host`)
	postLine = regexp.MustCompile(`^POST `)
)

// dress puts the fields and the method of the command line into a line of a dialogue. The fields stand behind Host, and where there
// is none, behind the request line.
func (p *place) dress(text string, hosted bool) string {
	if p.method != "POST" {
		text = postLine.ReplaceAllLiteralString(text, p.method+" ")
	}
	switch {
	case p.fields == "":
	case hosted:
		text = hostLine.ReplaceAllString(text, "$0$$fields")
	case requestLine.MatchString(text) && strings.Contains(text, " HTTP/1.") && !strings.HasSuffix(text, `\`):
		text += "$fields"
	}
	return text
}

// healthy is what the answer to a plain GET is like.
type healthy struct {
	status status
	text   string
}

// check returns an error that says why the answer is not a healthy one.
func (h *healthy) check(res *dialogue.Response) error {
	switch {
	case h.status != 0 && res.Status != int(h.status):
		return fmt.Errorf("the answer is %d, and a healthy one is %d", res.Status, h.status)
	case !bytes.Contains(res.Body, []byte(h.text)):
		return fmt.Errorf("the answer, %d, does not contain %q", res.Status, cut(h.text, 100))
	}
	return nil
}

// status is a flag's status code; 0 is any.
type status int

func (s *status) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.Itoa(int(*s))
}

// Set is given the command line's word.
func (s *status) Set(word string) error {
	n, err := strconv.Atoi(word)
	if err != nil || n < 200 || n > 599 {
		return errors.New("it is not a status from 200 to 599")
	}
	*s = status(n)
	return nil
}
