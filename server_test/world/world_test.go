// What the runner does with what it does not know, and how it reads what it is given.

package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the runner does not know is an error, whichever of its parts notices.
func TestUnknown(t *testing.T) {
	const server = "package http\ntype Server struct{}\n"
	if _, err := patchServer([]byte(server + "func (s *Server) Serve() {}\nfunc (s *Server) Drain() {}\n")); err == nil ||
		!strings.Contains(err.Error(), `"Drain"`) || !strings.Contains(err.Error(), `"Shutdown"`) {
		t.Errorf("a Server with an unknown method, and without the known ones: %v", err)
	}
	if _, err := patchTesting([]byte("package testing\n")); err == nil {
		t.Error("package testing without tRunner is taken")
	}
	for _, line := range []string{
		"example.test/m v1.0.0 ci", "example.test/m v1.0.0 sometimes ./...",
	} {
		if _, err := readModules(write(t, line), ""); err == nil {
			t.Errorf("a list of modules with the line %q is taken", line)
		}
	}
	for _, line := range []string{"example.test/m Test.* because it fails", "example.test/m Test( must RFC 9112"} {
		if _, err := readExplanations(write(t, line)); err == nil {
			t.Errorf("a list of explanations with the line %q is taken", line)
		}
	}
	o := options{list: write(t, "example.test/m v1.0.0 ci ./..."), explanations: write(t, ""), out: io.Discard}
	for _, only := range []string{"(", "another"} {
		if _, err := o.world(t.Context(), only); err == nil {
			t.Errorf("a pattern of modules is taken that is none, or matches none: %q", only)
		}
	}
}

// write returns the name of a file with the text.
func write(t *testing.T, text string) string {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// The known methods of the Server of the Go that runs this are changed, and nothing else is.
func TestPatchServer(t *testing.T) {
	before := "package http\n\ntype Server struct {\n}\n\n"
	after := strings.Replace(before, "}\n", "worldState worldState\n}\n", 1)
	for _, name := range []string{
		"Serve", "ServeTLS", "ListenAndServe", "ListenAndServeTLS", "Shutdown", "Close", "SetKeepAlivesEnabled", "RegisterOnShutdown",
	} {
		before += "func (s *Server) " + name + "() {}\n"
		after += "func (s *Server) " + name + "() {\n" + serverMethods[name] + "}\n"
	}
	more := "func (s *Server) other() {}\nfunc (c *conn) Serve() {}\n"
	got, err := patchServer([]byte(before + more))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(after, "{\n}", "{}") + more; strings.ReplaceAll(string(got), "{\n}", "{}") != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// A binary's output is taken for what its tests announce, not for what they print.
func TestParse(t *testing.T) {
	const text = "\x16=== RUN   TestA\n\x16=== RUN   TestA/sub\n    a_test.go:3: wrong: \n        \tError Trace:\ta_test.go:3\n" +
		"        \tError:      \tnot equal:\n        \t            \t1 and 2\n    \x16--- FAIL: TestA/sub (0.00s)\n\x16--- FAIL: TestA (0.00s)\n" +
		"\x16=== RUN   TestB\n\x16=== PAUSE TestB\n\x16=== RUN   TestE\n\x16=== RUN   TestE/sub\n\x16=== PAUSE TestE/sub\n\x16=== NAME  \nprinted\n" +
		"\x16=== RUN   TestC\n--- PASS: TestC\nno line end\x16=== RUN   TestD\n\x16--- SKIP: TestD (0.00s)\n"
	o := parse("p", text)
	want := map[string]state{"TestA": failed, "TestA/sub": failed, "TestB": paused, "TestE": running, "TestC": running, "TestD": skipped}
	for name, s := range want {
		if o.tests[name] != s {
			t.Errorf("%s: %d, want %d", name, o.tests[name], s)
		}
	}
	if got := o.leaves(failed); !slices.Equal(got, []string{"TestA/sub"}) {
		t.Errorf("failed: %q", got)
	}
	if got := o.unfinished(); !slices.Equal(got, []string{"TestC"}) {
		t.Errorf("unfinished: %q", got)
	}
	if got := o.output["TestE/sub"]; len(got) > 0 {
		t.Errorf("TestE/sub has printed %q", got)
	}
	if got, want := o.complaint("TestA/sub"), "a_test.go:3: wrong: not equal: 1 and 2"; got != want {
		t.Errorf("complaint %q, want %q", got, want)
	}
}

// An explanation that names a row of the table of differences names one that there is.
func TestExplanationsNameRows(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := readExplanations("explained.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, e := range all {
		_, named, _ := strings.Cut(e.reason, "(row")
		for i, name := range strings.Split(named, "\"") {
			if i%2 == 1 {
				rows++
				if !strings.Contains(string(text), "\n| "+name+" |") {
					t.Errorf("docs/differences.md has no row %q", name)
				}
			}
		}
	}
	if rows == 0 {
		t.Error("no explanation names a row")
	}
}
