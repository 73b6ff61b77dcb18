// Files of the system, their variants, and what hostile requests get: over a socket where the system has a part in it.

package content

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// tree makes a directory with files, and one beside it that nobody may see.
func tree(t *testing.T, names ...string) (dir string) {
	t.Helper()
	top := t.TempDir()
	dir = filepath.Join(top, "www")
	for _, name := range append(names, "../outside.txt") {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("this is "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask sends a request, and returns the response with its content.
func ask(t *testing.T, s *servertest.Server, method, target string, fields ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = target
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Add(name, value)
	}
	res, err := s.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return res, string(text)
}

func opened(t *testing.T, dir string) *Dir {
	t.Helper()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestThereIsNoWayOut(t *testing.T) {
	dir := tree(t, "a.txt", "sub/b.txt")
	for link, to := range map[string]string{"up": "..", "out.txt": "../outside.txt", "whole": filepath.Dir(dir), "in.txt": "sub/b.txt", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skipf("no symbolic links: %v", err)
		}
	}
	s := servertest.Start(t, opened(t, dir))
	for target, want := range map[string]int{
		"/a.txt": 200, "/in.txt": 200, "/up/outside.txt": 404, "/out.txt": 404, "/whole/outside.txt": 404, "/../outside.txt": 400, "/sub/..%2f..%2foutside.txt": 400,
		"/..%5coutside.txt": 400, "/%2e%2e/outside.txt": 400, "/a.txt/..": 400, "/a%00.txt": 404, "/" + strings.Repeat("n", 2000): 404, "/a.txt/x": 404, "/loop": 404, "/%2foutside.txt": 404,
	} {
		if res, text := ask(t, s, "GET", target); res.StatusCode != want || strings.Contains(text, "this is ../") {
			t.Errorf("%s: %d %q, want %d", target, res.StatusCode, text, want)
		}
	}
}

func TestWhatIsNoRegularFileIsNotOpened(t *testing.T) {
	dir := tree(t, "a.txt")
	s := servertest.Start(t, &Dir{FS: os.DirFS(dir)})
	makeFIFO(t, filepath.Join(dir, "pipe")) // opening it would wait for a writer
	if err := os.Mkdir(filepath.Join(dir, "index.html"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/pipe", "/"} {
		if res, _ := ask(t, s, "GET", target); res.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", target, res.StatusCode)
		}
	}
}

func TestFilesAreTheSystemsToSend(t *testing.T) {
	f, err := opened(t, tree(t, "a.txt")).FS.Open("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := f.(interface {
		fs.File
		syscall.Conn
	}); !ok {
		t.Errorf("a file of a directory is a %T, which the system cannot send", f)
	}
}

func TestRangesOfAFile(t *testing.T) {
	dir := tree(t, "small.txt")
	whole := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	if err := os.WriteFile(filepath.Join(dir, "large.bin"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t, opened(t, dir))
	res, text := ask(t, s, "GET", "/large.bin")
	if res.StatusCode != 200 || text != string(whole) {
		t.Errorf("got %d and %d bytes", res.StatusCode, len(text))
	}
	tag := res.Header.Get("ETag")
	if res, text = ask(t, s, "GET", "/large.bin", "Range: bytes=1000-700000", "If-Range: "+tag); res.StatusCode != 206 || text != string(whole[1000:700001]) {
		t.Errorf("got %d and %d bytes", res.StatusCode, len(text))
	}
	res, text = ask(t, s, "GET", "/large.bin", "Range: bytes=5-9,600000-700000,-1")
	_, parameters, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || res.ContentLength != int64(len(text)) {
		t.Fatalf("%v %v: %d bytes, Content-Length %d", res.Header, err, len(text), res.ContentLength)
	}
	parts := multipart.NewReader(strings.NewReader(text), parameters["boundary"])
	for _, want := range [][2]int{{5, 10}, {600000, 700001}, {len(whole) - 1, len(whole)}} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(p)
		says := fmt.Sprintf("bytes %d-%d/%d", want[0], want[1]-1, len(whole))
		if err != nil || !bytes.Equal(got, whole[want[0]:want[1]]) || p.Header.Get("Content-Range") != says {
			t.Errorf("%v: %d bytes, %v, Content-Range %q", want, len(got), err, p.Header.Get("Content-Range"))
		}
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("behind the last part: %v", err)
	}
}

func TestVariants(t *testing.T) {
	dir := tree(t, "a.css", "a.css.gz", "a.css.br", "b.css", "b.css.gz", "c.css", "d/index.html", "d/index.html.zst")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "b.css.gz"), old, old); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, name := range []string{"a.css", "a.css.gz", "a.css.br", "d/index.html", "d/index.html.zst"} {
		if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(name)), now, now); err != nil {
			t.Fatal(err)
		}
	}
	d := opened(t, dir)
	d.Precompressed = true
	s := servertest.Start(t, d)
	tags := map[string]string{}
	for _, test := range []struct{ target, accept, coding, file string }{
		{"/a.css", "", "", "a.css"}, {"/a.css", "identity", "", "a.css"}, {"/a.css", "gzip", "gzip", "a.css.gz"}, {"/a.css", "GZIP;q=0.2 , br", "br", "a.css.br"},
		{"/a.css", "gzip, br;q=0.9", "gzip", "a.css.gz"}, {"/a.css", "gzip, br", "br", "a.css.br"}, {"/a.css", "br;q=0, *", "gzip", "a.css.gz"}, {"/a.css", "br;q=0.000, gzip;q=0", "", "a.css"},
		{"/a.css", "br;q=2, gzip;q=x", "", "a.css"}, {"/a.css", "x-gzip", "gzip", "a.css.gz"}, {"/a.css", "*;q=0", "", "a.css"}, {"/b.css", "gzip", "", "b.css"}, {"/c.css", "gzip, br, zstd", "", "c.css"},
		{"/d/", "zstd;q=0.001", "zstd", "d/index.html.zst"}, {"/a.css.gz", "gzip", "", "a.css.gz"},
	} {
		accept := []string{"Accept-Encoding: " + test.accept}
		res, text := ask(t, s, "GET", test.target, accept...)
		if got := res.Header.Get("Content-Encoding"); got != test.coding || text != "this is "+test.file || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%+v: coding %q, Vary %q, content %q", test, got, res.Header.Get("Vary"), text)
		}
		tag := res.Header.Get("ETag")
		if file, ok := tags[tag]; ok && file != test.target+test.coding {
			t.Errorf("%s has the ETag %s of %s", test.target+test.coding, tag, file)
		}
		tags[tag] = test.target + test.coding
		res, _ = ask(t, s, "GET", test.target, append(accept, "If-None-Match: "+tag)...)
		if res.StatusCode != 304 || res.Header.Get("ETag") != tag || res.Header.Get("Vary") != "Accept-Encoding" || res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%+v: with its ETag %d %v", test, res.StatusCode, res.Header)
		}
	}
	res, text := ask(t, s, "GET", "/a.css", "Accept-Encoding: gzip", "Range: bytes=0-3")
	if res.StatusCode != 206 || text != "this" || res.Header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/css") {
		t.Errorf("a range of a variant: %d %q %v", res.StatusCode, text, res.Header)
	}
}

