// How a misdeed is told in words.

package conn

import "testing"

// What a log says of a client's bytes cannot be taken for a line of its own.
func TestInWords(t *testing.T) {
	for _, c := range []struct {
		pairs []any
		want  string
	}{
		{nil, ""},
		{[]any{"conn", 7, "path", "/a"}, " conn=7 path=/a"},
		{[]any{"path", "/a b"}, ` path="/a b"`},
		{[]any{"path", ""}, ` path=""`},
		{[]any{"path", "/a=b"}, ` path="/a=b"`},
		{[]any{"path", "/\n2026 ERROR"}, ` path="/\n2026 ERROR"`},
		{[]any{"stack", "one\ntwo", "conn", 7}, " conn=7\none\ntwo"},
		{[]any{"alone"}, ""},
	} {
		if got := inWords(c.pairs); got != c.want {
			t.Errorf("%q: %q, want %q", c.pairs, got, c.want)
		}
	}
}
