// Package chromium drives a headless Chromium through two pipes with the DevTools protocol: JSON, ended by NUL.
package chromium

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Browser is a browser with a profile of its own. It is not safe for concurrent use.
type Browser struct {
	// Patience is how long the browser may take for an answer or a page.
	Patience time.Duration
	// Told is what pages have told the console and the log, exceptions, and dialogs that they opened.
	Told []string

	cmd      *exec.Cmd
	profile  string
	to, from *os.File
	answers  chan message
	received chan struct{}
	log      tail
	id       int
	session  string
}

// message is an answer or an event.
type message struct {
	ID        int
	Method    string
	SessionID string
	Params    json.RawMessage
	Error     json.RawMessage
	Result    json.RawMessage
}

// ErrSilent says that the browser's patience is over.
var ErrSilent = errors.New("chromium: nothing came within the patience")

// Start starts a program that is a Chromium.
func Start(program string) (*Browser, error) {
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		return nil, err
	}
	b := &Browser{Patience: time.Minute, profile: profile, answers: make(chan message, 1000), received: make(chan struct{})}
	if err := b.start(program); err != nil {
		os.RemoveAll(profile)
		return nil, fmt.Errorf("chromium: %w", err)
	}
	go b.receive()
	return b, nil
}

func (b *Browser) start(program string) error {
	in, to, err := os.Pipe()
	if err != nil {
		return err
	}
	from, out, err := os.Pipe()
	if err != nil {
		in.Close()
		to.Close()
		return err
	}
	defer in.Close()
	defer out.Close()
	b.to, b.from = to, from
	b.cmd = exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+b.profile, "--remote-debugging-pipe", "about:blank")
	b.cmd.ExtraFiles = []*os.File{in, out} // 3 and 4
	b.cmd.Env = append(os.Environ(), "HOME="+b.profile)
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	b.cmd.Stderr = &b.log
	if err := b.cmd.Start(); err != nil {
		to.Close()
		from.Close()
		return err
	}
	return nil
}

// Close ends the browser and all its processes, and removes its profile.
func (b *Browser) Close() {
	io.WriteString(b.to, `{"id":0,"method":"Browser.close"}`+"\x00")
	timer := time.AfterFunc(10*time.Second, func() { syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL) })
	b.cmd.Wait()
	timer.Stop()
	syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL) // what is left of its own processes
	b.to.Close()
	b.from.Close()
	<-b.received
	for range 50 {
		if os.RemoveAll(b.profile) == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Log returns the last of what the browser has written to its standard error.
func (b *Browser) Log() string { return b.log.String() }

func (b *Browser) receive() {
	defer close(b.received)
	defer close(b.answers)
	for in := bufio.NewReader(b.from); ; {
		text, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) == nil {
			select {
			case b.answers <- m:
			default: // nobody listens any more
			}
		}
	}
}

// Call calls a method and decodes its result, unless that is nil.
func (b *Browser) Call(method string, params map[string]any, result any) error {
	b.id++
	call := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		call["sessionId"] = b.session
	}
	text, err := json.Marshal(call)
	if err != nil {
		return err
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		return fmt.Errorf("chromium: %s: %w", method, err)
	}
	m, err := b.await(func(m message) bool { return m.ID == b.id })
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", method, err)
	case m.Error != nil:
		return fmt.Errorf("chromium: %s: %s", method, m.Error)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(m.Result, result); err != nil {
		return fmt.Errorf("chromium: %s: %w in %.200s", method, err, m.Result)
	}
	return nil
}

// await waits for a message.
func (b *Browser) await(is func(message) bool) (message, error) {
	late := time.After(b.Patience)
	for {
		select {
		case m, ok := <-b.answers:
			if !ok {
				return m, errors.New("chromium: it has ended")
			}
			switch m.Method {
			case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening":
				b.Told = append(b.Told, string(m.Params))
			}
			if is(m) {
				return m, nil
			}
		case <-late:
			return message{}, ErrSilent
		}
	}
}

// AwaitEvent waits for an event of the page.
func (b *Browser) AwaitEvent(name string) error {
	_, err := b.await(func(m message) bool { return m.Method == name && m.SessionID == b.session })
	return err
}

// Evaluate returns what an expression in the page gives, as text.
func (b *Browser) Evaluate(expression string) (string, error) {
	var r struct{ Result struct{ Value any } }
	err := b.Call("Runtime.evaluate", map[string]any{"expression": expression}, &r)
	return fmt.Sprint(r.Result.Value), err
}

// Version returns the browser's name and version.
func (b *Browser) Version() (string, error) {
	var v struct{ Product string }
	err := b.Call("Browser.getVersion", nil, &v)
	return v.Product, err
}

// Upload opens a page with a form in a new tab, puts the file into the form's input, submits it, and returns the text that
// the browser shows then. ErrSilent says that it still shows the form.
func (b *Browser) Upload(page, file string) (string, error) {
	id, err := b.Open()
	if err != nil {
		return "", err
	}
	text, err := b.upload(page, file)
	b.session = ""
	if closed := b.Call("Target.closeTarget", map[string]any{"targetId": id}, nil); err == nil {
		err = closed
	}
	return text, err
}

// Open opens a tab, to which calls go from now on, and returns its name.
func (b *Browser) Open() (string, error) {
	var target struct{ TargetID string }
	if err := b.Call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return "", err
	}
	var attached struct{ SessionID string }
	err := b.Call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	if err != nil {
		return "", err
	}
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		if err := b.Call(domain+".enable", nil, nil); err != nil {
			return "", err
		}
	}
	return target.TargetID, nil
}

// Navigate opens a URL in the tab, and returns when it has been loaded.
func (b *Browser) Navigate(url string) error {
	if err := b.Call("Page.navigate", map[string]any{"url": url}, nil); err != nil {
		return err
	}
	if err := b.AwaitEvent("Page.loadEventFired"); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}

func (b *Browser) upload(page, file string) (string, error) {
	if err := b.Navigate(page); err != nil {
		return "", err
	}
	var document struct{ Root struct{ NodeID int } }
	if err := b.Call("DOM.getDocument", nil, &document); err != nil {
		return "", err
	}
	var input struct{ NodeID int }
	if err := b.Call("DOM.querySelector", map[string]any{"nodeId": document.Root.NodeID, "selector": "input"}, &input); err != nil {
		return "", err
	}
	if err := b.Call("DOM.setFileInputFiles", map[string]any{"nodeId": input.NodeID, "files": []string{file}}, nil); err != nil {
		return "", err
	}
	if _, err := b.Evaluate("document.forms[0].submit()"); err != nil {
		return "", err
	}
	if err := b.AwaitEvent("Page.loadEventFired"); err != nil {
		return "", err
	}
	return b.Evaluate("document.body.innerText")
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - 4096; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
