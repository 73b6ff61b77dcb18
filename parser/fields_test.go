// Field lines, accepted and refused.

package parser

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 8)
	for _, row := range []struct {
		what   string
		fields string
		want   []string
	}{
		{"none but Host", "", nil},
		{"spelling and order are kept", "b: 1\r\nA: 2\r\nB: 3\r\n", []string{"b: 1", "A: 2", "B: 3"}},
		{"no white space around the value", "A:1\r\n", []string{"A: 1"}},
		{"spaces and tabs around the value go", "A: \t 1 2 \t \r\n", []string{"A: 1 2"}},
		{"an empty value", "A:\r\nB: \r\nC:\t \t\r\n", []string{"A: ", "B: ", "C: "}},
		{"colons in the value", "A:: b:\r\n", []string{"A: : b:"}},
		{"every kind of tchar in the name", "!#$%&'*+-.^_`|~09azAZ: 1\r\n", []string{"!#$%&'*+-.^_`|~09azAZ: 1"}},
		{"tabs in the value", "A: 1\t2\t\t3456789012\t3\r\n", []string{"A: 1\t2\t\t3456789012\t3"}},
		{"bytes from 0x80 up in the value", "A: \x80\xc3\xa9\xff\r\n", []string{"A: \x80\xc3\xa9\xff"}},
		{"a long name and a long value", long + ": " + long + "\r\n", []string{long + ": " + long}},
		{"what looks like a request in a value", "A: GET / HTTP/1.1\r\n", []string{"A: GET / HTTP/1.1"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			h := accept(t, get(row.fields))
			if diff := cmp.Diff(append([]string{"Host: a.test"}, row.want...), lines(&h.Section)); diff != "" {
				t.Error(diff)
			}
			if h.Len() != len(row.want)+1 {
				t.Errorf("Len is %d", h.Len())
			}
		})
	}
}

func TestFieldsRefused(t *testing.T) {
	for _, row := range []struct{ what, fields, want string }{
		{"bare LF behind a value", "A: 1\n", `400 bare LF in the field "A" (RFC 9112 §2.2)`},
		{"bare LF behind the last value", "A: 1\r\n\n", "400 bare LF in a field line (RFC 9112 §2.2)"},
		{"bare LF in place of a line", "\nA: 1\r\n", "400 bare LF in a field line (RFC 9112 §2.2)"},
		{"bare LF behind a name", "A\n", `400 the field line "A" has no colon (RFC 9112 §5)`},
		{"bare CR in a value", "A: 1\r2\r\n", `400 bare CR in the field "A" (RFC 9112 §2.2)`},
		{"two CRs behind a value", "A: 1\r\r\n", `400 bare CR in the field "A" (RFC 9112 §2.2)`},
		{"bare CR in place of a line", "\rA: 1\r\n", "400 bare CR in a field line (RFC 9112 §2.2)"},
		{"bare CR behind a name", "A\r: 1\r\n", `400 the field line "A" has no colon (RFC 9112 §5)`},
		{"obs-fold by a space", "A: 1\r\n 2\r\n", "400 a field line begins with white space (obs-fold) (RFC 9112 §5.2)"},
		{"obs-fold by a tab", "A: 1\r\n\t2\r\n", "400 a field line begins with white space (obs-fold) (RFC 9112 §5.2)"},
		{"a line of white space", "A: 1\r\n \r\n", "400 a field line begins with white space (obs-fold) (RFC 9112 §5.2)"},
		{"a space before the colon", "A : 1\r\n", `400 white space between the field name "A" and its colon (RFC 9112 §5.1)`},
		{"a tab before the colon", "A\t: 1\r\n", `400 white space between the field name "A" and its colon (RFC 9112 §5.1)`},
		{"a space in the name", "A b: 1\r\n", `400 white space between the field name "A" and its colon (RFC 9112 §5.1)`},
		{"an empty name", ": 1\r\n", "400 a field line without a name (RFC 9110 §5.1)"},
		{"no colon", "Abc\r\n", `400 the field line "Abc" has no colon (RFC 9112 §5)`},
		{"a name that is no token", "A(b: 1\r\n", `400 "(" in a field name (RFC 9110 §5.1)`},
		{"a name in quotes", "\"A\": 1\r\n", `400 "\"" in a field name (RFC 9110 §5.1)`},
		{"NUL in the name", "A\x00: 1\r\n", `400 "\x00" in a field name (RFC 9110 §5.1)`},
		{"DEL in the name", "A\x7f: 1\r\n", `400 "\x7f" in a field name (RFC 9110 §5.1)`},
		{"a name outside ASCII", "\xc3\xa9: 1\r\n", `400 "\xc3" in a field name (RFC 9110 §5.1)`},
		{"a name of 40 bytes is not cut", strings.Repeat("N", 40) + "\r\n",
			`400 the field line "` + strings.Repeat("N", 40) + `" has no colon (RFC 9112 §5)`},
		{"a longer one is", strings.Repeat("N", 41) + "\r\n",
			`400 the field line "` + strings.Repeat("N", 40) + `"… has no colon (RFC 9112 §5)`},
		{"NUL in the value", "A: 1\x002\r\n", `400 control "\x00" in the field "A" (RFC 9110 §5.5)`},
		{"NUL before the value", "A:\x00\r\n", `400 control "\x00" in the field "A" (RFC 9110 §5.5)`},
		{"DEL in the value", "A: 1\x7f\r\n", `400 control "\x7f" in the field "A" (RFC 9110 §5.5)`},
		{"ESC deep in the value", "A: " + strings.Repeat("0123456789", 7) + "\x1b\r\n", `400 control "\x1b" in the field "A" (RFC 9110 §5.5)`},
		{"a vertical tab after a tab", "A: 1\t\v\r\n", `400 control "\v" in the field "A" (RFC 9110 §5.5)`},
		{"the second of two faults stays unseen", "A : 1\r\nB\r\n", `400 white space between the field name "A" and its colon (RFC 9112 §5.1)`},
	} {
		t.Run(row.what, func(t *testing.T) { checkRefusal(t, refusal(t, get(row.fields)), row.want) })
	}
}

