// The http.Handler, run by spillway and by net/http as their users first meet them: an http.Server with nothing set.

package servers

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

func serveNetHTTP(l net.Listener, env *Env) error {
	s := &http.Server{Handler: httpHandler(env), TLSConfig: env.TLS}
	if env.TLS == nil {
		return s.Serve(l)
	}
	s.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // no HTTP/2
	return s.ServeTLS(l, "", "")
}

func serveSpillwayHandler(l net.Listener, env *Env) error {
	s := nethttp.New(&http.Server{Handler: httpHandler(env), TLSConfig: env.TLS})
	if env.Case.Proxied {
		s.ProxyProtocol = server.ProxyRequired
	}
	if env.TLS == nil {
		return s.Serve(l)
	}
	return s.ServeTLS(l, "", "")
}

// httpHandler returns the routes as one http.Handler.
func httpHandler(env *Env) http.Handler {
	if env.Case.Route == cases.JSON {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /json", serveJSON)
		return mux
	}
	text := env.Reply()
	file := filepath.Join(env.Dir, FileFile)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/plaintext"):
			io.WriteString(w, "Hello, World!")
		case path == "/consume":
			n, err := io.Copy(io.Discard, r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			w.Write(cases.Consumed(n))
		case path == "/ignore":
			io.WriteString(w, "ignored\n")
		case path == "/refuse":
			if r.ContentLength > cases.RefuseOver {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			}
		case strings.HasPrefix(path, "/bytes/"):
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			w.Write(text)
		case path == "/file":
			copyFile(w, file)
		case path == "/sleep":
			time.Sleep(cases.SleepFor)
			io.WriteString(w, "Hello, World!")
		default:
			http.NotFound(w, r)
		}
	})
}

func serveJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(struct {
		Message string `json:"message"`
	}{"Hello, World!"})
}

// copyFile does what sendFile does for spillway: the work is the same, the system copies.
func copyFile(w http.ResponseWriter, path string) {
	f, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	io.Copy(w, f)
}
