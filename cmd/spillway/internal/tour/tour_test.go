// Every button and every stop, without a browser: what spillway's client gets, and what the broken server's does not.

package tour

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/cmd/spillway/internal/lab"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/live"
)

func TestStops(t *testing.T) {
	tour, err := Start(&live.Page{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tour.Close)
	wants := []struct{ faulty, right string }{
		{"", ""},
		{"response 2 has the status 400, not 200", ""},
		{"reset while the client was sending", ""},
		{"a request that nobody has sent", ""},
		{"did not answer in time", ""},
		{"did not answer in time", ""},
		{"takes nothing any more", "the connection ended inside a response"},
	}
	if len(tour.Stops) != len(wants) {
		t.Fatalf("the tour has %d stops", len(tour.Stops))
	}
	for i, stop := range tour.Stops {
		for _, side := range []struct {
			live.Play
			want string
		}{{stop.Faulty, wants[i].faulty}, {stop.Right, wants[i].right}} {
			t.Run(stop.Name+", "+side.Name, func(t *testing.T) {
				t.Parallel()
				got, err := side.Run(t.Context())
				if (err == nil) != (side.want == "") || err != nil && !strings.Contains(err.Error(), side.want) || got.Client == "" {
					t.Errorf("%v, %q; want %q", err, got.Client, side.want)
				}
			})
		}
	}
}

func TestButtons(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{Handler: new(lab.Lab).Native()}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-ended })
	ids := map[string]bool{}
	for _, play := range append(Buttons(Target{Addr: l.Addr()}), Scenarios("http://"+l.Addr().String()+"/plaintext")...) {
		if ids[play.ID] {
			t.Errorf("two plays are called %s", play.ID)
		}
		ids[play.ID] = true
		if play.Group != "" && play.ID != "probe-lab-half-read-chunked" {
			continue // the probe's own tests play them all
		}
		if got, err := play.Run(context.Background()); err != nil || play.Group != "" && !strings.Contains(got.Said, "verdict: ok") {
			t.Errorf("%s: %+v, %v", play.ID, got, err)
		}
	}
	if len(ids) < 50 {
		t.Errorf("there are only %d plays", len(ids))
	}
}
