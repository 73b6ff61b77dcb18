// Scenarios made from tables: one mistake in every place and with every byte. Of these groups only what is not as it should be
// is listed.

package probe

import (
	"fmt"
	"strings"
)

// variant is a line of a table: what is put into a dialogue, and how the outcome is judged.
type variant struct {
	id, name string
	text     string // in the notation
	oracle   Oracle // Keep: the table's
	level    Level  // "": the table's
	valid    bool   // the row makes a valid request, whatever the table's others are
}

// variants makes a scenario of each row.
func variants(rows []variant, prefix string, s Scenario, wire func(text string) string) []Scenario {
	var all []Scenario
	for _, r := range rows {
		one := s
		one.kind = prefix
		one.ID, one.Name, one.Wire = prefix+r.id, strings.TrimSpace(s.Name+" "+r.name), wire(r.text)
		if r.oracle != Keep {
			one.Oracle = r.oracle
		}
		if r.level != "" {
			one.Level = r.level
		}
		if r.valid {
			one.Oracle, one.Level = Keep, Must
		}
		all = append(all, one)
	}
	return all
}

// oddBytes are the bytes that no token and no field value's beginning contains, without CR, LF and white space.
func oddBytes() []variant {
	var all []variant
	for b := range 256 {
		if b > ' ' && b < 0x7f || b == '\t' || b == '\n' || b == '\r' || b == ' ' {
			continue
		}
		all = append(all, variant{id: fmt.Sprintf("%02x", b), name: fmt.Sprintf("0x%02x", b), text: fmt.Sprintf(`\x%02x`, b)})
	}
	return all
}

// bytesAround puts every odd byte before and behind the names and the values of the two framing fields. Each request has
// another field that frames it too: whether the odd one was believed shows in what became of its content.
func bytesAround() []Scenario {
	bytes := oddBytes()
	withLength := func(odd string) string { return framedBy("$content", "Content-Length: $size", odd) }
	return join(
		variants(bytes, "byte-coding-value-before-", Scenario{
			Name: "chunked behind", Oracle: Conflict, Content: `0\r\n\r\n$smuggled`, Ref: "RFC 9112 §6.3",
			Why: "A coding that is not chunked, letter by letter, is an unknown one, which leaves the content without an end: 400.",
		}, func(b string) string { return withLength("Transfer-Encoding: " + b + "chunked") }),
		variants(bytes, "byte-coding-value-behind-", Scenario{
			Name: "chunked before", Oracle: Conflict, Content: `0\r\n\r\n$smuggled`, Ref: "RFC 9112 §6.3",
			Why: "A coding that is not chunked, letter by letter, is an unknown one, which leaves the content without an end: 400.",
		}, func(b string) string { return withLength("Transfer-Encoding: chunked" + b) }),
		variants(bytes, "byte-coding-name-before-", Scenario{
			Name: "Transfer-Encoding behind", Oracle: Either, Level: Should, Content: `0\r\n\r\n$smuggled`, Ref: "RFC 9110 §5.1",
			Why: "What is no field name is not one that only looks like it: 400, or a field that nobody knows.",
		}, func(b string) string { return withLength(b + "Transfer-Encoding: chunked") }),
		variants(bytes, "byte-coding-name-behind-", Scenario{
			Name: "Transfer-Encoding before", Oracle: Either, Level: Should, Content: `0\r\n\r\n$smuggled`, Ref: "RFC 9110 §5.1",
			Why: "What is no field name is not one that only looks like it: 400, or a field that nobody knows.",
		}, func(b string) string { return withLength("Transfer-Encoding" + b + ": chunked") }),
		variants(bytes, "byte-length-value-before-", Scenario{
			Name: "a length behind", Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
			Why: "A length is digits only, and what else it may be is not to be guessed: 400.",
		}, func(b string) string { return framedBy("$content", "Content-Length: "+b+"$size") }),
		variants(bytes, "byte-length-value-behind-", Scenario{
			Name: "a length before", Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
			Why: "A length is digits only, and what else it may be is not to be guessed: 400.",
		}, func(b string) string { return framedBy("$content", "Content-Length: $size"+b) }),
		variants(bytes, "byte-length-name-before-", Scenario{
			Name: "Content-Length behind", Oracle: Either, Level: Should, Content: `$smuggled`, Ref: "RFC 9110 §5.1",
			Why: "What is no field name is not one that only looks like it: 400, or a field that nobody knows.",
		}, func(b string) string { return withLength(b + "Content-Length: 0") }),
		variants(bytes, "byte-length-name-behind-", Scenario{
			Name: "Content-Length before", Oracle: Either, Level: Should, Content: `$smuggled`, Ref: "RFC 9110 §5.1",
			Why: "What is no field name is not one that only looks like it: 400, or a field that nobody knows.",
		}, func(b string) string { return withLength("Content-Length" + b + ": 0") }),
	)
}

