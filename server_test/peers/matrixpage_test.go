// The matrix as a person uses it: sorted by click and by key, filtered, in the dark, and on a narrow screen.

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/chromium"
)

// pageMatrix is one in which each order of the rows is another.
func pageMatrix() *matrix {
	bad := &chainReport{Results: []chainResult{{ID: "known-id", Verdict: "EXTRA ANSWER"}}}
	good := &chainReport{}
	m := &matrix{Columns: []column{{"c", "1.0"}, {"a", "1.0"}, {"b", "1.0"}}}
	for name, reports := range map[string][]*chainReport{"one": {bad, good, bad}, "two": {good, good, bad}} {
		row := recorded{Peer: &peer{Name: name}, Report: good}
		for i, rep := range reports {
			row.Pairs = append(row.Pairs, pair{name, m.Columns[i].Name, rep})
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func TestMatrixPage(t *testing.T) {
	defer func(before []public) { published = before }(published)
	published = []public{{"", "b", "", "a source"}, {"", "c", "", "a source"}}
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "matrix.html")
	if err := pageMatrix().writePage(file); err != nil {
		t.Fatal(err)
	}
	b, err := chromium.Start(program)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Open(); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	shows := func(after, want string) {
		t.Helper()
		got, err := b.Evaluate(`[...document.querySelectorAll("#pairs tbody tr:not([hidden]) th")].map(e => e.textContent[0]).join("")`)
		must(err)
		if got != want {
			t.Errorf("%s: the rows are %s, want %s", after, got, want)
		}
	}
	does := func(script string) {
		t.Helper()
		_, err := b.Evaluate(script)
		must(err)
	}
	button := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("th button")].find(b => b.textContent === %q)`, name)
	}
	must(b.Navigate("file://" + file))
	shows("at first", "bca")
	does(button("backend") + ".click()")
	shows("by name", "abc")
	does(button("one") + ".focus()")
	for _, event := range []string{"keyDown", "keyUp"} {
		must(b.Call("Input.dispatchKeyEvent", map[string]any{"type": event, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}, nil))
	}
	shows("by one's column, with the keyboard", "bca")
	sorted, err := b.Evaluate(button("one") + `.parentElement.getAttribute("aria-sort")`)
	must(err)
	if sorted != "descending" {
		t.Errorf("aria-sort is %s", sorted)
	}
	does(`agree.click()`)
	shows("without rows that are all ok", "bc")
	does(`filter.value = "C"; filter.dispatchEvent(new Event("input"))`)
	shows("filtered", "c")
	colours := map[string]bool{}
	for _, look := range []struct {
		scheme string
		width  int
	}{{"light", 1280}, {"dark", 1280}, {"light", 400}, {"dark", 400}} {
		must(b.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": look.scheme}}}, nil))
		must(b.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil))
		must(b.Navigate("file://" + file))
		wide, err := b.Evaluate(`document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll(".scroll")].some(e => e.scrollWidth > e.clientWidth)`)
		must(err)
		colour, err := b.Evaluate(`getComputedStyle(document.querySelector("td.ok")).backgroundColor`)
		must(err)
		colours[look.scheme+colour] = true
		if wide != "false" {
			t.Errorf("%s, %d pixels: it is wider than the screen", look.scheme, look.width)
		}
	}
	if len(colours) != 2 {
		t.Errorf("the colours of what is ok: %v", colours)
	}
	if len(b.Told) > 0 {
		t.Errorf("the page tells the console: %s", strings.Join(b.Told, "\n"))
	}
}
