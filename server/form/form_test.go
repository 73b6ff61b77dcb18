// Forms without a server: limits, errors, and what hostile content costs.

package form

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// endless is content that goes on for ever, and counts what is read of it.
type endless struct {
	first, then string
	read        int64
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.first)
	e.first = e.first[n:]
	for n < len(b) {
		n += copy(b[n:], e.then)
	}
	e.read += int64(n)
	return n, nil
}

// status returns the status of an error, or 0 if it has none.
func status(err error) int {
	var s *server.StatusError
	if errors.As(err, &s) {
		return s.StatusCode()
	}
	return 0
}

func TestEndlessContentIsNotReadForEver(t *testing.T) {
	const head = "--b\r\nContent-Disposition: form-data; name=a\r\n"
	for name, test := range map[string]struct {
		content endless
		limits  Limits
		want    int
		most    int64
	}{
		"head":         {endless{first: head, then: "X: y\r\n"}, Limits{HeaderBytes: 1 << 10}, 413, 1<<10 + 4096},
		"long line":    {endless{first: head, then: "X"}, Limits{}, 413, 16<<10 + 4096},
		"no boundary":  {endless{then: "line\r\n"}, Limits{}, 413, 16 << 10},
		"no line":      {endless{then: "x"}, Limits{}, 400, 16 << 10},
		"many parts":   {endless{then: head + "\r\n1\r\n"}, Limits{Parts: 10}, 413, 32 << 10},
		"large part":   {endless{first: head + "\r\n", then: "x"}, Limits{PartBytes: 1 << 16}, 413, 1<<17 + 4096},
		"large text":   {endless{first: head + "\r\n", then: "x"}, Limits{TextBytes: 1 << 10}, 413, 1 << 15},
		"default text": {endless{first: head + "\r\n", then: "x\n"}, Limits{}, 413, 1 << 18},
	} {
		r := newReader(&test.content, "b", test.limits)
		var got error
		r.each(func(p *Part, err error) bool {
			if got = err; err == nil {
				_, got = p.Text()
				if name == "large part" {
					_, got = io.Copy(io.Discard, p)
				}
			}
			return got == nil
		})
		if status(got) != test.want || test.content.read > test.most {
			t.Errorf("%s: got %v, a %d, after %d bytes; want a %d after at most %d", name, got, status(got), test.content.read, test.want, test.most)
		}
	}
}

func TestPartsThatAreLeftAreThrownAway(t *testing.T) {
	content := ""
	for i := range 3 {
		content += fmt.Sprintf("--b\r\nContent-Disposition: form-data; name=%d; filename=f\r\n\r\n%s\r\n", i, strings.Repeat("x", 20_000))
	}
	var names []string
	var kept *Part
	newReader(strings.NewReader(content+"--b--"), "b", Limits{HeaderBytes: 200}).each(func(p *Part, err error) bool {
		if err != nil {
			t.Error(err)
			return false
		}
		names, kept = append(names, p.Name), p
		return true
	})
	if !slices.Equal(names, []string{"0", "1", "2"}) {
		t.Errorf("got the parts %q", names)
	}
	if _, err := kept.Read(make([]byte, 1)); err != io.ErrClosedPipe {
		t.Errorf("a part that was left: %v", err)
	}
}

func TestTheContentsOwnErrorsStay(t *testing.T) {
	s := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.RawPath == "/pairs" {
			_, err := Parse(r, Limits{Bytes: 10, Pairs: -1})
			return err
		}
		for p, err := range Parts(r, Limits{Bytes: 300}) {
			if err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, p); err != nil {
				return err
			}
		}
		return nil
	}))
	part := "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"
	for _, test := range []struct {
		path, content string
		chunked       bool
		want          int
	}{
		{"/pairs", "a=1&b=2", false, 200}, {"/pairs", "a=1&b=2&c=3", false, 413}, {"/pairs", "a=1&b=2&c=3", true, 413}, {"/pairs", "%", false, 400},
		{"/parts", part + "1\r\n--b--", true, 200}, {"/parts", part + strings.Repeat("1", 300) + "\r\n--b--", true, 413}, {"/parts", part + strings.Repeat("1", 300), false, 413}, {"/parts", part, false, 400},
	} {
		var content io.Reader = strings.NewReader(test.content)
		if test.chunked {
			content = io.MultiReader(content)
		}
		kind := "multipart/form-data; boundary=b"
		if test.path == "/pairs" {
			kind = "application/x-www-form-urlencoded"
		}
		res, err := s.Client.Post(s.URL+test.path, kind, content)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != test.want {
			t.Errorf("%+v: got %d", test, res.StatusCode)
		}
	}
	for kind, want := range map[string]int{"": 415, "multipart/form-data": 400, "multipart/form-data; boundary=" + strings.Repeat("b", 71): 400, "text/plain": 415} {
		req, err := http.NewRequest("POST", s.URL+"/parts", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		res, err := s.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%q: got %d, want %d", kind, res.StatusCode, want)
		}
	}
}

// FuzzParts looks for multipart content that makes reading it panic, or end in an error without a status, and for parts
// beyond the limits.
func FuzzParts(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", "b")
	f.Add("--b\r\nContent-Disposition: form-data; name=f; filename=\"x\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=4", "b")
	f.Add("pre\r\n--b \r\n\r\n--b--", "b")
	f.Fuzz(func(t *testing.T, content, boundary string) {
		n := 0
		newReader(strings.NewReader(content), boundary, Limits{Parts: 3, PartBytes: 20, TextBytes: 10, HeaderBytes: 100}).each(func(p *Part, err error) bool {
			if err == nil {
				n++
				var text string
				if text, err = p.Text(); len(text) > 10 {
					t.Errorf("a text of %d bytes", len(text))
				}
			}
			if err != nil && status(err) != 400 && status(err) != 413 {
				t.Errorf("%q: %v has the status %d", content, err, status(err))
			}
			return err == nil
		})
		if n > 3 {
			t.Errorf("%d parts", n)
		}
	})
}

// FuzzPairs looks for pairs that make reading them panic, and for more of them than may be there.
func FuzzPairs(f *testing.F) {
	f.Add("a=1&b=%41")
	f.Add(";")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parse(text, Limits{Pairs: 5})
		n := 0
		for _, all := range values {
			n += len(all)
		}
		if n > 5 || err != nil && status(err) == 0 {
			t.Errorf("%q: %d pairs, %v", text, n, err)
		}
	})
}
