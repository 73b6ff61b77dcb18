// The service answers as its first comment says, and refuses what is no note.

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server/servertest"
)

func TestNotes(t *testing.T) {
	s := servertest.Start(t, newService())
	c := s.Dial()
	for _, step := range []struct {
		request, content string
		status           int
		want             string // of the content; "": none
	}{
		{"GET /notes", "", 200, "[]"},
		{"POST /notes", `{"text":"buy milk"}`, 201, `{"id":1,"text":"buy milk"}`},
		{"POST /notes", `{"text":"again"}`, 201, `{"id":2,"text":"again"}`},
		{"GET /notes", "", 200, `[{"id":2,"text":"again"},{"id":1,"text":"buy milk"}]`},
		{"GET /notes/1", "", 200, `{"id":1,"text":"buy milk"}`},
		{"POST /notes", `{"text":`, 400, "it ends too early"},
		{"POST /notes", `{"txt":"a"}`, 400, "txt"},
		{"POST /notes", `{"id":7,"text":"a"}`, 422, "a note has a text"},
		{"POST /notes", `{"text":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "65536"},
		{"DELETE /notes/1", "", 204, ""},
		{"DELETE /notes/1", "", 404, "there is no such note"},
		{"GET /notes/x", "", 404, "there is no such note"},
		{"PUT /notes/2", "", 405, "Method Not Allowed"},
		{"GET /", "", 404, ""},
	} {
		typed := ""
		if step.content != "" {
			typed = "Content-Type: application/json\r\n"
		}
		c.Send(fmt.Sprintf("%s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s", step.request, typed, len(step.content), step.content))
		res := c.ReadResponse()
		if res.Status != step.status || !strings.Contains(string(res.Body), step.want) {
			t.Errorf("%s %.40s: %d %.80q, want %d with %q", step.request, step.content, res.Status, res.Body, step.status, step.want)
		}
	}
}
