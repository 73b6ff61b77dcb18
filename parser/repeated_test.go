// A head that has lines in common with the one before it is read as it is read alone, however it comes.

package parser

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRepeatedLines(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	lim := DefaultLimits()
	lim.Fields = 6
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	head := func() string {
		var b strings.Builder
		b.WriteString(pick("", "", "\r\n") + "GET " + pick("/", "/a/longer/path?q=1") + " HTTP/1.1\r\nHost: a\r\n")
		for range rng.IntN(6) {
			b.WriteString(pick("A: 1", "A: 2", "A:1", "A: 1 ", "Content-Length: 0", "Connection: close", "Host: a", "Bad : 1", "B: \x00", "C", "A: 1\r"))
			b.WriteString(pick("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n"))
		}
		return b.String() + "\r\n"
	}
	used, repeated := new(Head), 0
	for range 20000 {
		text := head()
		fresh := new(Head)
		used.Reset()
		n, err := fresh.Parse([]byte(text), &lim)
		var m int
		var failed error
		for k := 1 + rng.IntN(len(text)); m == 0 && failed == nil; k = min(k+1+rng.IntN(len(text)), len(text)) {
			m, failed = used.Parse([]byte(text)[:k], &lim)
			if k == len(text) {
				break
			}
		}
		if m != n || (failed == nil) != (err == nil) || err != nil && failed.Error() != err.Error() {
			t.Fatalf("%q: %d, %v; alone %d, %v", text, m, failed, n, err)
		}
		if err != nil {
			continue
		}
		repeated++
		if diff := cmp.Diff(seen(fresh), seen(used)); diff != "" {
			t.Fatalf("%q, alone and behind another: %s", text, diff)
		}
	}
	if repeated < 1000 {
		t.Errorf("only %d heads were parsed", repeated)
	}
}

// seen is all that a head tells.
func seen(h *Head) (all []string) {
	framing, err := FramingOf(h)
	all = append(all, h.Text(), h.Method, h.Target, h.Path, h.Query, h.Host, h.Proto(), strings.Repeat("p", int(framing)), errorText(err))
	for name, value := range h.Fields().All() {
		all = append(all, name, value)
	}
	if h.Persists() {
		all = append(all, "persists")
	}
	return all
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
