// spillway with handlers of its own kind, and every limit at its default.

package servers

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
)

func serveSpillway(l net.Listener, env *Env) error {
	text := env.Reply()
	file := filepath.Join(env.Dir, FileFile)
	handler := func(w *server.Response, r *server.Request) error {
		w.Set("Content-Type", "text/plain; charset=utf-8")
		switch path := r.RawPath; {
		case strings.HasPrefix(path, "/plaintext"):
			_, err := w.WriteString("Hello, World!")
			return err
		case path == "/consume":
			n, err := io.Copy(io.Discard, r.Body)
			if err != nil {
				return err
			}
			_, err = w.Write(cases.Consumed(n))
			return err
		case path == "/ignore":
			_, err := w.WriteString("ignored\n")
			return err
		case path == "/refuse":
			if r.ContentLength > cases.RefuseOver {
				return &server.StatusError{Status: 413, Reason: "too large"}
			}
			return nil
		case strings.HasPrefix(path, "/bytes/"):
			w.Set("Content-Length", strconv.Itoa(len(text)))
			_, err := w.Write(text)
			return err
		case path == "/file":
			return sendFile(w, file)
		case path == "/sleep":
			time.Sleep(cases.SleepFor)
			_, err := w.WriteString("Hello, World!")
			return err
		}
		return &server.StatusError{Status: 404, Reason: "not found"}
	}
	s := &server.Server{Handler: server.HandlerFunc(handler)}
	if env.Case.Proxied {
		s.ProxyProtocol = server.ProxyRequired
	}
	if env.TLS != nil {
		s.TLS = https.Config(env.TLS)
	}
	return s.Serve(l)
}

func sendFile(w *server.Response, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, err = io.Copy(w, f)
	return err
}
