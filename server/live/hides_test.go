// The page does not list connections by which it is itself asked, and lists all others.

package live_test

import (
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live"
	"github.com/spillway-go/spillway/server/live/livehttp"
	"github.com/spillway-go/spillway/server/nethttp"
)

// eachPage tests with a page that is served over each network and by each API. Over net/http's the connections of Unix sockets cannot
// be told apart.
func eachPage(t *testing.T, test func(t *testing.T, network string, page *live.Page, h server.Handler)) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			page := &live.Page{}
			test(t, network, page, page)
		})
	}
	t.Run("net/http", func(t *testing.T) {
		page := &live.Page{}
		test(t, "tcp", page, nethttp.Handler(livehttp.Handler(page)))
	})
}

func TestThePageDoesNotShowItself(t *testing.T) {
	eachPage(t, func(t *testing.T, network string, page *live.Page, h server.Handler) {
		w := watch(t, page, network, &server.Server{Handler: h})
		w.look("")
		looks := w.dial()
		w.exchange(looks, "GET /plays HTTP/1.1\r\nHost: localhost\r\n\r\n")
		other := w.dial()
		w.exchange(other, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://other.example\r\n\r\n") // which is refused, and shown
		w.until("the other", func(u update) bool { return len(u.IDs) == 1 && len(u.Rows) == 1 && u.Rows[0].State == "idle" })
	})
}

// Somebody else's connection is shown, though its client's address is that of one who looks: a system may give one port to connections
// to two servers, and the clients of all Unix sockets have one address.
func TestThePageShowsWhoHasTheSameAddress(t *testing.T) {
	eachPage(t, func(t *testing.T, network string, page *live.Page, h server.Handler) {
		shop, other := &server.Server{}, &server.Server{Handler: h}
		var atShop, atOther string
		if network == "tcp" {
			shop.ProxyProtocol, other.ProxyProtocol = server.ProxyRequired, server.ProxyRequired
			atShop, atOther = "PROXY TCP4 127.0.0.1 127.0.0.1 1000 80\r\n", "PROXY TCP4 127.0.0.1 127.0.0.1 1000 81\r\n"
		}
		w := watch(t, page, network, shop)
		w.look("")
		c := w.dial()
		w.exchange(c, atShop+post)
		w.untilRow("the connection", func(r row) bool { return r.State == "idle" })

		l := listen(t, network)
		go other.Serve(l)
		t.Cleanup(func() { other.Close() })
		looks := (&watched{t: t, addr: l.Addr()}).dial()
		w.exchange(looks, atOther+"GET /plays HTTP/1.1\r\nHost: localhost\r\n\r\n")
		w.exchange(c, post)
		w.untilRow("the connection's second exchange", func(r row) bool { return r.State == "idle" && r.Requests == 2 })
	})
}
