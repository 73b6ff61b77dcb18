// The table of calls: every method of what a handler is lent, with sensible arguments.

package api_test

import (
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
)

// called is the content that a call writes, and that stands nowhere else.
const called = "[called]"

// types are those whose methods a handler can reach.
var types = map[string]reflect.Type{
	"Request":  reflect.TypeFor[*conn.Request](),
	"Content":  reflect.TypeFor[*body.Content](),
	"Response": reflect.TypeFor[*conn.Response](),
	"Hijacked": reflect.TypeFor[*conn.Hijacked](),
}

// A call calls one method, on what the handler of x was lent. What it learns of the content that was read, and of what was
// accepted for the response, it tells x.
type call func(x *exchange)

// calls are the methods, each with one or several ways to call it.
var calls = map[string][]call{
	"Request.ConnID":     {func(x *exchange) { x.r.ConnID() }},
	"Request.Context":    {func(x *exchange) { x.r.Context().Err() }, func(x *exchange) { x.r.Context().Done() }},
	"Request.LocalAddr":  {func(x *exchange) { x.r.LocalAddr() }},
	"Request.Number":     {func(x *exchange) { x.r.Number() }},
	"Request.Path":       {func(x *exchange) { x.r.Path() }},
	"Request.Query":      {func(x *exchange) { x.r.Query() }},
	"Request.RemoteAddr": {func(x *exchange) { x.r.RemoteAddr() }},
	"Request.SetDrain":   {func(x *exchange) { x.r.SetDrain(0, 0) }, func(x *exchange) { x.r.SetDrain(1<<20, time.Second) }},
	"Request.SetMinReadRate": {
		func(x *exchange) { x.r.SetMinReadRate(0) },
		func(x *exchange) { x.r.SetMinReadRate(1 << 40) },
	},
	"Request.SetReadDeadline": deadlines(func(x *exchange, t time.Time) { x.r.SetReadDeadline(t) }),

	"Content.Limit": {
		func(x *exchange) { x.r.Body.Limit(0) },
		func(x *exchange) { x.r.Body.Limit(3) },
		func(x *exchange) { x.r.Body.Limit(1 << 20) },
	},
	"Content.Read":      {func(x *exchange) { x.read(make([]byte, 3)) }, func(x *exchange) { x.read(nil) }},
	"Content.Received":  {func(x *exchange) { x.r.Body.Received() }},
	"Content.Remaining": {func(x *exchange) { x.r.Body.Remaining() }},
	"Content.Trailers":  {func(x *exchange) { t := x.r.Body.Trailers(); t.Get("X-Trailer") }},
	"Content.WriteTo":   {func(x *exchange) { x.r.Body.WriteTo(notes{x}) }},

	"Response.Abort":            {func(x *exchange) { x.w.Abort() }},
	"Response.Add":              {func(x *exchange) { x.w.Add("X-Called", "yes") }, func(x *exchange) { x.w.Add("Connection", "close") }},
	"Response.Del":              {func(x *exchange) { x.w.Del("X-Called") }, func(x *exchange) { x.w.Del("Content-Length") }},
	"Response.EnableFullDuplex": {func(x *exchange) { x.w.EnableFullDuplex() }},
	"Response.Flush":            {func(x *exchange) { x.w.Flush() }},
	"Response.Get":              {func(x *exchange) { x.w.Get("Date") }, func(x *exchange) { x.w.Get("Content-Length") }},
	"Response.Hijack":           {func(x *exchange) { x.hijack() }},
	"Response.Inform":           {func(x *exchange) { x.w.Inform(103) }, func(x *exchange) { x.w.Inform(100) }},
	"Response.ReadFrom":         {func(x *exchange) { n, _ := x.w.ReadFrom(strings.NewReader(called)); x.accept(called, n) }},
	"Response.Set": {
		func(x *exchange) { x.w.Set("X-Called", "yes") },
		func(x *exchange) { x.w.Set("X-Called", "no\r\n\r\nHTTP/1.1 200 OK") },
		func(x *exchange) { x.w.Set("Connection", "close") },
		func(x *exchange) { x.w.Set("Content-Length", "3") },
		func(x *exchange) { x.w.Set("Content-Length", "100") },
		func(x *exchange) { x.w.Set("Transfer-Encoding", "chunked") },
	},
	"Response.SetContentLength": {
		func(x *exchange) { x.w.SetContentLength(0) },
		func(x *exchange) { x.w.SetContentLength(3) },
		func(x *exchange) { x.w.SetContentLength(int64(len(text))) },
		func(x *exchange) { x.w.SetContentLength(100) },
	},
	"Response.SetMinWriteRate": {
		func(x *exchange) { x.w.SetMinWriteRate(0) },
		func(x *exchange) { x.w.SetMinWriteRate(1 << 40) },
	},
	"Response.SetStallTimeout": {
		func(x *exchange) { x.w.SetStallTimeout(0) },
		func(x *exchange) { x.w.SetStallTimeout(time.Second) },
	},
	"Response.SetStatus": {
		func(x *exchange) { x.w.SetStatus(404) },
		func(x *exchange) { x.w.SetStatus(204) },
		func(x *exchange) { x.w.SetStatus(304) },
		func(x *exchange) { x.w.SetStatus(101) },
		func(x *exchange) { x.w.SetStatus(7) },
	},
	"Response.SetTrailer":       {func(x *exchange) { x.w.SetTrailer("X-Sum", "7") }},
	"Response.SetWriteDeadline": deadlines(func(x *exchange, t time.Time) { x.w.SetWriteDeadline(t) }),
	"Response.Status":           {func(x *exchange) { x.w.Status() }},
	"Response.Write": {
		func(x *exchange) { n, _ := x.w.Write([]byte(called)); x.accept(called, int64(n)) },
		func(x *exchange) { x.w.Write(nil) },
	},
	"Response.WriteString": {func(x *exchange) { n, _ := x.w.WriteString(called); x.accept(called, int64(n)) }},
	"Response.Written":     {func(x *exchange) { x.w.Written() }},

	"Hijacked.Close":            {func(x *exchange) { x.h.Close() }},
	"Hijacked.CloseWrite":       {func(x *exchange) { x.h.CloseWrite() }},
	"Hijacked.LocalAddr":        {func(x *exchange) { x.h.LocalAddr() }},
	"Hijacked.Read":             {func(x *exchange) { x.readHijacked() }},
	"Hijacked.RemoteAddr":       {func(x *exchange) { x.h.RemoteAddr() }},
	"Hijacked.SetDeadline":      deadlines(func(x *exchange, t time.Time) { x.h.SetDeadline(t) }),
	"Hijacked.SetReadDeadline":  deadlines(func(x *exchange, t time.Time) { x.h.SetReadDeadline(t) }),
	"Hijacked.SetWriteDeadline": deadlines(func(x *exchange, t time.Time) { x.h.SetWriteDeadline(t) }),
	"Hijacked.Write":            {func(x *exchange) { x.h.Write([]byte("HTTP/1.1 103 Early Hints\r\n\r\n")) }},
}

// deadlines calls with a time that is over, one that is far away, and none.
func deadlines(set func(*exchange, time.Time)) []call {
	return []call{
		func(x *exchange) { set(x, time.Unix(1, 0)) },
		func(x *exchange) { set(x, time.Now().Add(time.Hour)) },
		func(x *exchange) { set(x, time.Time{}) },
	}
}

// notes tells an exchange what was read.
type notes struct{ x *exchange }

func (n notes) Write(p []byte) (int, error) {
	n.x.noteRead(p)
	return len(p), nil
}

var _ io.Writer = notes{}

// methods returns the names of all methods, as they stand in the table.
func methods() (all []string) {
	for name, t := range types {
		for m := range t.Methods() {
			all = append(all, name+"."+m.Name)
		}
	}
	slices.Sort(all)
	return all
}

func TestEveryMethodIsInTheTable(t *testing.T) {
	all := methods()
	for _, name := range all {
		if len(calls[name]) == 0 {
			t.Errorf("nobody calls %s: it needs an entry in the table", name)
		}
	}
	for name := range calls {
		if !slices.Contains(all, name) {
			t.Errorf("there is no %s", name)
		}
	}
}
