// The calls of every method that a handler, or whoever it tells, can make: arguments that are right and arguments that are
// not.

package server_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server"
)

// apiCall is a call of one method.
type apiCall struct {
	on     reflect.Type
	method string
	args   []any
}

func (c apiCall) String() string { return fmt.Sprintf("%v.%s%v", c.on, c.method, c.args) }

// room stands for a buffer of so many bytes, which is a new one in every call.
type room int

// word is a reader of a word. It has no state: it may be read by anybody, again and again.
type word string

func (w word) Read(p []byte) (int, error) { return copy(p, w), io.EOF }

// with is the arguments of one call.
func with(args ...any) []any { return args }

var (
	apiRequest  = reflect.TypeFor[*server.Request]()
	apiContent  = reflect.TypeFor[*body.Content]()
	apiResponse = reflect.TypeFor[*server.Response]()
	apiHijacked = reflect.TypeFor[*server.Hijacked]()

	none  = [][]any{nil}
	long  = time.Unix(1, 0)
	never = time.Time{}
	far   = time.Unix(1<<40, 0)
	times = [][]any{with(long), with(never), with(far)}
	rates = [][]any{with(int64(0)), with(int64(1)), with(int64(-1)), with(int64(math.MaxInt64))}
)

// apiArguments has the arguments for each method. One that is missing here fails the test.
var apiArguments = map[reflect.Type]map[string][][]any{
	apiRequest: {
		"Path": none, "Query": none, "ConnID": none, "Number": none, "RemoteAddr": none, "LocalAddr": none, "ProxyHeader": none, "Context": none,
		"SetReadDeadline": times,
		"SetMinReadRate":  rates,
		"SetDrain":        {with(int64(0), time.Duration(0)), with(int64(-1), -time.Hour), with(int64(math.MaxInt64), time.Hour)},
	},
	apiContent: {
		"Read":      {with(room(0)), with(room(1)), with(room(100))},
		"WriteTo":   {with(io.Discard)},
		"Limit":     {with(int64(0)), with(int64(-1)), with(int64(5)), with(int64(math.MaxInt64))},
		"Remaining": none, "Received": none, "Trailers": none,
	},
	apiResponse: {
		"SetStatus":        {with(204), with(299), with(304), with(500), with(101), with(100), with(0), with(-1)},
		"Set":              apiFields,
		"Add":              apiFields,
		"Del":              {with("X"), with("Content-Length"), with("")},
		"Get":              {with("X"), with("Content-Length"), with("")},
		"Status":           none,
		"Written":          none,
		"SetContentLength": {with(int64(0)), with(int64(5)), with(int64(-1)), with(int64(math.MaxInt64))},
		"SetTrailer":       {with("X", "1"), with("Content-Length", "3"), with("a b", "c"), with("X", "a\r\nb: c")},
		"Write":            {with([]byte(nil)), with([]byte("x")), with(make([]byte, 5000))},
		"WriteString":      {with(""), with("x")},
		"ReadFrom":         {with(word("")), with(word("file"))},
		"Inform":           {with(103), with(100), with(101), with(200), with(0)},
		"SetWriteDeadline": times,
		"SetMinWriteRate":  rates,
		"SetStallTimeout":  {with(time.Duration(0)), with(-time.Hour), with(time.Hour)},
		"EnableFullDuplex": none, "Flush": none, "Hijack": none, "Abort": none,
	},
	apiHijacked: {
		"Read":       {with(room(0)), with(room(1))},
		"Write":      {with([]byte(nil)), with([]byte("x"))},
		"CloseWrite": none, "Close": none, "LocalAddr": none, "RemoteAddr": none,
		"SetDeadline": times, "SetReadDeadline": times, "SetWriteDeadline": times,
	},
}

var apiFields = [][]any{
	with("X", "y"), with("X", "y\r\nSet-Cookie: z"), with("", ""), with("Content-Length", "5"), with("Content-Length", "-5"),
	with("Transfer-Encoding", "chunked"), with("Connection", "close"), with("Connection", "keep-alive"),
}

// apiCalls returns the calls of all methods that there are, in one order.
func apiCalls(t *testing.T) (calls []apiCall) {
	for _, on := range []reflect.Type{apiRequest, apiContent, apiResponse, apiHijacked} {
		for i := range on.NumMethod() {
			method := on.Method(i).Name
			if len(apiArguments[on][method]) == 0 {
				t.Errorf("no arguments for %v.%s", on, method)
			}
			for _, args := range apiArguments[on][method] {
				calls = append(calls, apiCall{on, method, args})
			}
		}
		for method := range apiArguments[on] {
			if _, ok := on.MethodByName(method); !ok {
				t.Errorf("arguments for %v.%s, which does not exist", on, method)
			}
		}
	}
	return calls
}

// make calls the method on the value that has it, and uses what it returns: a context is asked, and a connection that was
// hijacked is closed.
func (c apiCall) make(values ...any) (results []any) {
	at := slices.IndexFunc(values, func(v any) bool { return reflect.TypeOf(v) == c.on })
	args := make([]reflect.Value, len(c.args))
	for i, arg := range c.args {
		if n, ok := arg.(room); ok {
			arg = make([]byte, n)
		}
		args[i] = reflect.ValueOf(arg)
	}
	for _, v := range reflect.ValueOf(values[at]).MethodByName(c.method).Call(args) {
		results = append(results, v.Interface())
		switch v := v.Interface().(type) {
		case context.Context:
			v.Done()
			v.Err()
		case *server.Hijacked:
			if v != nil {
				v.Close()
			}
		}
	}
	return results
}
