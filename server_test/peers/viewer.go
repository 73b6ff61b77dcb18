// What a person sees: Chromium uploads a file of 20 MB from a form, and shows the answer that the server gave before it had
// read it, or does not.

package main

import (
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/chromium"
)

const (
	uploadBytes = 20e6
	uploads     = 3 // of each kind
)

// viewer is a browser, and a server with the form that it fills in.
type viewer struct {
	browser *chromium.Browser
	version string
	form    string // URL
	server  *http.Server
	file    string // to be uploaded
}

// newViewer returns nil if Chromium is not installed. Its file goes into dir.
func newViewer(dir string) (*viewer, error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil
	}
	v := &viewer{file: filepath.Join(dir, "upload")}
	if err := os.WriteFile(v.file, make([]byte, uploadBytes), 0o600); err != nil {
		return nil, err
	}
	if v.browser, err = chromium.Start(program); err != nil {
		return nil, err
	}
	v.browser.Patience = 20 * time.Second
	if v.version, err = v.browser.Version(); err == nil {
		err = v.serveForm()
	}
	if err != nil {
		v.browser.Close()
		return nil, err
	}
	v.version = shortVersion(v.version)
	return v, nil
}

func (v *viewer) serveForm() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	v.form = "http://" + l.Addr().String() + "/?"
	v.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>upload</title><form method=post enctype=multipart/form-data action="%s">`+
			`<input type=file name=file></form>`, html.EscapeString(r.URL.RawQuery))
	})}
	go v.server.Serve(l)
	return nil
}

func (v *viewer) close() {
	v.browser.Close()
	v.server.Close()
}

// look uploads to a target some times, and returns what was shown: the same each time, or how often what.
func (v *viewer) look(url, target string) string {
	if target == "" {
		return "–"
	}
	var shown []string
	times := map[string]int{}
	for range uploads {
		s := v.once(url + target)
		if times[s]++; times[s] == 1 {
			shown = append(shown, s)
		}
	}
	if len(shown) == 1 {
		return shown[0]
	}
	for i, s := range shown {
		shown[i] = fmt.Sprintf("%s %d of %d", s, times[s], uploads)
	}
	return strings.Join(shown, ", ")
}

var netError = regexp.MustCompile(`ERR_[A-Z_]+`)

// once uploads once.
func (v *viewer) once(action string) string {
	text, err := v.browser.Upload(v.form+action, v.file)
	if errors.Is(err, chromium.ErrSilent) {
		return "nothing in 20 s"
	}
	if err != nil {
		return err.Error()
	}
	if code := netError.FindString(text); code != "" {
		return code
	}
	return "the page"
}
