// A timer of a write that strikes when its connection has been parked.

package conn

import (
	"net"
	"testing"
)

func TestStallTimerOfAParkedConnection(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := New(server, Share(Config{}), 1)
	w := c.work
	c.watchWrite()
	c.unwatchWrite()
	c.work = nil // as parkUnder leaves it
	w.stalled()  // would panic if it looked for what a parked connection does not have
	if !w.stall.began.IsZero() || w.stall.beside != nil {
		t.Errorf("a write is watched that has ended: %+v", w.stall)
	}
}
