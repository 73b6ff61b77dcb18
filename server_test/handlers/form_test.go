// Forms: what package form reads of a request's content, and what ParseForm and ParseMultipartForm do.

package handlers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/form"
	"github.com/spillway-go/spillway/server/route"
)

// forms are handlers that tell what they have read.
func forms() (server.Handler, http.Handler) {
	var ours route.Mux
	ours.HandleFunc("/pairs", func(w *server.Response, r *server.Request, _ route.Params) error {
		values, err := form.Parse(r, form.Limits{})
		if err != nil {
			return err
		}
		_, err = w.WriteString(told(values, nil))
		return err
	})
	ours.HandleFunc("/parts", func(w *server.Response, r *server.Request, _ route.Params) error {
		values, files := url.Values{}, url.Values{}
		for p, err := range form.Parts(r, form.Limits{}) {
			if err != nil {
				return err
			}
			text, err := p.Text()
			switch {
			case err != nil:
				return err
			case p.Name == "":
			case p.FileName == "":
				values.Add(p.Name, text)
			default:
				files.Add(p.Name, p.FileName+"="+text+p.Header.Get("Content-Type"))
			}
		}
		_, err := w.WriteString(told(values, files))
		return err
	})
	theirs := http.NewServeMux()
	theirs.HandleFunc("/pairs", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		io.WriteString(w, told(r.PostForm, nil))
	})
	theirs.HandleFunc("/parts", func(w http.ResponseWriter, r *http.Request) {
		switch err := r.ParseMultipartForm(1 << 20); {
		case errors.Is(err, http.ErrNotMultipart):
			http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
			return
		case err != nil:
			http.Error(w, err.Error(), 400)
			return
		}
		files := url.Values{}
		for name, all := range r.MultipartForm.File {
			for _, f := range all {
				opened, _ := f.Open()
				text, _ := io.ReadAll(opened)
				files.Add(name, f.Filename+"="+string(text)+f.Header.Get("Content-Type"))
			}
		}
		io.WriteString(w, told(r.MultipartForm.Value, files))
	})
	return &ours, theirs
}

func told(values, files url.Values) string {
	return fmt.Sprintf("%q %q %d", values.Encode(), files.Encode(), len(values)+len(files))
}

// posted is a row with content.
func posted(request, contentType, content, differs string) row {
	fields := []string{fmt.Sprintf("Content-Length: %d", len(content))}
	if contentType != "" {
		fields = append(fields, "Content-Type: "+contentType)
	}
	return row{request: request, fields: append(fields, "", content), differs: differs}
}

func TestForms(t *testing.T) {
	ours, theirs := forms()
	p := start(t, ours, theirs)
	p.content = true
	const encoded, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	var rows []row
	for _, content := range []string{
		"", "a=1", "a=1&a=2&b=", "a", "=1", "&", "&&a=1&&", "a=%41+%2B", "a=%", "a=%4", "a=%zz&b=1", "a=1;b=2", "a;b", "a=b=c", "%61=1", "a=\x00\xff", "ü=ö", "+=+", strings.Repeat("a=1&", 999) + "a=1",
		strings.Repeat("x", 1<<20),
	} {
		rows = append(rows, posted("POST /pairs", encoded, content, ""), posted("PUT /pairs?q=1", encoded+"; charset=utf-8", content, ""))
	}
	for _, content := range []string{
		"", "--b--", "--b--\r\n", "--b\r\n\r\nx\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n--b--\r\nepilogue",
		"--b\r\nContent-Disposition: form-data; name=f; filename=\"../../x\\\"y.txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\nline\r\n\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=f; filename=\"\"\r\n\r\nx\r\n--b--\r\n", "--b\r\nContent-Disposition: attachment; name=f\r\n\r\nx\r\n--b--\r\n",
		"preamble\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b\r\n",
		"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--bc\r\n\r\n--b--", "--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n", "--b\r\nno colon\r\n\r\n1\r\n--b--", "--b\r\n bad: 1\r\n\r\n1\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41=\r\nb\r\n--b--", "--b  \r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b--", "--c\r\n\r\n--c--",
		"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--", strings.Repeat("p", 5000) + "\r\n--b--", "--b\r\nContent-Disposition: form-data; name*=utf-8''%C3%A9\r\n\r\n1\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=big; filename=big\r\n\r\n" + strings.Repeat("0123456789abcde\n", 4000) + "\r\n--b--",
	} {
		rows = append(rows, posted("POST /parts", multi, content, ""))
	}
	p.run(rows)
	head := "--b\r\nContent-Disposition: form-data; name=a\r\n"
	p.run([]row{
		posted("POST /pairs", "", "a=1", "type"), posted("POST /pairs", "text/plain", "a=1", "type"), posted("POST /pairs", multi, "a=1", "type"), posted("POST /parts", encoded, "a=1", ""), posted("POST /parts", "", "a=1", ""),
		posted("POST /parts", "multipart/form-data", "--b--", ""), posted("POST /parts", "multipart/form-data; boundary=", "--b--", ""), posted("POST /parts", "multipart/mixed; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", ""),
		posted("DELETE /pairs", encoded, "a=1", "methods"), posted("GET /pairs", encoded, "a=1", "methods"), posted("PATCH /pairs", encoded, "a=1", ""),
		posted("POST /pairs", encoded, strings.Repeat("a=1&", 1000), "pairs"), posted("POST /pairs", encoded, strings.Repeat("x", 1<<20+1), "bytes"),
		posted("POST /parts", multi, head+strings.Repeat("X: y\r\n", 5000)+"\r\n1\r\n--b--", "part heads"), posted("POST /parts", multi, head+strings.Repeat("X: y\r\n", 2000)+"\r\n1\r\n--b--", ""),
	})
	p.enough(70)
	documented(t, "form", p.shown)
}
