// What an HTTP/2 client begins with, where nobody has agreed on HTTP/2 before.

package parser

// preface looks like a head, so that a server that knows nothing of HTTP/2 refuses it (RFC 9113 §3.4). "SM" and two line ends
// stand behind it.
const preface = "PRI * HTTP/2.0\r\n\r\n"

// ParsePreface takes in the first part of an HTTP/2 connection preface from the beginning of the window, as the head of a
// request: its method is PRI, its target *, its version HTTP/2.0, and it does not persist. It returns its length, or 0 while
// the window does not hold all of it; and false if the window begins with something else, which is for Parse.
func (h *Head) ParsePreface(window []byte) (n int, is bool) {
	had := min(len(window), len(preface))
	if had == 0 || string(window[:had]) != preface[:had] {
		return 0, false
	}
	if had < len(preface) {
		return 0, true
	}
	h.Reset()
	h.method, h.target, h.targetEnd = len("PRI"), len("PRI "), len("PRI *")
	h.cut(preface)
	h.Path, h.Form = "*", AsteriskForm
	return len(preface), true
}

// IsPreface reports whether the head is an HTTP/2 connection preface.
func (h *Head) IsPreface() bool { return h.text == preface }