// lengths are values of Content-Length that number parsers disagree about.
func lengths() []Scenario {
	refuse := Scenario{
		Name: "a length of", Oracle: Conflict, Content: `$smuggled`, Ref: "RFC 9112 §6.3",
		Why: "A length is digits only, and what else it may be is not to be guessed: 400.",
	}
	same := refuse
	same.Name, same.Oracle, same.Level = "lengths", Either, May
	same.Why = "The same length several times may be taken for one, or refused."
	return join(
		variants([]variant{
			{id: "minus-zero", name: "-0", text: "-0"},
			{id: "plus-zero", name: "+0", text: "+0"},
			{id: "zero-z", name: "0z", text: "0z"},
			{id: "zero-x-zero", name: "0x0", text: "0x0"},
			{id: "size-z", name: "Nz", text: `$size\x7a`},
			{id: "zero-x-size", name: "0xN", text: "0x$hex"},
			{id: "fraction", name: "N.0", text: "$size.0"},
			{id: "exponent", name: "Ne0", text: `$size\x650`},
			{id: "quoted", name: `"N"`, text: `"$size"`},
			{id: "parameter", name: "N;a=b", text: "$size;a=b"},
			{id: "two-words", name: "0 N", text: "0 $size"},
			{id: "tabbed-words", name: "0, tab, N", text: `0\t$size`},
			{id: "wide-digits", name: "a wide 0", text: `\xef\xbc\x90`},
			{id: "arabic-digits", name: "an Arabic 0", text: `\xd9\xa0`},
			{id: "superscript", name: "a superscript 2", text: `\xb2`},
			{id: "comma-behind", name: "N and a comma", text: "$size,"},
			{id: "comma-before", name: "a comma and N", text: ",$size"},
			{id: "list-zero-size", name: "0, N, 0", text: "0, $size, 0"},
		}, "length-", refuse, func(text string) string { return framedBy("$content", "Content-Length: "+text) }),
		variants([]variant{
			{id: "empty-then-size", name: "of nothing, then of N", text: `Content-Length:\r\nContent-Length: $size`, oracle: Conflict, level: Must},
			{id: "size-then-empty", name: "of N, then of nothing", text: `Content-Length: $size\r\nContent-Length:`, oracle: Conflict, level: Must},
			{id: "list-then-size", name: "of N, 0, then of N", text: `Content-Length: $size, 0\r\nContent-Length: $size`, oracle: Conflict, level: Must},
			{id: "twice", name: "of N, twice", text: `Content-Length: $size\r\nContent-Length: $size`},
			{id: "list-twice", name: "of N, twice in a list", text: `Content-Length: $size, $size`},
		}, "lengths-", same, func(text string) string { return framedBy("$content", text) }),
		[]Scenario{
			{
				ID: "length-octal", Name: "a length with a zero before it",
				Oracle: Keep, Content: `{x*100}`, Ref: "RFC 9110 §8.6",
				Wire: strings.ReplaceAll(thenHead, "$size", "0100"),
				Why:  "Zeros before a length are digits of it; who takes them for the sign of an octal number leaves 36 bytes behind.",
			},
			{
				ID: "length-many-zeros", Name: "a length behind 50 zeros",
				Oracle: Keep, Content: `{x*100}`, Wire: framedBy("$content", "Content-Length: {0*50}100"), Ref: "RFC 9110 §8.6",
				Why: "Zeros before a length are digits of it, however many.",
			},
		},
		variants([]variant{
			{id: "32-bits", name: "2^32", text: "4294967296"},
			{id: "32-bits-and-5", name: "2^32+5", text: "4294967301"},
			{id: "63-bits", name: "2^63", text: "9223372036854775808"},
			{id: "64-bits", name: "2^64", text: "18446744073709551616"},
		}, "length-of-", Scenario{
			Name: "a length of", Oracle: Framing, Waits: true, Content: `hello$smuggled`, Ref: "RFC 9110 §8.6",
			Why: "A length that overflows becomes a small one, and the content behind that a request. Who has more bits waits, or refuses.",
		}, func(n string) string { return framedBy("$content", "Content-Length: "+n) }),
	)
}

// join puts lists of scenarios together.
func join(lists ...[]Scenario) []Scenario {
	var all []Scenario
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
