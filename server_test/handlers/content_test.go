// Content: the same files in a content.Dir and in a FileServerFS, the same readers in Serve and in ServeContent.

package handlers

import (
	"io/fs"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/content"
	"github.com/spillway-go/spillway/server/route"
)

// written is when all files were.
var written = time.Date(2024, 2, 29, 12, 30, 15, 500, time.UTC)

const (
	lastModified = "Thu, 29 Feb 2024 12:30:15 GMT"
	before       = "Thu, 29 Feb 2024 12:30:14 GMT"
	after        = "Thu, 29 Feb 2024 12:30:16 GMT"
)

// served is what is served by Serve and ServeContent.
var served = []struct {
	path, name, text, etag string
	modified               time.Time
}{
	{"/text", "a.txt", "0123456789", `"abc"`, written},
	{"/weak", "a.html", "0123456789", `W/"abc"`, written},
	{"/untagged", "a.css", "0123456789", "", written},
	{"/timeless", "a.json", "0123456789", `"abc"`, time.Time{}},
	{"/epoch", "a.js", "0123456789", "", time.Unix(0, 0)},
	{"/empty", "a.svg", "", `"abc"`, written},
	{"/large", "a.png", strings.Repeat("0123456789abcdef", 4096), `"large"`, written},
	{"/nameless", "", "<html>", "", written},
}

func serving() (server.Handler, http.Handler) {
	var ours route.Mux
	theirs := http.NewServeMux()
	for _, s := range served {
		ours.HandleFunc(s.path, func(w *server.Response, r *server.Request, _ route.Params) error {
			if s.etag != "" {
				w.Set("ETag", s.etag)
			}
			return content.Serve(w, r, s.name, s.modified, strings.NewReader(s.text))
		})
		theirs.HandleFunc(s.path, func(w http.ResponseWriter, r *http.Request) {
			if s.etag != "" {
				w.Header().Set("ETag", s.etag)
			}
			http.ServeContent(w, r, s.name, s.modified, strings.NewReader(s.text))
		})
	}
	return &ours, theirs
}

