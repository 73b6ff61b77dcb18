// What bounds or filters requests: http.MaxBytesReader, MaxBytesHandler, StripPrefix, AllowQuerySemicolons,
// CrossOriginProtection.

package ecosystem

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const uploadLimit = 1000

// readUpload reads the content and says what came of it, in the way of most programs.
func readUpload(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		http.Error(w, fmt.Sprintf("too large: %d of at most %d", n, over.Limit), http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		fmt.Fprint(w, n)
	}
}

// limited are the ways to limit an upload. Some hide the server's ResponseWriter from http.MaxBytesReader.
var limited = []struct {
	name string
	http.Handler
	hidden bool
}{
	{"bare", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, uploadLimit)
		readUpload(w, r)
	}), false},
	{"wrapped", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = struct{ http.ResponseWriter }{w}
		r.Body = http.MaxBytesReader(w, r.Body, uploadLimit)
		readUpload(w, r)
	}), true},
	{"wrapped twice", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = struct{ http.ResponseWriter }{w}
		r2 := r.WithContext(r.Context())
		r2.Body = struct{ io.ReadCloser }{http.MaxBytesReader(w, r.Body, uploadLimit)}
		readUpload(w, r2)
	}), true},
	{"MaxBytesHandler", http.MaxBytesHandler(http.HandlerFunc(readUpload), uploadLimit), false},
	{"TimeoutHandler", http.TimeoutHandler(http.MaxBytesHandler(http.HandlerFunc(readUpload), uploadLimit), patience, ""), true},
}

// An upload that is too large gets its answer whole, and the connection ends; one that is not is served as ever.
func TestMaxBytes(t *testing.T) {
	type outcome struct {
		Status int
		Body   string
		Close  bool
		Ended  bool
	}
	use := func(h http.Handler, size int, chunked bool) func(t *testing.T, e engine) outcome {
		return func(t *testing.T, e engine) outcome {
			w := wireTo(t, e.start(t, h))
			content := strings.Repeat("x", size)
			if chunked {
				w.say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size, content))
			} else {
				w.say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", size, content))
			}
			res := w.response("POST")
			a := read(res)
			if a.ReadErr {
				t.Error("the response is cut")
			}
			if !res.Close {
				w.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
				read(w.response("GET"))
			}
			return outcome{a.Status, a.Body, res.Close, w.ends()}
		}
	}
	for _, test := range limited {
		for _, size := range []int{uploadLimit - 1, uploadLimit, uploadLimit + 1, 20e3} {
			for _, chunked := range []bool{false, true} {
				t.Run(fmt.Sprint(test.name, "/", size, "/", chunked), func(t *testing.T) {
					use := use(test.Handler, size, chunked)
					var got outcome
					want := outcome{200, fmt.Sprint(size), false, true}
					allRead := !chunked && size == uploadLimit+1 // http.MaxBytesReader has read one byte more than it gave
					if size > uploadLimit {
						want = outcome{413, fmt.Sprintf("too large: %d of at most %d\n", uploadLimit, uploadLimit), !allRead, true}
					}
					if size > uploadLimit && (test.hidden || allRead) {
						got = use(t, spillway) // the row "413" of the differences
					} else {
						got = sameOnEach(t, use)
					}
					if got != want {
						t.Errorf("%+v, want %+v", got, want)
					}
				})
			}
		}
	}
}

// A client that reads nothing before it has sent everything gets its answer too. Not compared: net/http may reset it.
func TestMaxBytesLargeUpload(t *testing.T) {
	const size = 16 << 20
	for _, test := range limited {
		t.Run(test.name, func(t *testing.T) {
			w := wireTo(t, spillway.start(t, test))
			w.say(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size))
			if n, err := io.CopyN(w.Conn, endless{}, size); err != nil {
				t.Fatalf("after %d bytes: %v", n, err)
			}
			res := w.response("POST")
			if a := read(res); a.Status != 413 || a.ReadErr || !res.Close || !w.ends() {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestStripPrefix(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		return http.StripPrefix("/a/b", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%q %q %q %q", r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.RequestURI)
		}))
	}, func(t *testing.T, s site) (answers []answer) {
		for _, path := range []string{"/a/b/c", "/a/b", "/a/bc?q=1", "/a/b/c%2Fd?%zz", "/a%2Fb/c", "/b", "/a/b//c/../d"} {
			answers = append(answers, get(t, s, path))
		}
		return answers
	})
	if got[3].Body != `"/c/d" "/c%2Fd" "%zz" "/a/b/c%2Fd?%zz"` || got[5].Status != 404 {
		t.Errorf("%+v", got)
	}
}

func TestAllowQuerySemicolons(t *testing.T) {
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseForm()
		fmt.Fprintf(w, "%q %v %v", r.URL.RawQuery, r.Form, err)
	})
	got := sameOutcome(t, func() http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/bare", show)
		mux.Handle("/allowed", http.AllowQuerySemicolons(show))
		return mux
	}, func(t *testing.T, s site) []answer {
		return []answer{get(t, s, "/allowed?a=1;b=2&c=3"), get(t, s, "/bare?a=1;b=2&c=3"), get(t, s, "/allowed?a=%3b")}
	})
	if got[0].Body != `"a=1&b=2&c=3" map[a:[1] b:[2] c:[3]] <nil>` {
		t.Errorf("%+v", got)
	}
}

func TestCrossOriginProtection(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		guard := http.NewCrossOriginProtection()
		if err := guard.AddTrustedOrigin("https://trusted.example"); err != nil {
			t.Fatal(err)
		}
		guard.AddInsecureBypassPattern("/hook")
		return guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "in") }))
	}, func(t *testing.T, s site) (statuses []int) {
		for _, fields := range []string{
			"GET / cross-site https://evil.example", "POST / same-origin https://evil.example", "POST / cross-site ", "POST /  ",
			"POST /  https://evil.example", "POST /  http://" + s.Addr, "POST / cross-site https://trusted.example",
			"POST /hook cross-site https://evil.example", "POST / same-site ", "POST / none ",
		} {
			f := strings.Split(fields, " ")
			req, _ := http.NewRequest(f[0], s.URL+f[1], strings.NewReader("content"))
			for i, name := range []string{"Sec-Fetch-Site", "Origin"} {
				if f[2+i] != "" {
					req.Header.Set(name, f[2+i])
				}
			}
			statuses = append(statuses, fetch(t, s, req).Status)
		}
		return statuses
	})
	if fmt.Sprint(got) != "[200 200 403 200 403 200 200 200 403 200]" {
		t.Error(got)
	}
}
