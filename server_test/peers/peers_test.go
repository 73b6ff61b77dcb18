// What runs on every change: spillway has no fault and closes no connection without a documented reason, and the probe can
// see one, on a peer that is known for it.

package main

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMain is this program's main where it is started as a server.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == serverMode {
		if err := serve(os.Args[2], os.Args[3]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// called returns the peer of this name.
func called(t *testing.T, name string) *peer {
	t.Helper()
	all := peers()
	i := slices.IndexFunc(all, func(p peer) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no peer %q", name)
	}
	return &all[i]
}

// probeWith starts a peer and probes it.
func probeWith(t *testing.T, p *peer, spillway string, args ...string) *report {
	t.Helper()
	server, err := start(p, spillway)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.stop()
		for _, process := range server.processes {
			if log := process.log.String(); strings.Contains(log, "DATA RACE") {
				t.Errorf("%s: %s", p.Name, log)
			}
		}
	})
	rep, err := probe(t.Context(), spillway, p, server.addr, args...)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Results) == 0 {
		t.Fatal("nothing was played")
	}
	return rep
}

func TestPeers(t *testing.T) {
	spillway, err := buildSpillway(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"spillway", "spillway, nethttp"} {
		t.Run(name, func(t *testing.T) {
			p := called(t, name)
			mustBeSound(t, p, probeWith(t, p, spillway))
			p.Get, p.Post = "/", "" // the lab's scenarios have their own targets
			mustBeSound(t, p, probeWith(t, p, spillway, "-lab"))
		})
	}
	for _, tt := range []struct {
		name  string
		known map[string]string // by scenario
	}{
		{"net/http", map[string]string{
			"8 MiB with Connection: close": "RESET", "chunked from HTTP/1.0": "AMBIGUOUS", "fixed length, spells a request": "ok",
		}},
		{"fasthttp", map[string]string{
			"HTTP/1.0 keep-alive, close": "LAX", "both headers, chunks end first": "AMBIGUOUS", "chunked, spells a request": "ok",
		}},
		{"fasthttp, StreamRequestBody", map[string]string{
			"chunked, spells a request": "DESYNC", "1 MiB of requests, fixed length": "DESYNC", "behind chunked content": "DESYNC",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep := probeWith(t, called(t, tt.name), spillway)
			for i := range rep.Results {
				if want, ok := tt.known[rep.Results[i].Name]; ok && rep.Results[i].Verdict != want {
					t.Errorf("not %s:\n%s", want, rep.Results[i].text())
				}
			}
		})
	}
}

// mustBeSound fails the test for each fault and for each close that is not documented.
func mustBeSound(t *testing.T, p *peer, rep *report) {
	t.Helper()
	for i := range rep.Results {
		r := &rep.Results[i]
		if r.fault() || r.Verdict == "closed" && p.Documented[r.Name] == "" {
			t.Errorf("%s", r.text())
		}
	}
}

// A table can be made of anything that may stand in a report, and nothing that a server sent is markup in it.
func TestTable(t *testing.T) {
	hostile := "<script>alert(1)</script>|`\n"
	rep := &report{Results: []result{
		{Group: "g", Name: "n", Verdict: "DESYNC", What: hostile, Dialogue: []step{{From: "server", Lines: []string{"S: " + hostile}, Stray: []string{hostile}}}},
		{Group: "g", Name: "m", Verdict: "ok", What: "fine"},
	}}
	all := &table{Command: "go run .", Browsers: []seen{{Browser: "a browser"}}, Entries: []entry{
		{Peer: &peer{Name: "a"}, Report: rep, Seen: []seen{{Early200: hostile}}}, {Peer: &peer{Name: "b"}, Report: &report{Results: rep.Results[1:]}, Seen: []seen{{}}},
	}}
	name := t.TempDir() + "/page.html"
	if err := all.writePage(name); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(all.markdown())
	for _, made := range []string{string(page), text} {
		if strings.Contains(made, "<script>alert") || !strings.Contains(made, "DESYNC") {
			t.Errorf("%.4000s", made)
		}
	}
	if strings.Count(text, "| a |") != 1 {
		t.Errorf("no row of its own:\n%s", text)
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		only string
		want []string
	}{
		{"Twisted,Node", []string{"Node", "Twisted", "Node, reads part", "Node, limits"}},
		{"nginx,Puma", []string{"nginx", "Puma"}},
		{"Werkzeug kept exhausted", []string{"Werkzeug, kept, exhausted"}},
	} {
		chosen, err := choose(peers(), tt.only)
		var names []string
		for _, p := range chosen {
			names = append(names, p.Name)
		}
		if err != nil || !slices.Equal(names, tt.want) {
			t.Errorf("%q: %q, %v", tt.only, names, err)
		}
	}
	if _, err := choose(peers(), "nobody"); err == nil {
		t.Error("nobody is a peer")
	}
}

func TestShortVersion(t *testing.T) {
	for line, want := range map[string]string{
		"nginx version: nginx/1.22.1":                        "1.22.1",
		"Server version: Apache/2.4.71 (Debian)":             "2.4.71",
		"lighttpd/1.4.69 (ssl) - a light and fast webserver": "1.4.69",
		"HAProxy version 2.6.12-1+deb12u4 2026/01/01":        "2.6.12-1+deb12u4",
		"Python 3.11.2": "3.11.2",
		"v20.20.2":      "20.20.2",
		"varnishd (varnish-7.1.1 revision 7cee1c581bead20e88d101ab3d72afb29f14d87a)": "7.1.1",
		"2dca180-dirty": "2dca180-dirty",
	} {
		if got := shortVersion(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// A process that does not start says so, and nothing of it is left.
func TestStartFails(t *testing.T) {
	for _, args := range [][]string{{"/nowhere/server"}, {"sh", "-c", "echo no such thing; exit 3"}} {
		_, err := start(&peer{Name: "broken", Programs: []program{{Args: args}}}, "")
		if err == nil {
			t.Errorf("%q starts", args)
		}
	}
	r, err := start(&peer{Name: "stubborn", Programs: []program{{Args: []string{"sh", "-c", `trap "" TERM; sleep 60 & "$0" -serve net/http "$1"`, executable(), "{port}"}}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	group := r.processes[0].cmd.Process.Pid
	r.stop()
	if out, _ := exec.Command("pgrep", "-g", strconv.Itoa(group)).Output(); len(out) > 0 {
		t.Errorf("left behind: %s", out)
	}
}
