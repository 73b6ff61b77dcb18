// Chunk sizes, the bytes between chunks, and lists of codings, as tables.

package probe

// chunkSizes are sizes that number parsers disagree about. A request stands inside, where who takes the size for 0 finds the
// content's end, and behind where the others disagree, too.
func chunkSizes() []Scenario {
	s := Scenario{Name: "a chunk of", Oracle: Framing, Level: Should, Content: `\r\n$smuggled`, Ref: sizeRef, Why: sizeWhy}
	valid := s
	valid.Name, valid.Oracle, valid.Level, valid.Content = "a chunk of", Keep, Must, ""
	valid.Why = "Zeros before a size are digits of it."
	return join(
		variants([]variant{
			{id: "zero-z", name: "0z", text: `0z\r\n$content\r\n0\r\n\r\n`},
			{id: "minus-zero", name: "-0", text: `-0\r\n\r\n`},
			{id: "plus-zero", name: "+0", text: `+0\r\n\r\n`},
			{id: "zero-x-zero", name: "0x0", text: `0x0\r\n\r\n`},
			{id: "fraction", name: "N.0", text: `$hex.0\r\n$content\r\n0\r\n\r\n`},
			{id: "list", name: "N,N", text: `$hex,$hex\r\n$content\r\n0\r\n\r\n`},
			{id: "quoted", name: `"N"`, text: `"$hex"\r\n$content\r\n0\r\n\r\n`},
			{id: "zero-and-space", name: "0, space, N", text: `0 $hex\r\n$content\r\n0\r\n\r\n`},
			{id: "wide-digits", name: "a wide 0", text: `\xef\xbc\x90\r\n\r\n`},
			{id: "beyond-128-bits", name: "2^128 and more", text: `1{0*30}05\r\nhello\r\n0\r\n\r\n`, level: Must},
		}, "size-", s, broken),
		variants([]variant{
			{id: "space-before", name: "space, N", text: ` $hex\r\n$content\r\n0\r\n\r\n`},
			{id: "tab-behind", name: "N, tab", text: `$hex\t\r\n$content\r\n0\r\n\r\n`},
			{id: "vertical-tab-behind", name: "N, vertical tab", text: `$hex\x0b\r\n$content\r\n0\r\n\r\n`},
			{id: "nul-behind", name: "N, NUL", text: `$hex\x00\r\n$content\r\n0\r\n\r\n`},
			{id: "comment", name: "N (and words)", text: `$hex (words)\r\n$content\r\n0\r\n\r\n`},
		}, "size-", s, inPieces),
		[]Scenario{{
			ID: "size-beyond-32-bits", Name: "a chunk of 2^32+5", Level: Must,
			Oracle: Framing, Waits: true, Wire: broken(`100000005\r\nhello\r\n0\r\n\r\n`), Ref: sizeRef,
			Why: "A size that overflows becomes a small one: 5, in 32 bits. Who has more bits waits for what is to come.",
		}},
		variants([]variant{
			{id: "32-bits", name: "2^32", text: "100000000"},
			{id: "63-bits", name: "2^63", text: "8000000000000000"},
			{id: "64-bits", name: "2^64", text: "10000000000000000"},
		}, "size-of-", Scenario{
			Name: "a chunk of", Level: Must, Oracle: Framing, Waits: true, Content: `\r\n$smuggled`, Ref: sizeRef,
			Why: "A size that overflows becomes 0, the last chunk's. Who has more bits waits for what is to come, or refuses.",
		}, func(n string) string { return inPieces(n + `\r\n$content`) }),
		variants([]variant{
			{id: "zeros-before", name: "0000000005", text: `0000000005\r\nhello\r\n0\r\n\r\n`},
			{id: "many-zeros-last", name: "0000000000, the last", text: `5\r\nhello\r\n0000000000\r\n\r\n`},
			{id: "upper-case", name: "0A", text: `0A\r\nhello12345\r\n0\r\n\r\n`},
		}, "size-", valid, inPieces),
	)
}

// chunkEnds are what stands where the CRLF between a chunk's data and the next size belongs, and other bytes too many.
func chunkEnds() []Scenario {
	s := Scenario{
		Name: "behind a chunk's data", Oracle: Framing, Level: Should, Content: `$smuggled`, Ref: sizeRef,
		Why: "Behind a chunk's data stands CRLF; who skips two bytes without a look, or none, sees other chunks.",
	}
	between := s
	between.Name, between.Why = "between chunks", "Nothing stands between chunks; who skips it sees chunks where others see a mistake."
	return join(
		variants([]variant{
			{id: "lf-cr", name: "LF CR", text: `\n\r`},
			{id: "lf-lf", name: "LF LF", text: `\n\n`},
			{id: "cr-cr", name: "CR CR", text: `\r\r`},
			{id: "cr", name: "CR", text: `\r`},
			{id: "cr-x", name: "CR and a letter", text: `\rX`},
			{id: "x-lf", name: "a letter and LF", text: `X\n`},
			{id: "nul-nul", name: "two NULs", text: `\x00\x00`},
			{id: "spaces", name: "two spaces", text: `  `},
			{id: "space-crlf", name: "a space and CRLF", text: ` \r\n`},
			{id: "crlf-space", name: "CRLF and a space", text: `\r\n `},
		}, "chunk-end-", s, func(text string) string { return broken(`5\r\nhello` + text + `0\r\n\r\n`) }),
		variants([]variant{
			{id: "crlf", name: "an empty line", text: `\r\n`},
			{id: "crlfs", name: "three empty lines", text: `\r\n\r\n\r\n`},
			{id: "lf", name: "a bare LF", text: `\n`},
			{id: "comment", name: "a line that begins with ;", text: `;a=b\r\n`},
			{id: "x", name: "a line of letters", text: `words\r\n`},
		}, "chunk-between-", between, func(text string) string { return broken(`5\r\nhello\r\n` + text + `0\r\n\r\n`) }),
		variants([]variant{
			{id: "cr", name: "CR", text: `0\r\r\n`},
			{id: "lf", name: "LF", text: `0\n\n`},
			{id: "lf-crlf", name: "LF, and CRLF behind", text: `0\n\r\n`},
			{id: "cr-x", name: "CR and a letter", text: `0\rX\r\n`},
			{id: "crlf-cr-x", name: "CRLF, CR and a letter", text: `0\r\n\rX`},
			{id: "crlf-lf", name: "CRLF and LF", text: `0\r\n\n`},
		}, "chunk-last-", Scenario{
			Name: "behind the last chunk's size", Oracle: Framing, Level: Should, Content: `$smuggled`, Ref: sizeRef,
			Why: "The last chunk and the trailer section end in CRLF; who forgives less or more sees the end elsewhere.",
		}, func(text string) string { return broken(`5\r\nhello\r\n` + text) }),
	)
}

