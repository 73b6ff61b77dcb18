// What both floors share: the number of bytes that make a request, and the reply, are known before they start.

package servers

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
)

func floorALacks(c *cases.Case) string {
	if mixed(c) {
		return "its requests are all alike"
	}
	switch c.Route {
	case cases.Refuse:
		return "there is no floor for a refusal"
	case cases.JSON:
		return "its reply is the small GET's"
	}
	return ""
}

func floorBLacks(c *cases.Case) string {
	switch {
	case c.Cores > 1:
		return "has one loop"
	case c.TLS:
		return "has no TLS"
	case c.Route == cases.File:
		return "has no files"
	case c.Route == cases.Sleep:
		return "its one loop cannot sleep"
	}
	return floorALacks(c)
}

// mixed reports whether requests of a case differ in more than digits.
func mixed(c *cases.Case) bool {
	wire, _ := c.Wire()
	for i := range c.Crowd {
		if beside, _ := c.Crowd[i].Wire(); !bytes.Equal(wire, beside) {
			return true
		}
	}
	return false
}

// exchange is what a floor knows of a case.
type exchange struct {
	request int    // bytes of one request
	reply   []byte // the reply; of a file, its head
}

func exchangeOf(c *cases.Case) exchange {
	wire, _ := c.Wire()
	text := c.Text()
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: %s\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Content-Length: %d\r\n\r\n", time.Now().UTC().Format(http.TimeFormat), len(text))
	if c.Route != cases.File {
		b.Write(text)
	}
	return exchange{len(wire), b.Bytes()}
}

// bufferFor returns how large a read buffer should be: what the servers above the floor use for heads, and more where
// there is content.
func bufferFor(request int) int {
	if request <= 4<<10 {
		return 4 << 10
	}
	return 64 << 10
}
