// http.FileServer and http.ServeContent: ranges, conditions, directories, types.

package ecosystem

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var lastChanged = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// makeFiles returns a directory with some files, all changed last at the same time.
func makeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"index.html":     "<p>the start</p>",
		"digits.txt":     strings.Repeat("0123456789", 10),
		"large.bin":      strings.Repeat("spillway", 300<<10/8),
		"empty.txt":      "",
		"picture":        "\x89PNG\r\n\x1a\n and so on",
		"unknown":        "\x00\x01\x02",
		"sub/index.html": "<p>below</p>",
		"list/a b.txt":   "a",
		"list/<c>.txt":   "c",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, lastChanged, lastChanged); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fileRequests are asked for with GET and with HEAD, and must be answered with the status.
var fileRequests = []struct {
	path, fields string // the fields are separated by "; "
	status       int
}{
	{"/digits.txt", "", 200},
	{"/large.bin", "", 200},
	{"/empty.txt", "", 200},
	{"/picture", "", 200},
	{"/unknown", "", 200},
	{"/", "", 200},
	{"/index.html", "", 301},
	{"/sub", "", 301},
	{"/sub?q=1", "", 301},
	{"/sub/", "", 200},
	{"/list/", "", 200},
	{"/list/a%20b.txt", "", 200},
	{"/list/a%20b.txt/", "", 301},
	{"/none", "", 404},
	{"/../digits.txt", "", 307},
	{"/digits.txt%00", "", 404},

	{"/digits.txt", "Range: bytes=10-19", 206},
	{"/digits.txt", "Range: bytes=90-", 206},
	{"/digits.txt", "Range: bytes=-7", 206},
	{"/digits.txt", "Range: bytes=-700", 206},
	{"/digits.txt", "Range: bytes=99-700", 206},
	{"/digits.txt", "Range: bytes=0-1,5-6,-3", 206},
	{"/digits.txt", "Range: bytes=0-80,10-90", 200}, // more than the whole
	{"/large.bin", "Range: bytes=1000-200000", 206},
	{"/large.bin", "Range: bytes=0-99999,150000-250000", 206},
	{"/digits.txt", "Range: bytes=100-", 416},
	{"/digits.txt", "Range: bytes=5-4", 416},
	{"/digits.txt", "Range: lines=1-2", 416},
	{"/empty.txt", "Range: bytes=0-", 200},
	{"/empty.txt", "Range: bytes=-1", 206},

	{"/digits.txt", "If-Modified-Since: Mon, 06 May 2024 07:08:09 GMT", 304},
	{"/digits.txt", "If-Modified-Since: Mon, 06 May 2024 07:08:08 GMT", 200},
	{"/digits.txt", "If-Unmodified-Since: Mon, 06 May 2024 07:08:08 GMT", 412},
	{"/digits.txt", "If-Unmodified-Since: Mon, 06 May 2024 07:08:09 GMT", 200},
	{"/digits.txt", `If-Match: "x"`, 412},
	{"/digits.txt", "If-None-Match: *", 304},
	{"/sub/", "If-Modified-Since: Mon, 06 May 2024 07:08:09 GMT", 304},
	{"/digits.txt", "Range: bytes=0-1; If-Range: Mon, 06 May 2024 07:08:09 GMT", 206},
	{"/digits.txt", "Range: bytes=0-1; If-Range: Mon, 06 May 2024 07:08:08 GMT", 200},
	{"/digits.txt", `Range: bytes=0-1; If-Range: "x"`, 200},

	{"/tagged", "", 200},
	{"/tagged", `If-None-Match: "tag"`, 304},
	{"/tagged", `If-None-Match: "a", W/"tag"`, 304},
	{"/tagged", `If-None-Match: "other"`, 200},
	{"/tagged", `If-Match: "tag"`, 200},
	{"/tagged", `If-Match: W/"tag"`, 412},
	{"/tagged", `Range: bytes=3-5; If-Range: "tag"`, 206},
	{"/tagged", `Range: bytes=3-5; If-Range: W/"tag"`, 200},
	{"/tagged", `Range: bytes=3-5; If-None-Match: "tag"`, 304},
	{"/tagged", `Range: bytes=3-500; If-Match: "tag"`, 206},
	{"/tagged", `Range: bytes=500-; If-Match: "tag"`, 416},

	{"/memory/digits.txt", "", 200},
	{"/memory/digits.txt", "Range: bytes=10-19", 206},
	{"/memory/", "", 200},
}

