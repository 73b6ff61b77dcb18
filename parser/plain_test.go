// The short way through a plain chunk header beside the long one: both must say the same of every header.

package parser

import (
	"strings"
	"testing"
)

// TestPlainChunkHeaders gives each header at once, where the short way may take it, and byte by byte, where it never can.
func TestPlainChunkHeaders(t *testing.T) {
	sizes := []string{"", "0", "1", "a", "F", "00", "fF", "g", "1g", "0x1", " 1", "1 ", "1;", "1;a", "1\r", "\r\n1", "\n"}
	for n := 14; n <= 18; n++ {
		sizes = append(sizes, strings.Repeat("0", n), strings.Repeat("7", n), strings.Repeat("f", n), "7"+strings.Repeat("f", n-1))
	}
	ends := []string{"\r\n", "\r\nx", "\r", "\n", "", "\rx", "\r\r\n", "\n\r", "\n\n"}
	for _, before := range []string{"", "\r\n", "\r", "\n", "\r\r\n", "\n\n", "x"} {
		for _, size := range sizes {
			for _, end := range ends {
				for _, first := range []string{"0\r\n", "1;ab\r\n"} { // before it is what the header before left
					for _, overhead := range []int64{5, 12, 1000} {
						lim := DefaultLimits()
						lim.ChunkOverheadBytes = overhead
						sameEitherWay(t, first, before+size+end, &lim)
						sameEitherWay(t, "", before+size+end, &lim)
					}
				}
			}
		}
	}
	none := DefaultLimits()
	none.ChunkExtBytes = -1
	sameEitherWay(t, "", "1\r\n", &none)
}

func sameEitherWay(t *testing.T, first, wire string, lim *Limits) {
	t.Helper()
	var whole, single Chunks
	for _, c := range []*Chunks{&whole, &single} {
		for i := range len(first) {
			c.Next([]byte(first[i:i+1]), lim)
		}
	}
	n, done, err := whole.Next([]byte(wire), lim)
	at, ended, fault := 0, false, error(nil)
	for at < len(wire) && !ended && fault == nil {
		_, ended, fault = single.Next([]byte(wire[at:at+1]), lim)
		at++
	}
	if n != at || done != ended || refused(t, err) != refused(t, fault) || err == nil && whole != single {
		t.Errorf("%q behind %q: %d, %v, %v, %+v; byte by byte %d, %v, %v, %+v", wire, first, n, done, err, whole, at, ended, fault, single)
	}
}
