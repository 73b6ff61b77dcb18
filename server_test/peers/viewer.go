// What a person sees: a browser uploads a file of 20 MB from a form, and shows the answer that the server gave before it had
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
	"github.com/spillway-go/spillway/server_test/internal/firefox"
)

const (
	uploadBytes = 20e6
	uploads     = 3 // of each kind

	uploadPatience = 20 * time.Second
)

// browser is a program that can fill in a form with a file, and says what it shows then.
type browser interface {
	Version() (string, error)
	Upload(form, file string) (shown string, err error)
	Close()
}

// browsers are those that are looked with, where they are installed.
var browsers = []struct {
	name, program string
	start         func(program string) (browser, error)
	failed        *regexp.Regexp // the code of an error page of its own
}{
	{"Chromium", "chromium", startChromium, regexp.MustCompile(`ERR_[A-Z_]+`)},
	{"Firefox", "firefox-esr", startFirefox, regexp.MustCompile(`^[a-z]+[A-Z][A-Za-z]*$`)},
}

func startChromium(program string) (browser, error) {
	b, err := chromium.Start(program)
	if err == nil {
		b.Patience = uploadPatience
	}
	return b, err
}

func startFirefox(program string) (browser, error) {
	b, err := firefox.Start(program)
	if err == nil {
		b.Patience = uploadPatience
	}
	return b, err
}

// viewer is a browser, and a server with the form that it fills in.
type viewer struct {
	name    string
	browser browser
	failed  *regexp.Regexp
	version string
	form    string // URL
	server  *http.Server
	file    string // to be uploaded
}

// newViewers starts the browsers that are installed. Their file goes into dir.
func newViewers(dir string) (all []*viewer, err error) {
	for _, b := range browsers {
		program, err := exec.LookPath(b.program)
		if err != nil {
			fmt.Printf("%-28s not installed\n", b.name)
			continue
		}
		v := &viewer{name: b.name, failed: b.failed, file: filepath.Join(dir, "upload")}
		if v.browser, err = b.start(program); err == nil {
			all = append(all, v)
			err = v.begin()
		}
		if err != nil {
			closeAll(all)
			return nil, err
		}
	}
	return all, nil
}

func closeAll(viewers []*viewer) {
	for _, v := range viewers {
		v.close()
	}
}

// begin makes the file, and serves the form.
func (v *viewer) begin() (err error) {
	if err := os.WriteFile(v.file, make([]byte, uploadBytes), 0o600); err != nil {
		return err
	}
	if v.version, err = v.browser.Version(); err == nil {
		err = v.serveForm()
	}
	v.version = shortVersion(v.version)
	return err
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
	if v.server != nil {
		v.server.Close()
	}
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

// once uploads once.
func (v *viewer) once(action string) string {
	text, err := v.browser.Upload(v.form+action, v.file)
	if errors.Is(err, chromium.ErrSilent) || errors.Is(err, firefox.ErrSilent) {
		return "nothing in 20 s"
	}
	if err != nil {
		return err.Error()
	}
	if code := v.failed.FindString(strings.TrimSpace(text)); code != "" {
		return code
	}
	return "the page"
}