func TestFileServer(t *testing.T) {
	dir := makeFiles(t)
	use := func(t *testing.T, s site) map[string]answer {
		s.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answers := make(map[string]answer)
		for _, test := range fileRequests {
			for _, method := range []string{"GET", "HEAD"} {
				req, err := http.NewRequest(method, s.URL+test.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				for field := range strings.SplitSeq(test.fields, "; ") {
					if name, value, ok := strings.Cut(field, ": "); ok {
						req.Header.Set(name, value)
					}
				}
				a := withoutBoundary(t, fetch(t, s, req))
				if a.Status != test.status || a.ReadErr || method == "HEAD" && a.Body != "" {
					t.Errorf("%s %s %s: %+v, want %d", method, test.path, test.fields, a, test.status)
				}
				answers[method+" "+test.path+" "+test.fields] = a
			}
		}
		return answers
	}
	sameOutcome(t, func() http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", http.FileServer(http.Dir(dir)))
		mux.Handle("/memory/", http.StripPrefix("/memory", http.FileServerFS(fstest.MapFS{
			"digits.txt": &fstest.MapFile{Data: []byte(strings.Repeat("0123456789", 10)), ModTime: lastChanged},
		})))
		mux.HandleFunc("/tagged", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"tag"`)
			http.ServeContent(w, r, "tagged.css", lastChanged, bytes.NewReader(bytes.Repeat([]byte("p{}"), 10)))
		})
		return mux
	}, use)
}

// withoutBoundary returns the answer with another boundary between its parts than the random one.
func withoutBoundary(t *testing.T, a answer) answer {
	kind, params, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if kind != "multipart/byteranges" {
		return a
	}
	if err != nil {
		t.Error(err)
	}
	boundary := params["boundary"]
	if a.Body != "" {
		parts := multipart.NewReader(strings.NewReader(a.Body), boundary)
		for _, err := parts.NextPart(); err != io.EOF; _, err = parts.NextPart() {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	a.Header.Set("Content-Type", strings.ReplaceAll(a.Header.Get("Content-Type"), boundary, "boundary"))
	a.Body = strings.ReplaceAll(a.Body, boundary, "boundary")
	return a
}

// A middleware that wraps the ResponseWriter, and so has no ReadFrom, changes nothing.
func TestFileServerBehindWrapper(t *testing.T) {
	dir := makeFiles(t)
	got := sameOutcome(t, func() http.Handler {
		files := http.FileServer(http.Dir(dir))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { files.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
	}, func(t *testing.T, s site) []answer {
		return []answer{get(t, s, "/large.bin"), get(t, s, "/none")}
	})
	if len(got[0].Body) != 300<<10 {
		t.Errorf("%v", got)
	}
}

// A file that becomes shorter while it is sent leaves a response that does not look whole.
func TestFileServerTruncated(t *testing.T) {
	dir := t.TempDir()
	got := sameOnEach(t, func(t *testing.T, e engine) answer {
		name := filepath.Join(dir, "file")
		if err := os.WriteFile(name, make([]byte, 100<<10), 0o644); err != nil {
			t.Fatal(err)
		}
		s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			http.ServeContent(w, r, "x.bin", lastChanged, shrinking{f, t})
		}))
		return get(t, s, "/")
	})
	if !got.ReadErr || len(got.Body) != 1000 {
		t.Errorf("%+v", got)
	}
}

// shrinking is a file that is cut when its end has been looked at.
type shrinking struct {
	*os.File
	t *testing.T
}

func (f shrinking) Seek(offset int64, whence int) (int64, error) {
	n, err := f.File.Seek(offset, whence)
	if whence == io.SeekEnd {
		if err := os.Truncate(f.Name(), 1000); err != nil {
			f.t.Error(err)
		}
	}
	return n, err
}

// A download that nobody takes to its end ends: when the client goes, and when the time for it is over.
func TestFileServerNobodyTakes(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "huge.bin")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<30); err != nil { // without a byte on the disk
		t.Fatal(err)
	}
	for _, leaves := range []bool{true, false} {
		sameOnEach(t, func(t *testing.T, e engine) bool {
			ended := make(chan bool)
			files := http.FileServer(http.Dir(dir))
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				files.ServeHTTP(w, r)
				if leaves {
					<-r.Context().Done()
				}
			})
			timeout := 100 * time.Millisecond
			if leaves {
				timeout = 0
			}
			w := wireTo(t, e.startServer(t, &http.Server{Handler: h, WriteTimeout: timeout}))
			w.say("GET /huge.bin HTTP/1.1\r\nHost: a\r\n\r\n")
			if leaves {
				io.CopyN(io.Discard, w.response("GET").Body, 1<<20)
				w.Close()
			}
			return within(t, ended, "the handler's end")
		})
	}
}
