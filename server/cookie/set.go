// Cookies of responses, and what makes them such as browsers keep.

package cookie

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/parser"
	"github.com/spillway-go/spillway/server"
)

// Cookie is what a response sets.
type Cookie struct {
	Name, Value string
	Path        string // "": the folder of the request's path
	Domain      string // and all below it; "": the request's host alone

	Expires time.Time     // zero: not said
	MaxAge  time.Duration // in whole seconds, rounded up; 0: not said, and without Expires the cookie lasts as long as the browser's session; negative: the cookie is deleted

	Secure, HTTPOnly, Partitioned bool
	SameSite                      SameSite
}

// SameSite says with which requests from other sites a browser sends a cookie.
type SameSite uint8

// The values of SameSite.
const (
	SameSiteUnset  SameSite = iota // as the browser decides, most of them as for Lax
	SameSiteLax                    // with those that go to another page
	SameSiteStrict                 // with none
	SameSiteNone                   // with all; the cookie must be Secure
)

var sameSites = [...]string{SameSiteLax: "Lax", SameSiteStrict: "Strict", SameSiteNone: "None"}

// Set adds a Set-Cookie field to the response. It returns an error for a cookie that Check refuses.
func Set(w *server.Response, c Cookie) error {
	if err := c.Check(); err != nil {
		return err
	}
	return w.Add("Set-Cookie", c.String())
}

// Delete lets the browser forget a cookie. Its Name, Path and Domain must be those with which it was set, and where its name
// has a prefix, Secure must be, too.
func Delete(w *server.Response, c Cookie) error {
	c.Value, c.MaxAge, c.Expires = "", -1, time.Time{}
	return Set(w, c)
}

// Check returns an error for a cookie that may not be sent, or that browsers do not keep.
func (c Cookie) Check() error {
	lower := strings.ToLower(c.Name)
	host := strings.HasPrefix(lower, "__host-")
	switch {
	case !parser.IsToken(c.Name):
		return fmt.Errorf("cookie: %.40q is not a name", c.Name)
	case !isValue(c.Value):
		return fmt.Errorf("cookie: the value of %.40q has a byte in it that may not stand in one", c.Name)
	case len(c.Name)+len(c.Value) > 4096:
		return fmt.Errorf("cookie: the name and value of %.40q have %d bytes, more than 4096", c.Name, len(c.Name)+len(c.Value))
	case c.Path != "" && (c.Path[0] != '/' || !isPath(c.Path)):
		return fmt.Errorf("cookie: %.40q is not a path", c.Path)
	case c.Domain != "" && !isDomain(strings.TrimPrefix(c.Domain, ".")):
		return fmt.Errorf("cookie: %.40q is not a domain", c.Domain)
	case !c.Expires.IsZero() && (c.Expires.UTC().Year() < 1601 || c.Expires.UTC().Year() > 9999):
		return fmt.Errorf("cookie: %v is no time of expiry", c.Expires)
	case int(c.SameSite) >= len(sameSites):
		return fmt.Errorf("cookie: %d is no SameSite", c.SameSite)
	case !c.Secure && (c.SameSite == SameSiteNone || c.Partitioned || host || strings.HasPrefix(lower, "__secure-")):
		return fmt.Errorf("cookie: %.40q must be Secure: browsers drop it otherwise", c.Name)
	case host && (c.Path != "/" || c.Domain != ""):
		return fmt.Errorf("cookie: %.40q must have the path / and no domain: browsers drop it otherwise", c.Name)
	}
	return nil
}

// String returns the cookie as it stands in Set-Cookie. It is good only if Check finds nothing.
func (c Cookie) String() string {
	var b strings.Builder
	b.WriteString(c.Name + "=" + c.Value)
	say := func(name, value string) { b.WriteString("; " + name + "=" + value) }
	if c.Path != "" {
		say("Path", c.Path)
	}
	if c.Domain != "" {
		say("Domain", strings.TrimPrefix(c.Domain, "."))
	}
	if !c.Expires.IsZero() {
		say("Expires", c.Expires.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	}
	if c.MaxAge != 0 {
		seconds := c.MaxAge / time.Second
		if c.MaxAge%time.Second > 0 {
			seconds++
		}
		say("Max-Age", strconv.FormatInt(max(int64(seconds), 0), 10))
	}
	if c.HTTPOnly {
		b.WriteString("; HttpOnly")
	}
	if c.Secure {
		b.WriteString("; Secure")
	}
	if c.SameSite > SameSiteUnset && int(c.SameSite) < len(sameSites) {
		say("SameSite", sameSites[c.SameSite])
	}
	if c.Partitioned {
		b.WriteString("; Partitioned")
	}
	return b.String()
}

// isValue reports whether a value may be set: cookie-octets alone (RFC 6265 §4.1.1).
func isValue(value string) bool {
	return isReadable(value) && !strings.ContainsAny(value, " ,")
}

// isPath reports whether a path may be set: any characters but controls and semicolons.
func isPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < ' ' || c >= 0x7f || c == ';' {
			return false
		}
	}
	return len(path) <= 1024
}

// isDomain reports whether a domain may be set: labels of letters, digits and hyphens (RFC 1034 §3.5, RFC 1123 §2.1).
func isDomain(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				return false
			}
		}
	}
	return len(domain) <= 253
}
