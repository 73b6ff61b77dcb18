// Command notes is a JSON service on the native API: routes, JSON in and out with limits, and an error that says what is wrong.
//
//	curl -d '{"text":"buy milk"}' -H 'Content-Type: application/json' http://127.0.0.1:8080/notes   # 201 {"id":1,"text":"buy milk"}
//	curl http://127.0.0.1:8080/notes/1
//	curl -X DELETE http://127.0.0.1:8080/notes/1
package main

import (
	"flag"
	"fmt"
	"log"
	"slices"
	"strconv"
	"sync"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/jsonbody"
	"github.com/spillway-go/spillway/server/route"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	srv := &server.Server{Handler: newService()}
	log.Fatal(srv.ListenAndServe(*addr))
}

// note is what clients send, without the ID, and get.
type note struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

// notes are kept in memory, the newest first.
type notes struct {
	mu   sync.Mutex
	last int
	all  []note
}

func newService() server.Handler {
	n := new(notes)
	mux := new(route.Mux)
	mux.HandleFunc("GET /notes", n.list)
	mux.HandleFunc("POST /notes", n.add)
	mux.HandleFunc("GET /notes/{id}", n.get)
	mux.HandleFunc("DELETE /notes/{id}", n.remove)
	return mux
}

func (n *notes) list(w *server.Response, r *server.Request, _ route.Params) error {
	n.mu.Lock()
	all := append([]note{}, n.all...) // [] and not null where there are none
	n.mu.Unlock()
	return jsonbody.Write(w, all)
}

func (n *notes) add(w *server.Response, r *server.Request, _ route.Params) error {
	var sent note
	if err := jsonbody.Read(r, &sent, jsonbody.Limits{Bytes: 64 << 10}); err != nil {
		return err // which becomes a 400, 413 or 415 with a line that says why
	}
	if sent.ID != 0 || sent.Text == "" {
		return &server.StatusError{Status: 422, Reason: "a note has a text, and gets its id here"}
	}
	n.mu.Lock()
	n.last++
	sent.ID = n.last
	n.all = slices.Insert(n.all, 0, sent)
	n.mu.Unlock()
	if err := w.SetStatus(201); err != nil {
		return err
	}
	if err := w.Set("Location", fmt.Sprintf("/notes/%d", sent.ID)); err != nil {
		return err
	}
	return jsonbody.Write(w, sent)
}

// find returns where the note is that a path names. n.mu is held.
func (n *notes) find(p route.Params) (int, error) {
	id, err := strconv.Atoi(p.Get("id"))
	at := slices.IndexFunc(n.all, func(x note) bool { return x.ID == id })
	if err != nil || at < 0 {
		return 0, &server.StatusError{Status: 404, Reason: "there is no such note"}
	}
	return at, nil
}

func (n *notes) get(w *server.Response, r *server.Request, p route.Params) error {
	n.mu.Lock()
	at, err := n.find(p)
	var found note
	if err == nil {
		found = n.all[at]
	}
	n.mu.Unlock()
	if err != nil {
		return err
	}
	return jsonbody.Write(w, found)
}

func (n *notes) remove(w *server.Response, r *server.Request, p route.Params) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, err := n.find(p)
	if err != nil {
		return err
	}
	n.all = slices.Delete(n.all, at, at+1)
	return w.SetStatus(204)
}
