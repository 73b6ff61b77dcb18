// Forms with files, parsed by net/http and mime/multipart.

package ecosystem

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

const fileBytes = 300 << 10

// sendForm posts a form with a value and two files, written while it is sent.
func sendForm(t *testing.T, s site, cut bool) (*http.Response, error) {
	t.Helper()
	body, send := io.Pipe()
	form := multipart.NewWriter(send)
	go func() {
		form.WriteField("title", "two files")
		for _, name := range []string{"a.bin", "b.bin"} {
			part, err := form.CreateFormFile("file", name)
			if err == nil {
				_, err = io.CopyN(part, endless{}, fileBytes)
			}
			if err != nil {
				break
			}
		}
		if cut {
			send.CloseWithError(errors.New("the client gives up"))
			return
		}
		form.Close()
		send.Close()
	}()
	req, err := http.NewRequest("POST", s.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	return s.Client.Do(req)
}

// files returns how many files a directory has.
func files(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	return len(entries)
}

// emptied waits until a directory has no files.
func emptied(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(patience); files(t, dir) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the files are still there")
		}
	}
}

// Files that do not fit into memory are on the disk while the handler runs, and gone when it has returned.
func TestMultipartForm(t *testing.T) {
	got := sameOnEach(t, func(t *testing.T, e engine) answer {
		res, err := uploadFiles(t, e, func() {})
		if err != nil {
			t.Fatal(err)
		}
		return read(res)
	})
	hash := sha256.New()
	io.CopyN(hash, endless{}, fileBytes)
	if want := fmt.Sprintf("two files; a.bin %[1]d %[2]x <nil>; b.bin %[1]d %[2]x <nil>", fileBytes, hash.Sum(nil)); got.Body != want {
		t.Errorf("%+v, want %s", got, want)
	}
}

// They are gone too where the handler panics. Not compared: net/http leaves them.
func TestMultipartFormPanic(t *testing.T) {
	if res, err := uploadFiles(t, spillway, func() { panic(http.ErrAbortHandler) }); err == nil {
		t.Error(res.Status)
	}
}

// uploadFiles sends two files to a handler that reads them and then calls leave.
func uploadFiles(t *testing.T, e engine, leave func()) (*http.Response, error) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	onDisk := make(chan int, 1)
	s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1000); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, r.FormValue("title"))
		for _, header := range r.MultipartForm.File["file"] {
			f, err := header.Open()
			if err != nil {
				t.Error(err)
				continue
			}
			defer f.Close()
			hash := sha256.New()
			n, err := io.Copy(hash, f)
			fmt.Fprintf(w, "; %s %d %x %v", header.Filename, n, hash.Sum(nil), err)
		}
		onDisk <- files(t, dir)
		leave()
	}))
	res, err := sendForm(t, s, false)
	if n := within(t, onDisk, "the handler"); n != 1 { // with both parts in it
		t.Errorf("%d files on the disk", n)
	}
	emptied(t, dir)
	return res, err
}

// A form that breaks off is an error for the handler, and leaves no file.
func TestMultipartFormCut(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	got := sameOnEach(t, func(t *testing.T, e engine) string {
		ended := make(chan error, 1)
		s := e.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ended <- r.ParseMultipartForm(1000)
		}))
		if _, err := sendForm(t, s, true); err == nil {
			t.Error("the client did not give up")
		}
		err := within(t, ended, "the handler's error")
		return fmt.Sprint(errors.Is(err, io.ErrUnexpectedEOF), files(t, dir))
	})
	if got != "true 0" {
		t.Error(got)
	}
}

// A handler may read the parts as they come, and stop.
func TestMultipartReader(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			parts, err := r.MultipartReader()
			if err != nil {
				t.Error(err)
				return
			}
			for range 2 {
				part, err := parts.NextPart()
				if err != nil {
					t.Error(err)
					return
				}
				n, err := io.Copy(io.Discard, part)
				fmt.Fprintf(w, "%s %d %v;", part.FormName(), n, err)
			}
		})
	}, func(t *testing.T, s site) answer {
		res, err := sendForm(t, s, false)
		if err != nil {
			t.Fatal(err)
		}
		a := read(res)
		a.Close = false // the rest is of no known length: whether it fits the budget may show only behind the head
		return a
	})
	if got.Body != fmt.Sprintf("title 9 <nil>;file %d <nil>;", fileBytes) {
		t.Errorf("%+v", got)
	}
}

// A form without files; in the query, too.
func TestForm(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.FormValue("a"), r.PostFormValue("a"), r.ParseForm(), r.Form, r.PostForm)
		})
	}, func(t *testing.T, s site) []answer {
		var answers []answer
		for _, form := range []url.Values{{"a": {"1", "ü &="}}, {}, {"b": {strings.Repeat("x", 100<<10)}}} {
			res, err := s.Client.PostForm(s.URL+"/?a=q&c=d", form)
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, read(res))
		}
		return answers
	})
	if !strings.HasPrefix(got[0].Body, "11<nil> map[a:[1 ü &= q] c:[d]]") {
		t.Errorf("%+v", got[0])
	}
}
