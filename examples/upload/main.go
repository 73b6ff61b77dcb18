// Command upload takes files of any size, tells how far each has come, and refuses early what it does not want:
//
//	curl -T big.iso http://127.0.0.1:8080/files/big.iso     # 201, when it is there
//	curl http://127.0.0.1:8080/progress/big.iso             # meanwhile: 1048576 of 734003200 bytes
//	curl -T tool.exe http://127.0.0.1:8080/files/tool.exe   # 415, before the file has been sent
//
// The content goes from the connection into the file: nothing of it is gathered in memory.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spillway-go/spillway/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	dir := flag.String("dir", os.TempDir(), "where the files go")
	most := flag.Int64("max", 10<<30, "bytes that a file may have")
	flag.Parse()
	log.Fatal(newServer(*dir, *most).ListenAndServe(*addr))
}

// newServer makes the server: the limit of the content is the engine's business, the rest the handler's.
func newServer(dir string, most int64) *server.Server {
	u := &uploads{dir: dir, running: map[string]*server.Request{}}
	return &server.Server{Handler: server.HandlerFunc(u.serve), Limits: server.Limits{BodyBytes: most}}
}

type uploads struct {
	dir string

	mu      sync.Mutex
	running map[string]*server.Request // by the file's name
}

// refusal is an error that becomes the response, at once: the client need not have sent its file for that.
func refusal(status int, reason string) error {
	return &server.StatusError{Status: status, Reason: reason}
}

func (u *uploads) serve(w *server.Response, r *server.Request) error {
	path, err := r.Path()
	if err != nil {
		return refusal(400, "the path cannot be decoded")
	}
	what, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case name == "" || name != filepath.Base(name) || strings.HasPrefix(name, "."):
		return refusal(404, "not here; try /files/NAME")
	case what == "files" && r.Method == "PUT":
		return u.take(w, r, name)
	case what == "progress" && r.Method == "GET":
		return u.tell(w, name)
	}
	return refusal(404, "not here; try PUT /files/NAME and GET /progress/NAME")
}

// take writes the content to a file that has its name when it is whole, and not before.
func (u *uploads) take(w *server.Response, r *server.Request, name string) error {
	if filepath.Ext(name) == ".exe" {
		return refusal(415, "no programs")
	}
	if !u.begin(name, r) {
		return refusal(409, "somebody is sending this file already")
	}
	defer u.end(name)
	part, err := os.CreateTemp(u.dir, "upload-")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	defer part.Close()
	n, err := io.Copy(part, r.Body) // an error of the content's becomes 400, 408 or 413 when it is returned
	if err != nil {
		return err
	}
	if err := os.Rename(part.Name(), filepath.Join(u.dir, name)); err != nil {
		return err
	}
	if err := w.SetStatus(201); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d bytes\n", n)
	return err
}

func (u *uploads) begin(name string, r *server.Request) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.running[name] != nil {
		return false
	}
	u.running[name] = r
	return true
}

func (u *uploads) end(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.running, name)
}

// tell says how much of a file has come. The methods of a request's content may be called from any goroutine.
func (u *uploads) tell(w *server.Response, name string) error {
	u.mu.Lock()
	defer u.mu.Unlock() // the upload does not end before its request has been looked at
	r := u.running[name]
	if r == nil {
		return refusal(404, "nobody is sending this file")
	}
	of := "an unknown number of"
	if r.ContentLength >= 0 {
		of = fmt.Sprint(r.ContentLength)
	}
	_, err := fmt.Fprintf(w, "%d of %s bytes\n", r.Body.Received(), of)
	return err
}
