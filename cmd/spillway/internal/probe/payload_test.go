// The payloads are whole requests, each with another one hidden.

package probe

import (
	"bytes"
	"testing"
)

func TestPayloads(t *testing.T) {
	at := &Place{Host: "example", Post: "/target", Token: "TOKEN"}
	all, err := Payloads(at)
	if err != nil || len(all) < 250 {
		t.Fatalf("%d payloads, %v", len(all), err)
	}
	odd := 0
	for _, p := range all {
		line, rest, _ := bytes.Cut(p.Data, []byte("\n"))
		words := bytes.Fields(line)
		if len(words) < 3 || !bytes.Equal(words[len(words)-1][:5], []byte("HTTP/")) || !bytes.Contains(rest, []byte("GET "+at.Hidden()+" HTTP/1.1\r\n")) {
			t.Errorf("%s: %q", p.ID, p.Data[:min(len(p.Data), 300)])
		}
		if p.Odd {
			odd++
		}
		if is, listed := map[string]bool{"size-of-32-bits": false, "size-minus-zero": true, "length-quoted": true, "leftover-chunked-spells-a-request": false}[p.ID]; listed && p.Odd != is {
			t.Errorf("%s breaks a rule: %v", p.ID, p.Odd)
		}
	}
	if odd < 50 || odd == len(all) {
		t.Errorf("%d of %d break a rule", odd, len(all))
	}
}
