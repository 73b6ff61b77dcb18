// Cookies over a connection, and what hostile ones may not do.

package cookie

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

func TestSetAndDelete(t *testing.T) {
	s := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if err := Set(w, Cookie{Name: "bad", Value: "a\r\nSet-Cookie: b=1"}); err == nil {
			t.Error("a value with a line end is no error")
		}
		if err := Set(w, Cookie{Name: "a", Value: "1", Path: "/"}); err != nil {
			return err
		}
		return Delete(w, Cookie{Name: "b", Value: "gone", Path: "/", Expires: time.Now().Add(time.Hour)})
	}))
	res, err := s.Client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := strings.Join(res.Header.Values("Set-Cookie"), " | "); got != "a=1; Path=/ | b=; Path=/; Max-Age=0" {
		t.Errorf("got %s", got)
	}
}

// FuzzPairs looks for cookies that are read differently from how net/http reads them.
func FuzzPairs(f *testing.F) {
	for _, seed := range []string{"a=1; b=2", `a="x"`, "a", "=", "; ;", "a=b=c", "\t a \t= 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Count(line, ";") > 2000 || strings.ContainsAny(line, "\r\n") {
			return // more than net/http reads, and what stands in no field line
		}
		stock := (&http.Request{Header: http.Header{"Cookie": {line}}}).Cookies()
		i := 0
		for name, value := range pairs(line) {
			if i >= len(stock) || stock[i].Name != name || stock[i].Value != value {
				t.Fatalf("%q: cookie %d is %q=%q, and in net/http %v", line, i, name, value, stock)
			}
			i++
		}
		if i != len(stock) {
			t.Errorf("%q: %d cookies, and in net/http %v", line, i, stock)
		}
	})
}

// FuzzSet looks for cookies that pass, and that a browser would not read as they were meant.
func FuzzSet(f *testing.F) {
	f.Add("a", "1", "/", "example.com")
	f.Add("__Host-a", "x;y", "/\r\n", "a;b")
	f.Fuzz(func(t *testing.T, name, value, path, domain string) {
		c := Cookie{Name: name, Value: value, Path: path, Domain: domain, Secure: true}
		if c.Check() != nil {
			return
		}
		read, err := http.ParseSetCookie(c.String())
		if err != nil || read.Name != name || read.Value != strings.Trim(value, `"`) || read.Path != path && !strings.HasSuffix(path, " ") || read.Domain != strings.TrimPrefix(domain, ".") {
			t.Errorf("%q is read as %+v, %v", c.String(), read, err)
		}
	})
}

func TestReadingAllocatesNothing(t *testing.T) {
	line := strings.Repeat("some=value; ", 20) + "wanted=1"
	got := ""
	if n := testing.AllocsPerRun(100, func() {
		for name, value := range pairs(line) {
			if name == "wanted" {
				got = value
			}
		}
	}); n > 1 || got != "1" {
		t.Errorf("%v allocations for %q", n, got)
	}
}
