// The service does what its first comment says.

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

const size = 1 << 20

func start(t *testing.T) (*servertest.Server, string) {
	dir := t.TempDir()
	srv := newServer(dir, size)
	return servertest.Start(t, srv.Handler, servertest.Configure(func(s *server.Server) { s.Limits = srv.Limits })), dir
}

// get returns the status and the content of an answer.
func get(t *testing.T, s *servertest.Server, path string) (int, string) {
	c := s.Dial()
	defer c.Close()
	c.Send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
	res := c.ReadResponse()
	return res.Status, string(res.Body)
}

func TestUploadWithProgress(t *testing.T) {
	s, dir := start(t)
	c := s.Dial()
	c.Send("PUT /files/a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
	for {
		status, told := get(t, s, "/progress/a.txt")
		if status == 200 && told == "5 of 10 bytes\n" {
			break
		}
		if status != 404 && told != "0 of 10 bytes\n" { // not there yet, or not read yet
			t.Fatalf("%d %q", status, told)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "a.txt")); err == nil {
		t.Error("a file that is not whole has its name")
	}
	c.Send("67890")
	if res := c.ReadResponse(); res.Status != 201 || string(res.Body) != "10 bytes\n" {
		t.Errorf("%d %q", res.Status, res.Body)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a.txt")); string(got) != "1234567890" {
		t.Errorf("%q, %v", got, err)
	}
	if status, _ := get(t, s, "/progress/a.txt"); status != 404 {
		t.Errorf("progress of nothing: %d", status)
	}
}

func TestEarlyRefusals(t *testing.T) {
	for _, test := range []struct {
		name, head string
		status     int
	}{
		{"a program", "PUT /files/tool.exe HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", 415},
		{"a file that is too large", "PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n", 413},
		{"a hidden file", "PUT /files/.profile HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 404},
		{"another folder", "PUT /files/..%2f..%2fetc HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 404},
		{"a broken path", "PUT /files/%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
		{"another method", "DELETE /files/a HTTP/1.1\r\nHost: a\r\n\r\n", 404},
	} {
		s, dir := start(t)
		c := s.Dial()
		c.Send(test.head)
		if res := c.ReadResponse(); res.Status != test.status || !strings.HasSuffix(string(res.Body), "\n") {
			t.Errorf("%s: %d %q", test.name, res.Status, res.Body)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Errorf("%s: %v was left behind", test.name, files)
		}
	}
}

// A client that drops in the middle leaves nothing behind, and the name is free again.
func TestDroppedUpload(t *testing.T) {
	s, dir := start(t)
	c := s.Dial()
	c.Send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
	c.Close()
	s.Exchanges(1)
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("%v was left behind", files)
	}
	c = s.Dial()
	c.Send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1")
	if res := c.ReadResponse(); res.Status != 201 {
		t.Errorf("%d %q", res.Status, res.Body)
	}
}