// Every byte, in each place of a field line, against the grammar written down once more.
func TestEveryByteInAFieldLine(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range 256 {
		b := string([]byte{byte(c)})
		token := strings.Contains(tchar, b)
		content := c == '\t' || c >= ' ' && c != 0x7f
		for _, place := range []struct {
			fields string
			ok     bool
		}{
			{b + "a: 1\r\n", token},
			{"a" + b + "b: 1\r\n", token || c == ':'},
			{"abcdefghi" + b + ": 1\r\n", token || c == ':'},
			{"a:" + b + "\r\n", content},
			{"a: x" + b + "y\r\n", content},
			{"a: 0123456789012345678901234567890123456789" + b + "\r\n", content},
		} {
			if got := refusal(t, get(place.fields)); (got == "") != place.ok {
				t.Errorf("%q: refused with %q", place.fields, got)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	h := accept(t, get("Accept: a\r\nX-Empty:\r\nACCEPT: b\r\nAcceptance: c\r\n"))
	for _, name := range []string{"accept", "Accept", "ACCEPT", "aCCEPT"} {
		if v, ok := h.Lookup(name); v != "a" || !ok || h.Get(name) != "a" {
			t.Errorf("Lookup(%q) is %q, %v", name, v, ok)
		}
		if got := slices.Collect(h.Values(name)); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("Values(%q) are %q", name, got)
		}
	}
	if v, ok := h.Lookup("x-empty"); v != "" || !ok {
		t.Errorf("an empty field: %q, %v", v, ok)
	}
	if _, ok := h.Lookup("Accep"); ok {
		t.Error("the beginning of a name is found")
	}
	if name, value := h.At(1); name != "Accept" || value != "a" {
		t.Errorf("At(1) is %q, %q", name, value)
	}
	for range h.All() {
		break // an iterator that is not used up must not go on
	}
	for range h.Values("accept") {
		break
	}
}

func TestEqualFold(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"Host", "hOST", true},
		{"Host", "Hosts", false},
		{"@[`{", "`{@[", false},                  // 0x20 apart, but not letters
		{"\u212aeep-alive", "Keep-Alive", false}, // the Kelvin sign
		{"a\xc9", "a\xe9", false},
	} {
		if got := EqualFold(row.a, row.b); got != row.want {
			t.Errorf("EqualFold(%q, %q) is %v", row.a, row.b, got)
		}
	}
}

// The strings of a head must outlive the window it came in.
func TestHeadOwnsItsStrings(t *testing.T) {
	window, h, lim := []byte(get("A: 1\r\n")), new(Head), DefaultLimits()
	if _, err := h.Parse(window, &lim); err != nil {
		t.Fatal(err)
	}
	before := describe(h)
	clear(window)
	if after := describe(h); after != before {
		t.Errorf("the head changed with its window:\n%s", cmp.Diff(before, after))
	}
}

// A connection parses one head after the other into the same Head.
func TestReset(t *testing.T) {
	lim, h := DefaultLimits(), new(Head)
	parse := func(text string) error {
		h.Reset()
		_, err := h.Parse([]byte(text), &lim)
		return err
	}
	rich := "OPTIONS http://b.test?q HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
	if err := parse(rich); err != nil {
		t.Fatal(err)
	}
	method, host := h.Method, h.Host
	for _, before := range []string{rich, rich[:60], "GET / HTTP/1.1\r\nA: 1\r\nB\r\n", "GET / HTTP/2.0\r\n", get("Transfer-Encoding: chunked\r\n")} {
		_ = parse(before)
		if err := parse("GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(describe(accept(t, "GET / HTTP/1.0\r\n\r\n")), describe(h)); diff != "" {
			t.Errorf("after %q:\n%s", before, diff)
		}
		if framing, err := FramingOf(h); framing != 0 || err != nil || h.ConnectionHas("close") {
			t.Errorf("after %q: framing %d, %v, close %v", before, framing, err, h.ConnectionHas("close"))
		}
	}
	if method != "OPTIONS" || host != "b.test" {
		t.Errorf("strings given out before have become %q, %q", method, host)
	}
}

func TestRepeats(t *testing.T) {
	h := accept(t, get("A: 1\r\n"))
	for _, row := range []struct {
		what, window string
		want         bool
	}{
		{"the same bytes", get("A: 1\r\n"), true},
		{"with others behind", get("A: 1\r\n") + "GET", true},
		{"a part of them", get("A: 1\r\n")[:20], false},
		{"nothing", "", false},
		{"one byte differs", get("A: 2\r\n"), false},
		{"an empty line before them", "\r\n" + get("A: 1\r\n"), false},
	} {
		t.Run(row.what, func(t *testing.T) {
			if got := h.Repeats([]byte(row.window)); got != row.want {
				t.Errorf("Repeats is %v", got)
			}
		})
	}
	if h.Reset(); h.Repeats([]byte(get("A: 1\r\n"))) || h.Repeats(nil) {
		t.Error("a head repeats after Reset")
	}
}
