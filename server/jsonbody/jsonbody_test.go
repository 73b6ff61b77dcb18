// JSON over a connection: what is read, what is refused, and with which status.

package jsonbody

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

type order struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
	Other any    `json:"other,omitempty"`
	Odd   odd    `json:"odd,omitzero"`
}

// odd takes no value, and says why to nobody.
type odd struct{}

func (o *odd) UnmarshalJSON([]byte) error { return errors.New("a secret") }

func TestReadAndWrite(t *testing.T) {
	limits := Limits{Bytes: 100}
	s := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		var o order
		l := limits
		l.UnknownFields, l.AnyType = r.RawPath == "/lenient", r.RawPath == "/lenient"
		if err := Read(r, &o, l); err != nil {
			return err
		}
		return Write(w, o)
	}))
	const kind = "application/json"
	for _, test := range []struct {
		path, kind, content string
		status              int
		says                string
	}{
		{"/", kind, `{"item":"a","count":2}`, 200, `{"item":"a","count":2}` + "\n"},
		{"/", "application/vnd.a+json; charset=UTF-8", ` {"item":"<a>"} ` + "\n", 200, `{"item":"\u003ca\u003e","count":0}` + "\n"},
		{"/", "", `{}`, 415, ""}, {"/", "text/json", `{}`, 415, "text/json"}, {"/", "application/json; charset=latin1", `{}`, 415, ""},
		{"/", kind, "", 400, "empty"}, {"/", kind, "  ", 400, "empty"}, {"/", kind, `{"item":`, 400, "too early"}, {"/", kind, `{"item":x}`, 400, "at byte 9"}, {"/", kind, `{"count":"2"}`, 400, `the field "count"`},
		{"/", kind, `{"new":1}`, 400, `unknown field "new"`}, {"/", kind, `{} {}`, 400, "behind"}, {"/", kind, `{}x`, 400, "behind"}, {"/", kind, `{"odd":1}`, 400, "a value in it is refused"},
		{"/lenient", "", `{"new":1}`, 200, "{"}, {"/", kind, `{"item":"` + strings.Repeat("a", 100) + `"}`, 413, "100"}, {"/", kind, `{}` + strings.Repeat(" ", 99), 413, ""},
		{"/", kind, strings.Repeat("[", 99), 400, ""},
	} {
		for _, chunked := range []bool{false, true} {
			var content io.Reader = strings.NewReader(test.content)
			if chunked {
				content = io.MultiReader(content)
			}
			req, err := http.NewRequest("POST", s.URL+test.path, content)
			if err != nil {
				t.Fatal(err)
			}
			if test.kind != "" {
				req.Header.Set("Content-Type", test.kind)
			}
			res, err := s.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != test.status || !strings.Contains(string(text), test.says) || strings.Contains(string(text), "secret") {
				t.Errorf("%s %q %q: %d %q, %v; want %d %q", test.path, test.kind, test.content, res.StatusCode, text, err, test.status, test.says)
			}
			if res.StatusCode == 200 && res.Header.Get("Content-Type") != kind {
				t.Errorf("the response is %s", res.Header.Get("Content-Type"))
			}
		}
	}
}

func TestMistakesOfTheProgramAreItsOwn(t *testing.T) {
	var status *server.StatusError
	if err := decode(strings.NewReader("{}"), order{}, Limits{}); err == nil || errors.As(err, &status) {
		t.Errorf("decoding into a value: %v", err)
	}
	if err := Write(nil, func() {}); err == nil {
		t.Error("a function is written as JSON")
	}
	if err := decode(strings.NewReader(strings.Repeat("[", 20_000)), new(any), Limits{}); !errors.As(err, &status) || status.Status != 400 {
		t.Errorf("nesting 20,000 deep: %v", err)
	}
}

// FuzzDecode looks for content that is read here and is no JSON, or the other way round, and for errors without a status.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"item":"a"}`, `[1,2]`, `{} {}`, "nul", `"\ud800"`, " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v, w any
		err := decode(strings.NewReader(text), &v, Limits{})
		if want := json.Unmarshal([]byte(text), &w); (err == nil) != (want == nil) {
			t.Errorf("%q: %v, and by itself %v", text, err, want)
		}
		var status *server.StatusError
		if err != nil && !errors.As(err, &status) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
