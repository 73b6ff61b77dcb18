// What other programs read of a report: files, annotations, the baseline, and what the probe asks for.

package probe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runMain runs the command and returns its exit status and what it printed.
func runMain(args ...string) (int, string, string) {
	var stdout, stderr bytes.Buffer
	status := Main(append([]string{"-patience", "600ms"}, args...), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Known findings do not fail, worse ones and new ones do, and those that are gone are named.
func TestBaseline(t *testing.T) {
	t.Parallel()
	url := toy(lax).start(t)
	_, report, _ := runMain("-json", "-only", "no Host", url)
	for _, tt := range []struct {
		name, known, only string
		status            int
		want              string
	}{
		{"none", "# nothing\n\n", "no Host", 1, "[MUST, RFC 9112"},
		{"an ID", "head-no-host # since ever", "no Host", 0, "[known; MUST"},
		{"the verdict", "head-no-host LAX", "no Host", 0, "[known; MUST"},
		{"a milder one", "ambiguous-two-lengths-the-longer-last LAX", "two lengths, the longer last", 1, "[MUST"},
		{"a worse one", "head-no-host DESYNC", "no Host", 0, "[known; MUST"},
		{"another", "head-two-hosts", "no Host", 1, "[MUST"},
		{"gone", "persist-two-requests HANG", "two requests", 0, "Known, and no fault any more: persist-two-requests\n"},
		{"a report", report, "no Host", 0, "[known; MUST"},
	} {
		status, out, errs := runMain("-baseline", file(t, tt.known), "-only", tt.only, url)
		if status != tt.status || !strings.Contains(out, tt.want) {
			t.Errorf("%s: exit status %d, want %d with %q:\n%s%s", tt.name, status, tt.status, tt.want, out, errs)
		}
		if tt.name != "gone" && strings.Contains(out, "any more") {
			t.Errorf("%s: what was not played is named:\n%s", tt.name, out)
		}
	}
}

func TestBadOutputsAndAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-baseline", "/nowhere/file"}, "-baseline: open /nowhere/file"},
		{[]string{"-baseline", file(t, "no-such-id")}, `no scenario has the ID "no-such-id"`},
		{[]string{"-baseline", file(t, "head-no-host BAD")}, `"BAD" of "head-no-host" is no verdict`},
		{[]string{"-baseline", file(t, "head-no-host ok")}, `"ok" of "head-no-host" is no verdict`},
		{[]string{"-baseline", file(t, "head-no-host\nhead-no-host")}, "line 2: "},
		{[]string{"-baseline", file(t, "a b c")}, "is not an ID and a verdict"},
		{[]string{"-baseline", file(t, "{}")}, "no report of version 1"},
		{[]string{"-baseline", file(t, `{"version":2,"scenarios":[]}`)}, "no report of version 1"},
		{[]string{"-baseline", file(t, "{")}, "JSON"},
		{[]string{"-junit", "same", "-sarif", "same"}, `-junit and -sarif both name "same"`},
		{[]string{"-header", "no colon"}, "not Name: value"},
		{[]string{"-header", "A: b\r\nC: d"}, "no field may have"},
		{[]string{"-header", "Host: x"}, "-host sets it"},
		{[]string{"-header", "Content-Length: 5"}, "set it themselves"},
		{[]string{"-host", "a b"}, "is no host"},
		{[]string{"-path", "a"}, "begin with a slash"},
		{[]string{"-path", "/a b"}, "begin with a slash"},
		{[]string{"-path", "//a/b"}, "is no target"},
		{[]string{"-method", "put"}, "capital letters"},
		{[]string{"-method", "TRACE"}, "not one whose requests have content"},
		{[]string{"-healthy-status", "99"}, "from 200 to 599"},
		{[]string{"-fail-on", "all"}, "must, should, may, policy or never"},
	} {
		status, out, errs := runMain(append(tt.args, "http://127.0.0.1:1/")...)
		if status != 2 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, tt.want) {
			t.Errorf("%q: exit status %d, %q, want %q", tt.args, status, errs, tt.want)
		}
	}
}

