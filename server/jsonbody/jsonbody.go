// Package jsonbody reads JSON from requests and writes it to responses, with encoding/json.
//
//	var order Order
//	if err := jsonbody.Read(r, &order, jsonbody.Limits{}); err != nil {
//		return err // becomes a 400, 408, 413 or 415
//	}
//	return jsonbody.Write(w, order)
//
// It is a package of its own so that programs without JSON do not have encoding/json and reflection's weight in them.
package jsonbody

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// Limits says how much JSON is read, and of what kind.
type Limits struct {
	Bytes         int64 // content in all; 0: 1 MiB; negative: what the server allows
	UnknownFields bool  // fields that the Go value has no place for are ignored, and not 400
	AnyType       bool  // the request's Content-Type may be any, or none
}

// Read decodes the request's content, which must be one JSON value, into v. Errors carry a status: 415 for content of another
// type, 413 for too much of it, 400 for what is not JSON or does not fit v, and those of reading. Where there is an error, v
// may hold a part of what was sent.
//
// What v takes may be larger than the content: a value of type any up to some thirty times. Values nest up to 10,000 deep.
func Read(r *server.Request, v any, l Limits) error {
	if got := r.Fields.Get("Content-Type"); !l.AnyType && !isJSON(got) {
		return &server.StatusError{Status: 415, Reason: fmt.Sprintf("the content's type is %.60q, and not application/json", got)}
	}
	switch {
	case l.Bytes == 0:
		r.Body.Limit(1 << 20)
	case l.Bytes > 0:
		r.Body.Limit(l.Bytes)
	}
	return decode(r.Body, v, l)
}

// isJSON reports whether a media type is JSON, or has it as its syntax (RFC 6839 §3.1), in UTF-8.
func isJSON(field string) bool {
	t, parameters, err := mime.ParseMediaType(field)
	charset, said := parameters["charset"]
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json")) && (!said || strings.EqualFold(charset, "utf-8"))
}

// decode decodes one value and nothing behind it.
func decode(content io.Reader, v any, l Limits) error {
	src := &source{r: content}
	d := json.NewDecoder(src)
	if !l.UnknownFields {
		d.DisallowUnknownFields()
	}
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is something behind the value")
		}
	}
	var program *json.InvalidUnmarshalError
	switch {
	case err == nil && src.err == nil:
		return nil
	case src.err != nil:
		return src.err
	case errors.As(err, &program):
		return err
	}
	return &server.StatusError{Status: 400, Reason: "the content is not the JSON that is expected: " + describe(err)}
}

// describe says what was wrong with the content, and where: not what an UnmarshalJSON method says, which may be for nobody
// but the log.
func describe(err error) string {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case err == io.EOF:
		return "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	case errors.As(err, &syntax):
		return fmt.Sprintf("%s, at byte %d", syntax, syntax.Offset)
	case errors.As(err, &mismatch):
		return fmt.Sprintf("a %.40s does not fit the field %.60q, at byte %d", mismatch.Value, mismatch.Field, mismatch.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field"), strings.HasPrefix(err.Error(), "there is something"):
		return fmt.Sprintf("%.100s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return "a value in it is refused"
}

// source keeps the error of the content, apart from those of what it holds.
type source struct {
	r   io.Reader
	err error // but io.EOF
}

// Read reads content.
func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Write answers with a value as JSON and a line end. It sets Content-Type where the handler has not. The value is encoded
// before anything is sent, so that one that cannot be is an error while another response is still possible.
func Write(w *server.Response, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if w.Get("Content-Type") == "" {
		if err := w.Set("Content-Type", "application/json"); err != nil {
			return err
		}
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
