// Serving: from what is known of some content to the response with it, or with a part of it.

package content

import (
	"io"
	"mime"
	"path"
	"time"

	"github.com/spillway-go/spillway/server"
)

// Serve answers with the content of src, from its beginning, or with what the request asks for of it. The name is used
// for its extension only, where the handler has set no Content-Type. A time that is not zero becomes Last-Modified. An ETag
// that the handler has set before counts in conditions. The response's head is set here: a handler that writes as well
// gets an error.
//
// What the client has to do with is returned as a *server.StatusError, or answered; other errors are those of src and of
// the connection.
func Serve(w *server.Response, r *server.Request, name string, modified time.Time, src io.ReadSeeker) error {
	size, err := src.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return serve(w, r, &item{name: name, modified: modified, size: size, src: src, seeker: src})
}

// item is content with what is known of it.
type item struct {
	name     string
	modified time.Time
	size     int64
	src      io.Reader
	seeker   io.Seeker // of src; nil: it can only be read from its beginning, where it stands
}

func serve(w *server.Response, r *server.Request, it *item) error {
	if isTime(it.modified) {
		if err := w.Set("Last-Modified", it.modified.UTC().Format(timeFormat)); err != nil {
			return err
		}
	}
	if status := precondition(r, w.Get("ETag"), it.modified); status != 0 {
		for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding"} {
			w.Del(name)
		}
		return w.SetStatus(status)
	}
	if w.Get("Content-Type") == "" {
		if err := w.Set("Content-Type", typeOf(it.name)); err != nil {
			return err
		}
	}
	if it.seeker == nil {
		return whole(w, r, it)
	}
	if err := w.Set("Accept-Ranges", "bytes"); err != nil {
		return err
	}
	spans, err := wanted(r, w.Get("ETag"), it)
	switch {
	case err != nil:
		w.Del("Cache-Control") // which was said of the content
		return err
	case len(spans) == 0:
		return whole(w, r, it)
	case len(spans) == 1:
		return part(w, it, spans[0])
	}
	return parts(w, it, spans)
}

// typeOf returns the media type for a name.
func typeOf(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// whole sends all.
func whole(w *server.Response, r *server.Request, it *item) error {
	if err := w.SetContentLength(it.size); err != nil || r.Method == "HEAD" {
		return err
	}
	return send(w, it, span{0, it.size})
}

// part sends one range (RFC 9110 §15.3.7.1).
func part(w *server.Response, it *item, s span) error {
	if err := w.Set("Content-Range", s.of(it.size)); err != nil {
		return err
	}
	if err := w.SetContentLength(s.length); err != nil {
		return err
	}
	if err := w.SetStatus(206); err != nil {
		return err
	}
	return send(w, it, s)
}

// send copies a range to the response: by the system, where it can.
func send(w *server.Response, it *item, s span) error {
	if it.seeker != nil {
		if _, err := it.seeker.Seek(s.from, io.SeekStart); err != nil {
			return err
		}
	}
	n, err := w.ReadFrom(&io.LimitedReader{R: it.src, N: s.length})
	if err == nil && n < s.length {
		return io.ErrUnexpectedEOF // it has become shorter, and the head has been said
	}
	return err
}
