// The helpers of this package's tests. Every case is fed in every way in which a connection could receive it.

package parser

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A reading is what a parser has made of the bytes received so far.
type reading struct {
	Done bool   // the end was found, or the bytes were refused
	N    int    // bytes up to the end
	Err  string // the status and the reason of the refusal
	Saw  string // what was parsed
}

// A machine is a parser at work on one message: its window grows from call to call.
type machine func(window []byte) reading

// everyWay feeds the input whole, byte by byte, in two pieces split at each position, and with bytes behind it, and
// returns what the input says. What has come must say the same however it came, and a refusal must stand once it is made.
func everyWay(t testing.TB, begin func() machine, input string) reading {
	t.Helper()
	window := []byte(input)
	alone := make([]reading, len(window)+1) // what each prefix says by itself
	for i := range alone {
		alone[i] = begin()(window[:i:i])
		if i > 0 && alone[i-1].Done && alone[i] != alone[i-1] {
			t.Errorf("%q: one more byte changes the outcome:\n%s", input[:i], cmp.Diff(alone[i-1], alone[i]))
		}
	}
	whole := alone[len(window)]
	byByte := begin()
	for i := range alone {
		got := byByte(window[:i:i])
		if got != alone[i] {
			t.Errorf("%q byte by byte (-alone +so):\n%s", input[:i], cmp.Diff(alone[i], got))
		}
		if got.Done {
			break
		}
	}
	for i := range window {
		inTwo := begin()
		if first := inTwo(window[:i:i]); first.Done {
			break
		}
		if got := inTwo(window); got != whole {
			t.Errorf("%q split at %d (-whole +so):\n%s", input, i, cmp.Diff(whole, got))
		}
	}
	for _, behind := range []string{"hello, content", "GET /next HTTP/1.1\r\nHost: b\r\n\r\n", "\r\n", "\x00\n :"} {
		if got := begin()([]byte(input + behind)); whole.Done && got != whole {
			t.Errorf("%q with %q behind it (-alone +so):\n%s", input, behind, cmp.Diff(whole, got))
		}
	}
	return whole
}

// refused puts an error into the words of the test tables: its status and its text without the package.
func refused(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is a %T", err, err)
	}
	text, ok := strings.CutPrefix(e.Error(), "parser: ")
	if !ok {
		t.Errorf("the error %q does not name its package", e)
	}
	for _, r := range text {
		if r < ' ' || r > '~' && r != '§' && r != '…' {
			t.Errorf("the error %q has %q in it", e, r)
		}
	}
	return fmt.Sprint(e.StatusCode(), " ", text)
}

// checkRefusal compares a refusal with a whole text, or with a status if that is all that is wanted.
func checkRefusal(t testing.TB, got, want string) {
	t.Helper()
	if len(want) == 3 && len(got) > 3 {
		got = got[:3]
	}
	if got != want {
		t.Errorf("refused with %q\n          want %q", got, want)
	}
}

// heads begins machines that parse heads, all into the same Head, as on a connection.
func heads(t testing.TB, lim Limits) func() machine {
	h := new(Head)
	return func() machine {
		h.Reset()
		return func(window []byte) reading {
			n, err := h.Parse(window, &lim)
			if n == 0 {
				return reading{Done: err != nil, Err: refused(t, err)}
			}
			return reading{Done: true, N: n, Saw: describe(h)}
		}
	}
}

func describe(h *Head) string {
	return fmt.Sprintf("%q %q HTTP/1.%d form %d host %q path %q query %q %q text %q",
		h.Method, h.Target, h.Minor, h.Form, h.Host, h.Path, h.Query, lines(&h.Section), h.Text())
}

// lines lists field lines as "name: value".
func lines(f *Section) []string {
	list := []string{}
	for name, value := range f.All() {
		list = append(list, name+": "+value)
	}
	return list
}

// accept returns the head that the input consists of, or ends the test.
func accept(t testing.TB, input string) *Head {
	t.Helper()
	everyWay(t, heads(t, DefaultLimits()), input)
	return mustParse(t, input)
}

// mustParse is accept without the many ways.
func mustParse(t testing.TB, input string) *Head {
	t.Helper()
	h, lim := new(Head), DefaultLimits()
	if n, err := h.Parse([]byte(input), &lim); n != len(input) || err != nil {
		t.Fatalf("%q: %d of %d bytes, %v", input, n, len(input), err)
	}
	return h
}

// refusal returns how the input is refused.
func refusal(t testing.TB, input string) string {
	t.Helper()
	return everyWay(t, heads(t, DefaultLimits()), input).Err
}

// get is a head with these field lines and the Host that it needs.
func get(fields ...string) string {
	return "GET / HTTP/1.1\r\nHost: a.test\r\n" + strings.Join(fields, "") + "\r\n"
}
