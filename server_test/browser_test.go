// What a person sees: Chromium uploads a file of 20 MB from a form, and shows the answer that the server gave before it had
// read it. An early 413 is shown by Chromium even after a reset; an early 200 becomes ERR_CONNECTION_RESET.

package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

// chromium is a headless browser that is driven through two pipes with the DevTools protocol: JSON, ended by NUL.
type chromium struct {
	t       *testing.T
	cmd     *exec.Cmd
	to      *os.File
	answers chan map[string]json.RawMessage
	id      int
	session string
	told    []string // what the pages' console and log said, and exceptions in them
}

func startChromium(t *testing.T) *chromium {
	program := liveProgram(t, "chromium")
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	in, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b := &chromium{t: t, to: to, answers: make(chan map[string]json.RawMessage, 100)}
	b.cmd = exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	b.cmd.ExtraFiles = []*os.File{in, out} // 3 and 4
	b.cmd.Env = append(os.Environ(), "HOME="+profile)
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var log strings.Builder
	b.cmd.Stderr = &log
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	out.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.receive(from)
	}()
	t.Cleanup(func() {
		io.WriteString(to, `{"id":0,"method":"Browser.close"}`+"\x00")
		timer := time.AfterFunc(10*time.Second, func() { syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL) })
		b.cmd.Wait()
		timer.Stop()
		syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL) // what is left of its own processes
		to.Close()
		from.Close()
		<-done
		for range 50 {
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if t.Failed() {
			t.Logf("chromium: %.3000s", log.String())
		}
	})
	return b
}

func (b *chromium) receive(from io.Reader) {
	defer close(b.answers)
	for in := bufio.NewReader(from); ; {
		text, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var answer map[string]json.RawMessage
		if json.Unmarshal(text[:len(text)-1], &answer) == nil {
			select {
			case b.answers <- answer:
			default: // nobody listens any more
			}
		}
	}
}

// call calls a method and decodes its result.
func (b *chromium) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.id++
	message := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	answer := b.await(func(a map[string]json.RawMessage) bool { return string(a["id"]) == fmt.Sprint(b.id) })
	if failed := answer["error"]; failed != nil {
		b.t.Fatalf("%s: %s", method, failed)
	}
	if result != nil {
		if err := json.Unmarshal(answer["result"], result); err != nil {
			b.t.Fatalf("%s: %v in %s", method, err, answer["result"])
		}
	}
}

// await waits for a message.
func (b *chromium) await(is func(map[string]json.RawMessage) bool) map[string]json.RawMessage {
	b.t.Helper()
	late := time.After(60 * time.Second)
	for {
		select {
		case a, ok := <-b.answers:
			if !ok {
				b.t.Fatal("chromium has ended")
			}
			switch string(a["method"]) {
			case `"Log.entryAdded"`, `"Runtime.consoleAPICalled"`, `"Runtime.exceptionThrown"`, `"Page.javascriptDialogOpening"`:
				b.told = append(b.told, string(a["params"]))
			}
			if is(a) {
				return a
			}
		case <-late:
			b.t.Fatal("chromium does not answer")
		}
	}
}

func (b *chromium) awaitEvent(name string) {
	b.t.Helper()
	b.await(func(a map[string]json.RawMessage) bool { return string(a["method"]) == `"`+name+`"` })
}

// evaluate returns what an expression in the page gives.
func (b *chromium) evaluate(expression string) string {
	b.t.Helper()
	var r struct{ Result struct{ Value any } }
	b.call("Runtime.evaluate", map[string]any{"expression": expression}, &r)
	return fmt.Sprint(r.Result.Value)
}

// newPage opens an empty page, to which what follows refers.
func (b *chromium) newPage() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
}

// navigate opens a URL in the page.
func (b *chromium) navigate(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	b.awaitEvent("Page.loadEventFired")
}

// upload opens a page with a form, puts the file into it, submits it, and returns the text that the browser shows then.
func (b *chromium) upload(page, file string) string {
	b.t.Helper()
	b.navigate(page)
	var document struct{ Root struct{ NodeID int } }
	b.call("DOM.getDocument", nil, &document)
	var input struct{ NodeID int }
	b.call("DOM.querySelector", map[string]any{"nodeId": document.Root.NodeID, "selector": "input"}, &input)
	b.call("DOM.setFileInputFiles", map[string]any{"nodeId": input.NodeID, "files": []string{file}}, nil)
	b.evaluate("document.forms[0].submit()")
	b.awaitEvent("Page.loadEventFired")
	return b.evaluate("document.body.innerText")
}

func TestChromiumShowsEarlyAnswers(t *testing.T) {
	liveClean(t)
	live := liveServe(t, &server.Server{Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		if r.Path != "/form" {
			return liveLab(w, r)
		}
		w.Set("Content-Type", "text/html; charset=utf-8")
		_, err := fmt.Fprintf(w, `<!doctype html><title>upload</title><form method=post enctype=multipart/form-data `+
			`action="%s"><input type=file name=file></form>`, r.Query)
		return err
	})})
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, make([]byte, 20e6), 0o600); err != nil {
		t.Fatal(err)
	}
	b := startChromium(t)
	b.newPage()
	for _, test := range []struct{ action, want string }{
		{"/reject?max=4194304", "too large: the limit is 4194304 bytes"},
		{"/ignore", "ignored"},
		{"/fail", "Internal Server Error"},
		{"/consume", "consumed 2000"},
		{"/partial?n=100000", "read 100000 bytes"},
	} {
		for range 3 {
			began := time.Now()
			if got := b.upload("http://"+live.addr+"/form?"+test.action, file); !strings.HasPrefix(got, test.want) {
				t.Errorf("after an upload to %s the browser shows %.200q, want %q", test.action, got, test.want)
			}
			t.Logf("%s: %v", test.action, time.Since(began))
		}
	}
	live.mu.Lock()
	defer live.mu.Unlock()
	for _, e := range live.events {
		if e.Kind == conn.Closed && e.Reason == conn.WriteFailed {
			t.Errorf("a response could not be sent: %v", e)
		}
	}
}
