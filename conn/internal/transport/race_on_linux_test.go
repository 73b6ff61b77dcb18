//go:build race && !spillway_portable

// Whoever uses a buffer while it is read into or written from is found by the race detector, as with package net.

package transport

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// racing is the environment variable that has this program race, in the way it names.
const racing = "SPILLWAY_RACING"

func TestTheDetectorSeesBuffers(t *testing.T) {
	for _, way := range []string{"read", "write", "write both", "nothing"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRacing$")
		cmd.Env = append(os.Environ(), racing+"="+way)
		out, err := cmd.CombinedOutput()
		found := strings.Contains(string(out), "DATA RACE")
		if found != (way != "nothing") || (err != nil) != found {
			t.Errorf("%s: %v\n%s", way, err, out)
		}
	}
}

// TestRacing uses a buffer without being told that its socket has done with it.
func TestRacing(t *testing.T) {
	way := os.Getenv(racing)
	if way == "" {
		t.Skip("a part of TestTheDetectorSeesBuffers")
	}
	s, client := pair(t)
	p, q := make([]byte, 10<<10), make([]byte, 10<<10)
	go io.Copy(io.Discard, client)
	if _, err := client.Write(p); err != nil {
		t.Fatal(err)
	}
	arrived(t, s)
	done := make(chan bool)
	go func() {
		switch way {
		case "read":
			s.Read(p)
		case "write":
			s.Write(p)
		case "write both":
			s.WriteBoth(p, q)
		}
		close(done)
	}()
	if way == "write both" {
		q[5000]++
	} else {
		p[5000]++
	}
	<-done
}