var contentFields = []string{"Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "Last-Modified", "ETag", "Location"}

// fieldsAsked are asked for with GET and HEAD of each of what is served, but for those that show a difference.
var fieldsAsked = [][]string{
	{}, {`If-Match: "abc"`}, {`If-Match: "other"`}, {`If-Match: *`}, {`If-Match: W/"abc"`}, {`If-Match: "x", "abc"`}, {`If-Match: , ,"abc"`}, {`If-Match: abc`}, {`If-Match: "abc`},
	{`If-None-Match: "x"`}, {`If-None-Match: "abc`}, {`If-None-Match: "a b", "abc"`},
	{"If-Unmodified-Since: " + before}, {"If-Unmodified-Since: " + lastModified}, {"If-Unmodified-Since: " + after}, {"If-Unmodified-Since: yesterday"},
	{"If-Modified-Since: " + before}, {"If-Modified-Since: Thursday, 29-Feb-24 12:30:14 GMT"}, {"If-Modified-Since: x"},
	{`If-Match: "abc"`, "If-Unmodified-Since: " + before}, {`If-Match: "x"`, "If-None-Match: *"}, {`If-None-Match: "x"`, "If-Modified-Since: " + after},
}

// rangesAsked are asked for with GET of each.
var rangesAsked = [][]string{
	{"Range: bytes=0-0"}, {"Range: bytes=0-3"}, {"Range: bytes=2-"}, {"Range: bytes=-3"}, {"Range: bytes=5-2"}, {"Range: bytes=9-100"}, {"Range: bytes=-"},
	{"Range: bytes=a-b"}, {"Range: bytes=1"}, {"Range: bytes="}, {"Range: bytes=,"}, {"Range: bytes=0-1,4-5"}, {"Range: bytes=0-1, 4-5 ,9-"}, {"Range: bytes=0-1,,3-3"}, {"Range: bytes=0-9,0-9"},
	{"Range: bytes=0-1,99999999-"}, {"Range: bytes=5-5,0-0"}, {"Range: bytes=--3"}, {"Range: bytes=0-1,x"}, {"Range: bytes=0-5,2-8"},
	{"Range: bytes=0-1", `If-Range: "abc"`}, {"Range: bytes=0-1", `If-Range: W/"abc"`}, {"Range: bytes=0-1", `If-Range: "x"`}, {"Range: bytes=0-1", "If-Range: " + lastModified},
	{"Range: bytes=0-1", "If-Range: " + before}, {"Range: bytes=0-1", "If-Range: x"}, {"Range: bytes=0-1", `If-Match: "x"`},
}

func TestContent(t *testing.T) {
	ours, theirs := serving()
	p := start(t, ours, theirs, contentFields...)
	p.content = true
	var rows []row
	for _, s := range served {
		if s.name == "" {
			continue
		}
		for _, fields := range fieldsAsked {
			rows = append(rows, row{request: "GET " + s.path, fields: fields}, row{request: "HEAD " + s.path, fields: fields})
		}
		for _, fields := range rangesAsked {
			if s.text == "" && strings.Contains(fields[0], "=-3") {
				continue
			}
			rows = append(rows, row{request: "GET " + s.path, fields: fields})
		}
	}
	for i, r := range rows { // where the Range is malformed, net/http has no Content-Range
		if len(r.fields) == 1 && malformed[r.fields[0]] {
			rows[i].differs = "Content-Range"
		}
	}
	p.run(rows)
	p.run([]row{
		{request: "POST /text", fields: []string{`If-None-Match: "abc"`, "Content-Length: 0"}}, {request: "POST /text", fields: []string{`If-None-Match: *`, "Content-Length: 0"}},
		{request: "PUT /text", fields: []string{`If-Match: "x"`, "Content-Length: 0"}}, {request: "POST /text", fields: []string{"If-Modified-Since: " + after, "Content-Length: 0"}},
		{request: "GET /untagged", fields: []string{"If-Modified-Since: " + lastModified}}, {request: "GET /untagged", fields: []string{"If-Modified-Since: Thursday, 29-Feb-24 12:30:15 GMT"}},
		{request: "HEAD /untagged", fields: []string{"If-Modified-Since: Thu Feb 29 12:30:15 2024"}}, {request: "GET /timeless", fields: []string{`If-None-Match: W/"abc"`}},
		{request: "GET /nameless", differs: "type"},
		{request: "GET /text", fields: []string{`If-None-Match: "abc"`}, differs: "304"}, {request: "GET /text", fields: []string{`If-Modified-Since: ` + after}, differs: "304"},
		{request: "GET /text", fields: []string{"Range: items=0-1"}, differs: "other units"}, {request: "GET /text", fields: []string{"Range: 0-1"}, differs: "other units"},
		{request: "GET /text", fields: []string{"Range: BYTES=0-1"}, differs: "case of units"},
		{request: "GET /text", fields: []string{"Range: bytes=0 - 1"}, differs: "range numbers"}, {request: "GET /text", fields: []string{"Range: bytes=+0-1"}, differs: "range numbers"},
		{request: "GET /text", fields: []string{"Range: bytes=0-99999999999999999999"}, differs: "range numbers"}, {request: "GET /text", fields: []string{"Range: bytes=-99999999999999999999"}, differs: "range numbers"},
		{request: "HEAD /text", fields: []string{"Range: bytes=0-1"}, differs: "methods of ranges"}, {request: "POST /text", fields: []string{"Range: bytes=0-1", "Content-Length: 0"}, differs: "methods of ranges"},
		{request: "GET /text", fields: []string{"Range: bytes=-0"}, differs: "empty suffix"}, {request: "GET /empty", fields: []string{"Range: bytes=-3"}, differs: "empty suffix"},
		{request: "GET /large", fields: []string{"Range: bytes=" + strings.Repeat("1-1,", 64) + "2-2"}, differs: "many ranges"},
		{request: "GET /large", fields: []string{"Range: bytes=" + strings.Repeat("1-1,", 63) + "2-2"}},
		{request: "GET /timeless", fields: []string{`If-None-Match: "x"`, `If-None-Match: "abc"`}, differs: "several lines"}, {request: "GET /timeless", fields: []string{`If-Match: "x"`, `If-Match: "abc"`}, differs: "several lines"},
	})
	p.enough(300)
	directories(t, p.shown)
	documented(t, "content", p.shown)
}

var malformed = map[string]bool{
	"Range: bytes=5-2": true, "Range: bytes=-": true, "Range: bytes=a-b": true, "Range: bytes=1": true, "Range: bytes=--3": true, "Range: bytes=0-1,x": true,
}

// files are served by Dir and FileServerFS.
func files() fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range map[string]string{
		"index.html": "<p>root", "a.txt": "a text", "dir/index.html": "<p>dir", "dir/b.css": "p{}", "bare/c.js": "1", "a b.txt": "blank", "dir/sub/d.json": "{}",
		"q?s/e.txt": "query", "c:d/f.txt": "colon", "ü/index.html": "umlaut", ".hidden": "hidden", "index.html.d/x.txt": "x", "noext": "<html>",
	} {
		m[name] = &fstest.MapFile{Data: []byte(text), ModTime: written}
	}
	m["odd/index.html/inner.txt"] = &fstest.MapFile{Data: []byte("inner"), ModTime: written}
	m["secret.txt"] = &fstest.MapFile{Data: []byte("secret"), ModTime: written}
	return m
}

