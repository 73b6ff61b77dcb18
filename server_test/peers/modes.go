// Modes: what a handler may do with the content before it answers. Each has a page, and is the same on every server that has it.

package main

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strings"
)

// mode is one of them.
type mode struct{ Name, Page string }

var (
	part   = mode{"reads part", "/part"}       // ten bytes, and answers 200
	closes = mode{"closes", "/close"}          // closes the content, unread
	wraps  = mode{"closes a wrapper", "/wrap"} // reads ten bytes through a buffer of 4 KiB, and closes that
	limits = mode{"limits", "/limit"}          // reads all of it if that is no more than 1 KiB; else it answers 413
)

// in returns a peer once for each mode: its uploads go to the mode's page.
func (p peer) in(modes ...mode) []peer {
	var all []peer
	for _, m := range modes {
		q := p
		q.Name, q.How, q.Post = p.Name+", "+m.Name, "", m.Page
		q.Early200 = q.Post
		if m == limits {
			q.Early200 = ""
		}
		all = append(all, q)
	}
	return all
}

const (
	partBytes  = 10
	limitBytes = 1 << 10
)

// treat does to the content what the page is for, and returns whether it is too large.
func treat(page string, w http.ResponseWriter, content io.ReadCloser) (tooLarge bool) {
	switch page {
	case part.Page:
		io.ReadFull(content, make([]byte, partBytes))
	case closes.Page:
		content.Close()
	case wraps.Page:
		wrapper := buffered{bufio.NewReader(content), content}
		io.ReadFull(wrapper, make([]byte, partBytes))
		wrapper.Close()
	case limits.Page:
		_, err := io.Copy(io.Discard, http.MaxBytesReader(w, content, limitBytes))
		return err != nil
	}
	return false
}

// buffered is a wrapper as handlers have them: it reads ahead, and closes what it wraps.
type buffered struct {
	io.Reader
	io.Closer
}

// modePeers are peers of the table in the modes that matter most to them.
func modePeers(all []peer) []peer {
	var found []peer
	for _, want := range []struct {
		name  string
		modes []mode
	}{
		{"spillway", []mode{part, limits}},
		{"spillway, nethttp", []mode{part, closes, wraps, limits}},
		{"net/http", []mode{part, closes, wraps, limits}},
		{"fasthttp, StreamRequestBody", []mode{part, limits}},
		{"hertz, WithStreamBody", []mode{part}},
		{"Node", []mode{part, limits}},
		{"gunicorn, gthread", []mode{part, limits}},
		{"waitress", []mode{part}},
		{"wsgiref", []mode{part}},
		{"Cheroot", []mode{part}},
		{"Tomcat", []mode{part}},
		{"Jetty", []mode{part}},
		{"JDK", []mode{part}},
	} {
		i := slices.IndexFunc(all, func(p peer) bool { return p.Name == want.name })
		p := all[i]
		if strings.HasPrefix(want.name, "spillway") { // its lab has other pages
			p.Programs, p.Get = goServer(want.name, "", "").Programs, ""
		}
		found = append(found, p.in(want.modes...)...)
	}
	for i := range found {
		found[i].Withheld = true
	}
	return found
}
