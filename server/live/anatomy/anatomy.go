// Package anatomy says what each byte of a connection is, as spillway reads it: part of a head, framing, content, or behind
// what was refused. It decides nothing itself: heads, framing and chunks are read by package parser, as the server reads them.
package anatomy

import (
	"fmt"
	"strconv"

	"github.com/spillway-go/spillway/parser"
)

// Kind is what bytes are.
type Kind uint8

// The kinds.
const (
	Head    Kind = iota // a request or status line, field lines, and the empty line behind them
	Framing             // chunk headers, the line ends behind chunks, the trailer section
	Content             // the message's content
	Refused             // a head or framing that breaks a rule, and all that comes behind it: no byte of it begins a request
	Behind              // behind the last request that the connection serves: it is thrown away
	Other               // TLS, HTTP/2, a tunnel, or a PROXY header: no HTTP/1.1 that can be read here
)

var names = [...]string{"head", "framing", "content", "refused", "behind", "other"}

// String returns the kind in a lower-case word, or as a number if it is none.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Piece is some bytes of one kind.
type Piece struct {
	Kind    Kind
	Len     int           // bytes
	Message int           // the number of the request, or of the response, from 1
	Ends    bool          // the message's last byte is the piece's
	Note    string        // what is known with the last byte: of a head what it says, of a chunk header the chunk's size
	Method  string        // of the request whose head ends with the piece
	Error   *parser.Error // Refused: the rule that was broken, with the first of the pieces
}

// Conversation follows both directions of one connection. Its zero value is ready for use; it is not safe for concurrent use.
type Conversation struct {
	Proxy bool // a PROXY header may stand in front of the first request

	last           bool // no other request follows
	client, server direction
	methods        []string // of the requests that have no response yet, at most mostWaiting
	said           said     // by the response's head that was read last
}

const mostWaiting = 1024

// Client says what the next bytes from the client are. The pieces' lengths add up to len(p).
func (c *Conversation) Client(p []byte) []Piece {
	if c.client.step == nil {
		c.client.step = c.begin
	}
	return c.client.read(p)
}

// Server says what the next bytes from the server are.
func (c *Conversation) Server(p []byte) []Piece {
	if c.server.step == nil {
		c.server.step = c.statusHead
	}
	return c.server.read(p)
}

// Last says that the request under way, or the one before, is the last that is served: what comes behind it is none.
func (c *Conversation) Last() { c.last = true }

// Incomplete returns what the client's direction has stopped inside of: a Kind and true, or false if it stopped between requests.
func (c *Conversation) Incomplete() (Kind, bool) {
	d := &c.client
	switch {
	case len(d.held) > 0:
		return d.holding, true
	case d.left > 0:
		return Content, true
	case d.chunked:
		return Framing, true
	}
	return 0, false
}

// direction is what is known of one direction. Its step takes bytes from the front of b and returns what they are.
type direction struct {
	step    func(b []byte) Piece
	message int
	held    []byte // the beginning of a head or trailer section that has not ended
	holding Kind   // what it is part of
	left    int64  // content bytes to come, of the message or of the chunk
	chunked bool   // the content is in chunks, and has not ended
	chunks  parser.Chunks
	part    parser.Section
	behind  func(b []byte) Piece // what comes behind the message
}

func (d *direction) read(p []byte) []Piece {
	var all []Piece
	for len(p) > 0 {
		next := d.step(p)
		p = p[next.Len:]
		if n := len(all); n > 0 && all[n-1].joins(next) {
			all[n-1].Len += next.Len
			all[n-1].Ends = next.Ends
			continue
		}
		all = append(all, next)
	}
	return all
}

// joins reports whether the piece and the next are one.
func (p *Piece) joins(next Piece) bool {
	return p.Kind == next.Kind && p.Message == next.Message && p.Note == "" && next.Note == "" && p.Method == "" && next.Method == "" && p.Error == nil && next.Error == nil && !p.Ends
}

// piece returns n bytes of the message.
func (d *direction) piece(kind Kind, n int) Piece {
	return Piece{Kind: kind, Len: n, Message: d.message}
}

// rest makes all that comes one kind, for ever.
func (d *direction) rest(kind Kind) {
	d.held, d.left, d.chunked = nil, 0, false
	d.step = func(b []byte) Piece { return d.piece(kind, len(b)) }
}

// refuse returns b as what breaks a rule.
func (d *direction) refuse(b []byte, err error) Piece {
	d.rest(Refused)
	p := d.piece(Refused, len(b))
	p.Error, _ = err.(*parser.Error)
	return p
}

// hold gives what is held, with b behind it, to take, and returns what b is: take returns how much it had, or 0 if it needs more.
func (d *direction) hold(kind Kind, b []byte, take func(window []byte) (int, error)) (p Piece, done bool) {
	before := len(d.held)
	d.held, d.holding = append(d.held, b...), kind
	n, err := take(d.held)
	switch {
	case err != nil:
		return d.refuse(b, err), false
	case n == 0:
		return d.piece(kind, len(b)), false
	}
	d.held = nil
	return d.piece(kind, n-before), true
}

// frame is called at a head's end, and says how its content is framed and what comes behind.
func (d *direction) frame(f parser.Framing, behind func(b []byte) Piece) {
	d.behind, d.chunks, d.chunked, d.left = behind, parser.Chunks{}, false, 0
	switch {
	case f == parser.Chunked:
		d.chunked, d.step = true, d.chunkHeader
	case f > 0:
		d.left, d.step = int64(f), d.content
	default:
		d.step = behind
	}
}

func (d *direction) content(b []byte) Piece {
	n := int(min(int64(len(b)), d.left))
	d.left -= int64(n)
	p := d.piece(Content, n)
	switch {
	case d.left > 0:
	case d.chunked:
		d.step = d.chunkHeader
	default:
		d.step, p.Ends = d.behind, true
	}
	return p
}

func (d *direction) chunkHeader(b []byte) Piece {
	lim := parser.DefaultLimits()
	n, done, err := d.chunks.Next(b, &lim)
	if err != nil && n > 1 { // the byte that breaks the rule is the last of the n
		d.step = func(b []byte) Piece { return d.refuse(b, err) }
		return d.piece(Framing, n-1)
	}
	if err != nil {
		return d.refuse(b, err)
	}
	p := d.piece(Framing, n)
	switch {
	case !done:
	case d.chunks.Size > 0:
		d.left, d.step, p.Note = d.chunks.Size, d.content, fmt.Sprintf("chunk of %d bytes", d.chunks.Size)
	default:
		d.part.Reset()
		d.step, p.Note = d.trailers, "last chunk"
	}
	return p
}

func (d *direction) trailers(b []byte) Piece {
	lim := parser.DefaultLimits()
	p, done := d.hold(Framing, b, func(window []byte) (int, error) { return d.part.ParseTrailers(window, &lim) })
	if done {
		d.step, d.chunked, p.Ends, p.Note = d.behind, false, true, "the content ends"
		if n := d.part.Len(); n > 0 {
			p.Note = fmt.Sprintf("the content ends, with %d trailer fields", n)
		}
	}
	return p
}