// What is asked for by flags is in every request, and a server that is not healthy is not probed.
func TestAsks(t *testing.T) {
	t.Parallel()
	url := toy(func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := readToy(r)
			if err != nil || req.skip(r) != nil {
				return
			}
			ok := strings.HasPrefix(req.target, "/status?a=b") || strings.HasPrefix(req.target, "/spillway-probe-")
			ok = ok && strings.Contains(req.fields, "host: example.com") && strings.Contains(req.fields, "x-key: secret")
			if !ok || req.method == "POST" {
				fmt.Fprint(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
				continue
			}
			req.answer(c)
		}
	}).start(t)
	for _, tt := range []struct {
		args   string
		status int
		want   string
	}{
		{"-only leftover-plain-words", 0, "a plain GET is answered 403"},
		{"-healthy-status 200", 2, "the answer is 403, and a healthy one is 200"},
		{"-host example.com -header X-Key:Secret -healthy-status 200", 2, "the answer is 403"},
		{"-host example.com -header X-Key:Secret -path /status?a=b -healthy-status 200 -healthy-text never", 2, `does not contain "never"`},
		{"-v -host example.com -header X-Key:Secret -path /status?a=b -method PUT -healthy-status 200 -only leftover-plain-words", 0, "Answered 200, 200"},
		{"-v -host example.com -header X-Key:Secret -path /status?a=b -healthy-status 200 -only leftover-plain-words", 0, "Answered 403, 200"},
	} {
		status, out, errs := runMain(append(strings.Fields(tt.args), url)...)
		if status != tt.status || !strings.Contains(out+errs, tt.want) {
			t.Errorf("%s: exit status %d, want %d with %q:\n%s%s", tt.args, status, tt.status, tt.want, out, errs)
		}
		if strings.HasPrefix(tt.args, "-v") && !strings.Contains(out, "X-Key: Secret") {
			t.Errorf("%s: the field is not sent:\n%s", tt.args, out)
		}
	}
}

