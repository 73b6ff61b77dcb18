// What parsing allocates.

package parser

import "testing"

func TestAllocations(t *testing.T) {
	lim := DefaultLimits()
	allocates := func(what string, want float64, f func()) {
		t.Helper()
		if got := testing.AllocsPerRun(100, f); got != want {
			t.Errorf("%s allocates %v times, not %v", what, got, want)
		}
	}
	for _, in := range inputs {
		window, h := []byte(in.head), new(Head)
		allocates(in.name+": parsing a head again into the same Head", 1, func() {
			h.Reset()
			if n, err := h.Parse(window, &lim); n != len(window) || err != nil {
				t.Fatal(n, err)
			}
		})
		allocates(in.name+": Repeats", 0, func() {
			if !h.Repeats(window) {
				t.Fatal("it does not repeat")
			}
		})
		allocates(in.name+": asking the head", 0, func() {
			framing, err := FramingOf(h)
			expects, err2 := h.ExpectsContinue()
			if framing != 0 || err != nil || expects || err2 != nil || !h.Persists() || h.Get("Host") == "" {
				t.Fatal(framing, err, expects, err2)
			}
		})
	}
	upload := mustParse(t, get("Connection: keep-alive, TE\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"))
	allocates("asking the head of an upload", 0, func() {
		framing, _ := FramingOf(upload)
		if expects, _ := upload.ExpectsContinue(); framing != Chunked || !expects || !upload.Persists() {
			t.Fatal(framing, expects)
		}
	})
	wire, d := []byte("5;a=\"b\"\r\nhello\r\n6 ; c = d\r\n world\r\n0\r\n\r\n"), decoder{content: make([]byte, 0, 11)}
	allocates("parsing chunks and an empty trailer section", 0, func() {
		d = decoder{content: d.content[:0]}
		if n, err := d.decode(wire, &lim); n != len(wire) || err != nil || string(d.content) != "hello world" {
			t.Fatal(n, err)
		}
	})
}