// guarded is a file system with a file that may not be read, and one that cannot seek.
type guarded struct{ fs.FS }

func (g guarded) Open(name string) (fs.File, error) {
	switch {
	case name == "secret.txt":
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	case len(name) > 255 || strings.Contains(name, "\x00"):
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENAMETOOLONG}
	}
	f, err := g.FS.Open(name)
	if err == nil && name == "noext" {
		return struct{ fs.File }{f}, nil
	}
	return f, err
}

func directories(t *testing.T, shown map[string]bool) {
	fsys := guarded{files()}
	p := start(t, &content.Dir{FS: fsys}, http.FileServerFS(fsys), "Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "Last-Modified", "Location", "Allow")
	p.content = true
	var rows []row
	for _, target := range []string{
		"/", "/index.html", "/a.txt", "/a.txt/", "/dir", "/dir/", "/dir/index.html", "/dir/b.css", "/dir/b.css/", "/dir//b.css", "//a.txt", "/./a.txt", "/dir/./b.css", "/bare", "/bare/c.js", "/bare?x=1",
		"/a%20b.txt", "/dir%2Fb.css", "/dir/sub", "/dir/sub/d.json", "/%C3%BC/", "/none", "/none/", "/none/x", "/a.txt/x", "/secret.txt",
		"/index.html?x", "/A.TXT", "/%zz", "/dir/index.html/", "/q%3Fs/e.txt", "/c:d/f.txt", "/index.html.d/x.txt", "/...", "/odd/index.html/inner.txt",
	} {
		rows = append(rows, row{request: "GET " + target}, row{request: "HEAD " + target})
	}
	p.run(rows)
	p.run([]row{
		{request: "GET /a.txt", fields: []string{"Range: bytes=2-"}}, {request: "GET /a.txt", fields: []string{"If-Modified-Since: " + lastModified}}, {request: "GET /dir/", fields: []string{"Range: bytes=0-1,3-3"}},
		{request: "POST /a.txt", fields: []string{"Content-Length: 0"}, differs: "methods"}, {request: "DELETE /a.txt", differs: "methods"}, {request: "OPTIONS /a.txt", differs: "methods"},
		{request: "GET /../a.txt", differs: "dot-dot"}, {request: "GET /dir/../a.txt", differs: "dot-dot"}, {request: "GET /dir/%2e%2e/a.txt", differs: "dot-dot"}, {request: "GET /dir%2F..%2Fa.txt", differs: "dot-dot"},
		{request: `GET /dir/..%5Ca.txt`, differs: "dot-dot"}, {request: "GET /..", differs: "dot-dot"},
		{request: "GET /bare/", differs: "listing"}, {request: "HEAD /dir/sub/", differs: "listing"}, {request: "GET /odd/", differs: "listing"},
		{request: "GET /.hidden", differs: "type"}, {request: "GET /noext", differs: "files without Seek"},
		{request: "GET /q%3Fs", differs: "redirects"}, {request: "GET /c:d", differs: "redirects"}, {request: "GET /%C3%BC", differs: "redirects"},
		{request: "GET /" + strings.Repeat("x", 300), differs: "names"}, {request: "GET /a%00b", differs: "names"},
	})
	p.enough(90)
	below(t, fsys)
	p.compare = []string{"ETag"}
	p.run([]row{{request: "GET /a.txt", differs: "ETag"}})
	for name := range p.shown {
		shown[name] = true
	}
}

// below compares directories that are mounted below a prefix.
func below(t *testing.T, fsys fs.FS) {
	var ours route.Mux
	ours.Mount("/static", &content.Dir{FS: fsys})
	theirs := http.NewServeMux()
	theirs.Handle("/static/", http.StripPrefix("/static", http.FileServerFS(fsys)))
	p := start(t, &ours, theirs, "Content-Length", "Location")
	p.content = true
	p.run([]row{
		{request: "GET /static"}, {request: "GET /static/"}, {request: "GET /static/dir"}, {request: "GET /static/dir/"}, {request: "GET /static/dir/index.html?x"}, {request: "GET /static/a.txt/"},
		{request: "GET /static/a%20b.txt"}, {request: "GET /a.txt"}, {request: "GET /static/../a.txt"}, {request: "HEAD /static/bare/c.js"},
	})
}