// A server that goes on answering, but not as a healthy one does, is dead.
func TestUnhealthyIsDead(t *testing.T) {
	t.Parallel()
	sick := make(chan struct{})
	url := toy(func(c *net.TCPConn, r *bufio.Reader) {
		req, err := readToy(r)
		for ; err == nil; req, err = readToy(r) {
			select {
			case <-sick:
				fmt.Fprint(c, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
				continue
			default:
			}
			if req.fields == "" {
				close(sick)
				return
			}
			req.answer(c)
		}
	}).start(t)
	status, out, errs := runMain("-healthy-status", "200", "-only", "no Host", "-conns", "1", url)
	if status != 2 || !strings.Contains(out, "DEAD") || !strings.Contains(out, "the answer is 500") {
		t.Errorf("exit status %d:\n%s%s", status, out, errs)
	}
}

// Annotations are escaped, and nothing that a server has sent is one.
func TestAnnotations(t *testing.T) {
	var b strings.Builder
	command(&b, "error", "a: b, 100%\n", "50%\r\n::warning::x")
	if want := "::error title=spillway probe%3A a%3A b%2C 100%25%0A::50%25%0D%0A::warning::x\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	url := toy(lax).start(t)
	status, out, _ := runMain("-github", "-v", "-only", "no Host", url)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	token, ok := strings.CutPrefix(lines[0], "::stop-commands::")
	last := lines[len(lines)-1]
	if status != 1 || !ok || lines[len(lines)-2] != "::"+token+"::" || !strings.HasPrefix(last, "::error title=spillway probe%3A LAX%3A no Host::") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	for _, tt := range []struct{ flag, value, want string }{
		{"-fail-on", "never", "::warning "}, {"-baseline", file(t, "head-no-host"), "::notice "},
	} {
		if status, out, _ := runMain("-github", tt.flag, tt.value, "-only", "no Host", url); status != 0 || !strings.Contains(out, "\n"+tt.want) {
			t.Errorf("%s: exit status %d:\n%s", tt.flag, status, out)
		}
	}
	_, out, errs := runMain("-github", "-json", "-only", "no Host", url)
	if !json.Valid([]byte(out)) || !strings.HasPrefix(errs, "::error ") {
		t.Errorf("%s\n%s", out, errs)
	}
}

// The files say the same as what is printed, whatever a server sends.
func TestFiles(t *testing.T) {
	t.Parallel()
	hostile := answering("HTTP/1.1 200 OK\r\nServer: \x1b]0;x\a]]></testsuites>\xff\r\nContent-Length: 3\r\n\r\n\xff\x00]]>")
	for _, tt := range []struct {
		toy               toy
		only              string
		failures, skipped bool
	}{
		{lax, "no Host", true, false}, {lax, "two requests", false, false}, {hostile, "leftover-plain-words", false, true}, {leaving, "leftover content", true, true},
	} {
		junit, sarif := filepath.Join(t.TempDir(), "j"), filepath.Join(t.TempDir(), "s")
		args := []string{"-json", "-v", "-junit", junit, "-sarif", sarif, "-baseline", file(t, "leftover-plain-words"), "-only", tt.only, tt.toy.start(t)}
		_, out, _ := runMain(args...)
		var rep Report
		if err := json.Unmarshal([]byte(out), &rep); err != nil {
			t.Fatal(err)
		}
		checkJUnit(t, junit, &rep, tt.failures, tt.skipped)
		checkSARIF(t, sarif, &rep)
	}
}

func checkJUnit(t *testing.T, name string, rep *Report, failures, skipped bool) {
	t.Helper()
	var all junitSuites
	text, err := os.ReadFile(name)
	if err != nil || xml.Unmarshal(text, &all) != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if n := rep.countPlayed(); all.Tests != n || all.Failures > 0 != failures || all.Skipped > 0 != skipped {
		t.Errorf("%d tests of %d, %d failures, %d skipped", all.Tests, n, all.Failures, all.Skipped)
	}
	if all.Failures != rep.Faults(Must) {
		t.Errorf("%d failures of %d", all.Failures, rep.Faults(Must))
	}
}

func checkSARIF(t *testing.T, name string, rep *Report) {
	t.Helper()
	var log sarifLog
	text, err := os.ReadFile(name)
	if err != nil || json.Unmarshal(text, &log) != nil || len(log.Runs) != 1 {
		t.Fatalf("%v:\n%s", err, text)
	}
	run := log.Runs[0]
	errors, faults := 0, 0
	for _, res := range run.Results {
		if res.Level == "error" {
			errors++
		}
		if run.Tool.Driver.Rules[res.Index].ID != res.Rule {
			t.Errorf("%s has the rule of %s", res.Rule, run.Tool.Driver.Rules[res.Index].ID)
		}
	}
	for _, res := range rep.Results {
		if res.Verdict.Fault() {
			faults++
		}
	}
	if len(run.Results) != faults || errors != rep.Faults(Must) {
		t.Errorf("%d results and %d errors, want %d and %d", len(run.Results), errors, faults, rep.Faults(Must))
	}
}

// A run that does not come to its end is an error in each form.
func TestFilesOfARunThatEnds(t *testing.T) {
	t.Parallel()
	silent := toy(func(_ *net.TCPConn, r *bufio.Reader) { io.Copy(io.Discard, r) })
	junit, sarif := filepath.Join(t.TempDir(), "j"), filepath.Join(t.TempDir(), "s")
	status, out, _ := runMain("-patience", "100ms", "-github", "-junit", junit, "-sarif", sarif, silent.start(t))
	j, _ := os.ReadFile(junit)
	s, _ := os.ReadFile(sarif)
	if status != 2 || !strings.Contains(out, "::error title=spillway probe%3A the probe did not come to its end::a plain GET") ||
		!bytes.Contains(j, []byte(`errors="1"`)) || !bytes.Contains(s, []byte(`"executionSuccessful": false`)) {
		t.Errorf("exit status %d:\n%s\n%s\n%s", status, out, j, s)
	}
}