// codings are lists of transfer codings. Where chunked is not what frames the content, content that ends as chunks before it
// ends by its length shows whether it was taken for that; where it may be, content in chunks shows whether it was not.
func codings() []Scenario {
	wrong := Scenario{
		Name: "coding", Oracle: Conflict, Content: `0\r\n\r\n$smuggled`, Ref: "RFC 9112 §6.3",
		Why: "Where chunked is not the last coding, letter by letter, the end of a request's content cannot be known: 400.",
	}
	either := Scenario{
		Name: "coding", Oracle: Either, Level: Should, Content: `$smuggled`, Ref: "RFC 9112 §6.1",
		Why: "It may be refused; else chunked frames the content.",
	}
	return join(
		variants([]variant{
			{id: "chunked-x", name: "chunked, x", text: "Transfer-Encoding: chunked, x"},
			{id: "chunked-semicolon", name: "chunked;", text: "Transfer-Encoding: chunked;"},
			{id: "quoted", name: `"chunked"`, text: `Transfer-Encoding: "chunked"`},
			{id: "quoted-single", name: `'chunked'`, text: `Transfer-Encoding: 'chunked'`},
			{id: "twice-by-space", name: "chunked chunked", text: "Transfer-Encoding: chunked chunked"},
			{id: "identity-by-space", name: "identity chunked", text: "Transfer-Encoding: identity chunked"},
			{id: "semicolon-list", name: "x;chunked", text: "Transfer-Encoding: x;chunked"},
			{id: "parameter-chunked", name: "x;a=chunked", text: "Transfer-Encoding: x;a=chunked"},
			{id: "quoted-list", name: `x;a=", chunked"`, text: `Transfer-Encoding: x;a=", chunked"`},
			{id: "prefix", name: "chunke", text: "Transfer-Encoding: chunke"},
			{id: "suffix", name: "chunkedx", text: "Transfer-Encoding: chunkedx"},
			{id: "colon", name: ": chunked", text: "Transfer-Encoding: : chunked"},
			{id: "brackets", name: "[chunked]", text: "Transfer-Encoding: [chunked]"},
			{id: "kelvin", name: "chun(Kelvin sign)ed", text: `Transfer-Encoding: chun\xe2\x84\xaaed`},
			{id: "empty", name: "of nothing", text: "Transfer-Encoding:", oracle: Either, level: Should},
			{id: "comma", name: "a comma", text: "Transfer-Encoding: ,", oracle: Either, level: Should},
			{id: "then-x", name: "chunked, then x", text: `Transfer-Encoding: chunked\r\nTransfer-Encoding: x`},
		}, "coding-", wrong, func(text string) string { return framedBy("$content", "Content-Length: $size", text) }),
		variants([]variant{
			{id: "comma-behind", name: "chunked and a comma", text: "Transfer-Encoding: chunked,"},
			{id: "comma-before", name: "a comma and chunked", text: "Transfer-Encoding: ,chunked"},
			{id: "commas-before", name: "commas and chunked", text: "Transfer-Encoding: , ,chunked"},
			{id: "identity-chunked", name: "identity, chunked", text: "Transfer-Encoding: identity, chunked"},
			{id: "x-chunked", name: "x, chunked", text: "Transfer-Encoding: x, chunked"},
			{id: "parameter", name: "chunked;a=b", text: "Transfer-Encoding: chunked;a=b"},
			{id: "two-lines", name: "x, then chunked", text: `Transfer-Encoding: x\r\nTransfer-Encoding: chunked`},
			{id: "then-nothing", name: "chunked, then nothing", text: `Transfer-Encoding: chunked\r\nTransfer-Encoding:`},
			{id: "nothing-then", name: "nothing, then chunked", text: `Transfer-Encoding:\r\nTransfer-Encoding: chunked`},
			{id: "two-lines-chunked", name: "chunked, in two lines", text: `Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked`},
			{id: "upper-case", name: "CHUNKED", text: "Transfer-Encoding: CHUNKED", valid: true},
			{id: "tab-before", name: "a tab and chunked", text: `Transfer-Encoding:\tchunked`, valid: true},
			{id: "space-behind", name: "chunked and spaces", text: `Transfer-Encoding: chunked  `, valid: true},
			{id: "no-space", name: "chunked without a space", text: `Transfer-Encoding:chunked`, valid: true},
		}, "coding-", either, func(text string) string { return framedBy("$chunked", text) }),
	)
}
