// The notes that the lab keeps of uploads.

package command_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/command"
)

// TestUploadNotes looks at the notes of uploads that ended well, or on purpose.
func TestUploadNotes(t *testing.T) {
	t.Parallel()
	s := command.Start(t)
	c := s.Dial()
	for route, want := range map[string]command.Note{
		"/consume":      {Bytes: 7},
		"/inspect":      {Bytes: 7},
		"/partial?n=3":  {Bytes: 3},
		"/partial?n=7":  {Bytes: 7},
		"/partial?n=9":  {Bytes: 7},
		"/reject?max=7": {Bytes: 7},
		"/reject?max=6": {Bytes: 0, Error: "body: content of more than 6 bytes"},
	} {
		want.ID = "the id of " + route
		c.Ask(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: lab\r\nx-upload-ID: %s\r\nContent-Length: 7\r\n\r\ncontent", route, want.ID))
		escaped := strings.NewReplacer(" ", "%20", "?", "%3F", "=", "%3D").Replace(want.ID)
		a := c.Ask("GET /uploads?id=" + escaped + " HTTP/1.1\r\nHost: lab\r\n\r\n")
		b, _ := json.Marshal(want)
		a.Want(t, 200, string(b)+"\n")
		if a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the head is %v", a.Header)
		}
	}
	for _, route := range []string{"/plaintext", "/ignore", "/echo", "/bytes?n=1"} {
		c.Ask(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: lab\r\nX-Upload-Id: none\r\nContent-Length: 7\r\n\r\ncontent", route))
		if a := c.Ask("GET /uploads?id=none HTTP/1.1\r\nHost: lab\r\n\r\n"); a.StatusCode != 404 {
			t.Errorf("%s left the note %s", route, a.Content)
		}
	}
	c.Ask("POST /consume HTTP/1.1\r\nHost: lab\r\nX-Upload-Id: garbled\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n")
	if n := s.AwaitNote("garbled"); n.Bytes != 3 || !strings.HasPrefix(n.Error, "body: garbled after 3 bytes: parser: ") {
		t.Errorf("the note is %+v", n)
	}
}

// TestUploadNotesAreTheNewest makes more notes than are kept.
func TestUploadNotesAreTheNewest(t *testing.T) {
	t.Parallel()
	c := command.Start(t).Dial()
	upload := func(id int) {
		c.Ask(fmt.Sprintf("POST /consume HTTP/1.1\r\nHost: lab\r\nX-Upload-Id: %d\r\n\r\n", id))
	}
	status := func(id int) int {
		return c.Ask(fmt.Sprintf("GET /uploads?id=%d HTTP/1.1\r\nHost: lab\r\n\r\n", id)).StatusCode
	}
	for id := range 1024 {
		upload(id)
	}
	upload(0) // is the newest again
	if first, last := status(0), status(1023); first != 200 || last != 200 {
		t.Errorf("of 1024 notes, the first gets %d and the last %d", first, last)
	}
	upload(1024)
	for id, want := range map[int]int{0: 200, 1: 404, 2: 200, 1024: 200} {
		if got := status(id); got != want {
			t.Errorf("note %d gets %d, want %d", id, got, want)
		}
	}
}
