// Directories: from the path of a request to a file, and to nothing else.

package content

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/spillway-go/spillway/server"
)

// Dir is a handler that answers with the files of a file system, by the request's path. For a directory it answers with the
// index.html in it. It is to be mounted where its paths do not begin at the root, as Mux.Mount of package route does.
type Dir struct {
	FS fs.FS

	// Precompressed lets a client that accepts it have NAME.br, NAME.zst or NAME.gz in place of NAME, where there is one
	// that is not older. Responses then say Vary: Accept-Encoding.
	Precompressed bool

	// List answers for a directory that has no index.html, by its name in FS and its entries; nil: 404.
	List func(w *server.Response, r *server.Request, name string, entries []fs.DirEntry) error

	refusals bool // errors of FS that are no system call's refuse a name, as those of an os.Root do
}

// Open returns a Dir of a directory of the system. Symbolic links lead nowhere that is outside of it.
func Open(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{FS: root.FS(), refusals: true}, nil
}

// index is what stands for a directory.
const index = "index.html"

// Serve answers a GET or a HEAD with the file that the path names.
func (d *Dir) Serve(w *server.Response, r *server.Request) error {
	if r.Method != "GET" && r.Method != "HEAD" {
		return &server.StatusError{Status: 405, Reason: "only GET and HEAD", Fields: []server.Field{{Name: "Allow", Value: "GET, HEAD"}}}
	}
	p, err := r.Path()
	if err != nil {
		return &server.StatusError{Status: 400, Reason: "the path's percent-encoding is broken (RFC 3986 §2.1)"}
	}
	if climbs(p) {
		return &server.StatusError{Status: 400, Reason: "the path has a dot-dot segment"}
	}
	if strings.HasSuffix(p, "/"+index) {
		return moved(w, r, "./")
	}
	name := nameOf(p)
	info, err := d.stat(name)
	switch {
	case err != nil:
		return d.failed(w, err)
	case info.IsDir():
		return d.directory(w, r, p, name)
	case strings.HasSuffix(p, "/"):
		return moved(w, r, "../"+encode(path.Base(p)))
	}
	return d.file(w, r, name, info)
}

// ServeFile answers with one file, whatever the path of the request.
func (d *Dir) ServeFile(w *server.Response, r *server.Request, name string) error {
	info, err := d.stat(name)
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return d.failed(w, err)
	}
	return d.file(w, r, name, info)
}

// nameOf returns what a path is called in a file system.
func nameOf(p string) string {
	if name := path.Clean("/" + p)[1:]; name != "" {
		return name
	}
	return "."
}

// climbs reports whether a path has a segment of two dots. To some systems, a backslash is a slash.
func climbs(p string) bool {
	for strings.Contains(p, "..") {
		end := strings.IndexAny(p, `/\`)
		if end < 0 {
			return p == ".."
		}
		if p[:end] == ".." {
			return true
		}
		p = p[end+1:]
	}
	return false
}

// stat returns what is known of a regular file or a directory. Opening what is neither might wait, or do something.
func (d *Dir) stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(d.FS, name)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return info, err
}

// directory answers for a directory, whose path p ends with a slash so that relative references begin there.
func (d *Dir) directory(w *server.Response, r *server.Request, p, name string) error {
	if !strings.HasSuffix(p, "/") {
		return moved(w, r, encode(path.Base(p))+"/")
	}
	info, err := d.stat(path.Join(name, index))
	switch {
	case err == nil && !info.IsDir():
		return d.file(w, r, path.Join(name, index), info)
	case err != nil && !errors.Is(err, fs.ErrNotExist) || d.List == nil:
		return d.failed(w, err)
	}
	entries, err := fs.ReadDir(d.FS, name)
	if err != nil {
		return d.failed(w, err)
	}
	return d.List(w, r, name, entries)
}

// file answers with a file, or a variant of it.
func (d *Dir) file(w *server.Response, r *server.Request, name string, info fs.FileInfo) error {
	coding := ""
	variant := name
	if d.Precompressed {
		if err := w.Add("Vary", "Accept-Encoding"); err != nil {
			return err
		}
		variant, coding, info = d.variant(r, name, info)
	}
	f, err := d.FS.Open(variant)
	if err != nil {
		return d.failed(w, err)
	}
	defer f.Close()
	if w.Get("ETag") == "" && isTime(info.ModTime()) {
		if err := w.Set("ETag", fmt.Sprintf(`"%x-%x%s"`, info.ModTime().UnixNano(), info.Size(), strings.TrimSuffix("-"+coding, "-"))); err != nil {
			return err
		}
	}
	if coding != "" {
		if err := w.Set("Content-Encoding", coding); err != nil {
			return err
		}
	}
	seeker, _ := f.(io.Seeker)
	return serve(w, r, &item{name: name, modified: info.ModTime(), size: info.Size(), src: f, seeker: seeker})
}

// failed returns what an error of the file system is to the client. A name that cannot be is one that is not there.
func (d *Dir) failed(w *server.Response, err error) error {
	w.Del("Cache-Control") // which was said of a file
	var errno syscall.Errno
	system := errors.As(err, &errno)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &server.StatusError{Status: 403, Reason: "403 forbidden"}
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid), !system && d.refusals,
		system && (errno == syscall.ENOTDIR || errno == syscall.ENAMETOOLONG || errno == syscall.ELOOP || errno == syscall.EINVAL):
		return &server.StatusError{Status: 404, Reason: "404 page not found"}
	}
	return err
}

// moved redirects to a place relative to the request's, with the same query.
func moved(w *server.Response, r *server.Request, to string) error {
	if r.RawQuery != "" {
		to += "?" + r.RawQuery
	}
	if err := w.Set("Location", to); err != nil {
		return err
	}
	return w.SetStatus(301)
}

// encode encodes a segment of a path so that it can be nothing else, neither a query nor a scheme (RFC 3986 §4.2).
func encode(segment string) string {
	var b strings.Builder
	for i := range len(segment) {
		c := segment[i]
		if '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("-._~!$&'()*+,;=@", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
