// Forms with files: multipart/form-data, a part at a time.

package form

import (
	"fmt"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// Part is one part of a form: a field, or a file where it has a FileName. It is read as it comes from the connection, and is
// good until the loop over the parts goes on; what has not been read then is thrown away.
type Part struct {
	Name     string               // the field's name
	FileName string               // as the client has it, without folders; to be trusted with nothing
	Header   textproto.MIMEHeader // the part's head

	reader  *reader
	content *multipart.Part // nil: the loop has gone on
	left    int64           // of PartBytes
}

// Parts returns the parts of the request's content in the order in which they come. An error is the last that the loop gets,
// and carries a status: 415 for content of another type, 413 beyond a limit, 400 for malformed content, and those of reading.
func Parts(r *server.Request, l Limits) iter.Seq2[*Part, error] {
	return func(yield func(*Part, error) bool) {
		if err := isType(r, "multipart/form-data"); err != nil {
			yield(nil, err)
			return
		}
		_, parameters, err := mime.ParseMediaType(r.Fields.Get("Content-Type"))
		boundary := parameters["boundary"]
		if err != nil || boundary == "" || len(boundary) > 70 {
			yield(nil, &server.StatusError{Status: 400, Reason: "the multipart content has no boundary, or one that is too long (RFC 2046 §5.1.1)"})
			return
		}
		if l.Bytes > 0 {
			r.Body.Limit(l.Bytes)
		}
		newReader(r.Body, boundary, l).each(yield)
	}
}

// reader reads parts.
type reader struct {
	limits Limits
	src    source
	parts  *multipart.Reader
}

func newReader(content io.Reader, boundary string, l Limits) *reader {
	r := &reader{limits: l, src: source{r: content}}
	r.parts = multipart.NewReader(&r.src, boundary)
	return r
}

// each calls yield for every part, until it returns false or there is an error.
func (r *reader) each(yield func(*Part, error) bool) {
	most := or(r.limits.Parts, 1000)
	for n := 0; ; n++ {
		p, err := r.next()
		switch {
		case err == io.EOF:
			return
		case err == nil && n == most:
			err = &server.StatusError{Status: 413, Reason: fmt.Sprintf("the form has more than %d parts", most)}
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield(p, nil) {
			return
		}
		content := p.content
		p.content = nil
		if _, err := io.Copy(io.Discard, content); err != nil {
			yield(nil, r.failed(err))
			return
		}
	}
}

// next reads the head of the next part. It returns io.EOF behind the last.
func (r *reader) next() (*Part, error) {
	r.src.head, r.src.left = true, or(r.limits.HeaderBytes, 16<<10)
	content, err := r.parts.NextPart()
	r.src.head = false
	switch {
	case err == io.EOF:
		return nil, err
	case err != nil:
		return nil, r.failed(err)
	}
	return &Part{
		Name: content.FormName(), FileName: content.FileName(), Header: content.Header,
		reader: r, content: content, left: r.limits.PartBytes,
	}, nil
}

// failed returns what went wrong: reading the content, or the content itself.
func (r *reader) failed(err error) error {
	if r.src.err != nil {
		return r.src.err
	}
	return &server.StatusError{Status: 400, Reason: fmt.Sprintf("the multipart content is malformed: %.100q", err.Error())}
}

// Read reads the part's content. Beyond PartBytes it returns an error with the status 413.
func (p *Part) Read(b []byte) (int, error) {
	if p.content == nil {
		return 0, io.ErrClosedPipe
	}
	n, err := p.content.Read(b)
	if limit := p.reader.limits.PartBytes; limit > 0 {
		if int64(n) > p.left {
			n, p.left = int(p.left), 0
			return n, &server.StatusError{Status: 413, Reason: fmt.Sprintf("a part of the form has more than %d bytes", limit)}
		}
		p.left -= int64(n)
	}
	if err != nil && err != io.EOF {
		err = p.reader.failed(err)
	}
	return n, err
}

// Text returns the part's content. Beyond TextBytes it returns an error with the status 413.
func (p *Part) Text() (string, error) {
	var b strings.Builder
	most := or(p.reader.limits.TextBytes, 64<<10)
	n, err := io.Copy(&b, io.LimitReader(p, most+1))
	if err == nil && n > most {
		err = &server.StatusError{Status: 413, Reason: fmt.Sprintf("the field %.40q has more than %d bytes", p.Name, most)}
	}
	if err != nil {
		return "", err
	}
	return b.String(), nil
}

// source reads the content, and bounds what is read in search of a part's head. It keeps the error of the content, which
// package multipart wraps.
type source struct {
	r    io.Reader
	err  error // but io.EOF
	head bool
	left int64 // for the head
}

// Read reads content.
func (s *source) Read(b []byte) (int, error) {
	if s.head && int64(len(b)) > s.left {
		b = b[:s.left]
	}
	if s.err == nil && len(b) == 0 {
		s.err = &server.StatusError{Status: 413, Reason: "the head of a part of the form is too large"}
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(b)
	s.left -= int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
