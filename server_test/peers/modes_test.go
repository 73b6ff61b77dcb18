// The modes do to the content what their names say.

package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestModes(t *testing.T) {
	for _, name := range []string{"net/http", "spillway, reads part", "spillway, nethttp, limits", "fasthttp", "fasthttp, StreamRequestBody", "fiber", "hertz", "hertz, WithStreamBody", "nbio"} {
		t.Run(name, func(t *testing.T) {
			server, err := start(called(t, name), "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.stop)
			for _, tt := range []struct {
				page        string
				bytes, want int
			}{
				{"/ignore", 5000, 200},
				{part.Page, 5, 200},
				{part.Page, 5000, 200},
				{limits.Page, limitBytes, 200},
				{limits.Page, limitBytes + 1, 413},
			} {
				if name == "fiber" && tt.page != "/ignore" {
					continue // it has read all of the content, whatever its handler does
				}
				resp, err := http.Post("http://"+server.addr+tt.page, "text/plain", strings.NewReader(strings.Repeat("x", tt.bytes)))
				if err != nil {
					t.Fatalf("%s: %v", tt.page, err)
				}
				resp.Body.Close()
				if resp.StatusCode != tt.want {
					t.Errorf("%d bytes to %s: %d, want %d", tt.bytes, tt.page, resp.StatusCode, tt.want)
				}
			}
		})
	}
}

// A mode is a peer of its own, with its uploads at the mode's page, and what was found in it is kept back.
func TestModePeers(t *testing.T) {
	for _, tt := range []struct{ name, post, early200 string }{
		{"net/http, reads part", "/part", "/part"},
		{"net/http, limits", "/limit", ""},
		{"spillway, reads part", "/part", "/part"},
		{"spillway, nethttp, limits", "/limit", ""},
	} {
		p := called(t, tt.name)
		if p.Post != tt.post || p.Early200 != tt.early200 || !p.Withheld {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
	names := map[string]bool{}
	for _, p := range peers() {
		if names[p.Name] {
			t.Errorf("two peers are called %q", p.Name)
		}
		names[p.Name] = true
	}
}

// What is kept of a run makes the same files again.
func TestKeep(t *testing.T) {
	made := &table{Command: "go run .", Browsers: []seen{{Browser: "a browser", Version: "1.2"}}, Entries: []entry{{
		Peer: called(t, "net/http"), Version: "1.0", Seen: []seen{{Early200: "the page"}},
		Report: &report{Seconds: 3, Results: []result{{Group: "g", Name: "n", Verdict: "LAX", Dialogue: []step{{Ms: 1, From: "server", Lines: []string{"S: x"}}}}}},
	}}}
	name := filepath.Join(t.TempDir(), "table.json")
	if err := made.save(name); err != nil {
		t.Fatal(err)
	}
	again := &table{}
	if err := again.into(name); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(made.markdown(), again.markdown()) {
		t.Errorf("kept:\n%s", again.markdown())
	}

	// What is probed later takes its column's place, or gets one where it belongs.
	by := &table{Command: "go run . -only some"}
	for _, name := range []string{"net/http", "spillway"} {
		by.Entries = append(by.Entries, entry{Peer: called(t, name), Version: "2.0", Report: &report{}, Seen: []seen{{}}})
	}
	if err := by.into(name); err != nil {
		t.Fatal(err)
	}
	if e := by.Entries; len(e) != 2 || e[0].Peer.Name != "spillway" || e[1].Version != "2.0" || by.Command != made.Command {
		t.Errorf("%+v", by)
	}
	if !strings.Contains(string(by.markdown()), "net/http; spillway: probed by itself") {
		t.Errorf("not said:\n%s", by.markdown())
	}
}