func TestList(t *testing.T) {
	d := opened(t, tree(t, "sub/a.txt", "sub/b.txt", "with/index.html"))
	d.List = func(w *server.Response, r *server.Request, name string, entries []fs.DirEntry) error {
		_, err := fmt.Fprint(w, name, entries)
		return err
	}
	s := servertest.Start(t, d)
	for target, want := range map[string]string{"/sub/": "sub[- a.txt - b.txt]", "/with/": "this is with/index.html"} {
		if _, text := ask(t, s, "GET", target); text != want {
			t.Errorf("%s: got %q, want %q", target, text, want)
		}
	}
}

func TestAFileThatBecomesShorterIsCut(t *testing.T) {
	s := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		return serve(w, r, &item{name: "a", size: 10, src: strings.NewReader("short")})
	}))
	res, err := s.Client.Get(s.URL)
	if err != nil {
		return // it was seen before the head was sent
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err == nil && res.StatusCode == 200 {
		t.Errorf("got %q as if it were whole", text)
	}
}

func TestServeFile(t *testing.T) {
	d := opened(t, tree(t, "app.html", "sub/a.txt"))
	for name, want := range map[string]int{"app.html": 200, "sub": 404, "none": 404, "../outside.txt": 404} {
		s := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error { return d.ServeFile(w, r, name) }))
		if res, text := ask(t, s, "GET", "/any/../path"); res.StatusCode != want || want == 200 && text != "this is app.html" {
			t.Errorf("%s: %d %q, want %d", name, res.StatusCode, text, want)
		}
	}
}

// FuzzNames looks for paths that are let through and lead out of the directory, and for redirects to somewhere else.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"/", "/../a", "//a/.", "/a/..", `/..\a`, "/a:b", "a/./b//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if climbs(p) {
			return
		}
		name := nameOf(p)
		if !filepath.IsLocal(name) || utf8.ValidString(name) && !fs.ValidPath(name) {
			t.Errorf("%q is called %q", p, name)
		}
		if to := encode(path.Base(p)); strings.ContainsAny(to, ":?#\\/\r\n ") {
			t.Errorf("%q is redirected to %q", p, to)
		}
	})
}

// FuzzRanges looks for ranges that do not lie within the content, and for more of them than may be asked for.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"bytes=0-1", "bytes=-1,5-", "bytes=0-0,,1-1", "x=1", "bytes=9223372036854775807-", "bytes=-99999999999999999999"} {
		f.Add(seed, int64(10))
	}
	f.Fuzz(func(t *testing.T, field string, size int64) {
		size = max(size, 0)
		spans, ok := parseRanges(field, size)
		if len(spans) > mostRanges || !ok && spans != nil {
			t.Errorf("%q: %d ranges, %v", field, len(spans), ok)
		}
		for _, s := range spans {
			if s.from < 0 || s.length <= 0 || s.from > size-s.length {
				t.Errorf("%q of %d bytes: %+v", field, size, s)
			}
		}
	})
}

// FuzzConditions looks for entity tags, dates and weights that make reading them panic, or never end.
func FuzzConditions(f *testing.F) {
	f.Add(`W/"a", "b"`, `"b"`)
	f.Add("Thu, 29 Feb 2024 12:30:15 GMT", "")
	f.Add("*;q=0.5", "")
	f.Fuzz(func(t *testing.T, field, etag string) {
		one := func(yield func(string) bool) { yield(field) }
		if matches(one, etag, strongly) && !matches(one, etag, weakly) {
			t.Errorf("%q is %q strongly, but not weakly", field, etag)
		}
		if tag, rest, ok := entityTag(field); ok && tag+rest != field {
			t.Errorf("%q is taken apart as %q and %q", field, tag, rest)
		}
		ifRange(field, etag, time.Now())
		if q := quality(field); q < 0 || q > 1000 {
			t.Errorf("%q weighs %d", field, q)
		}
	})
}
