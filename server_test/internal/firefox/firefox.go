// Package firefox drives a headless Firefox with Marionette: over TCP, JSON with its length in front.
package firefox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Browser is a browser with a profile of its own. It is not safe for concurrent use.
type Browser struct {
	// Patience is how long the browser may take for a page.
	Patience time.Duration

	cmd     *exec.Cmd
	profile string
	nc      net.Conn
	in      *bufio.Reader
	id      int
	version string
}

// ErrSilent says that the browser's patience is over.
var ErrSilent = errors.New("firefox: nothing came within the patience")

// startTime is how long the browser may take to start, and for an answer that waits for no page.
const startTime = time.Minute

// Start starts a program that is a Firefox.
func Start(program string) (*Browser, error) {
	profile, err := os.MkdirTemp("", "firefox")
	if err != nil {
		return nil, err
	}
	b := &Browser{Patience: time.Minute, profile: profile}
	if err := b.start(program); err != nil {
		b.Close()
		return nil, fmt.Errorf("firefox: %w", err)
	}
	return b, nil
}

func (b *Browser) start(program string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	prefs := fmt.Sprintf("user_pref(\"marionette.port\", %d);\n", addr.Port)
	if err := os.WriteFile(filepath.Join(b.profile, "user.js"), []byte(prefs), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(program, "--headless", "--marionette", "--no-remote", "--profile", b.profile, "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+b.profile, "MOZ_CRASHREPORTER_DISABLE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	b.cmd = cmd
	for end := time.Now().Add(startTime); ; {
		if b.nc, err = net.Dial("tcp", addr.String()); err == nil {
			break
		}
		if time.Now().After(end) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.in = bufio.NewReader(b.nc)
	if err := b.receive(startTime, &struct{}{}); err != nil {
		return err
	}
	var session struct {
		Capabilities struct{ BrowserVersion string }
	}
	if err := b.call(startTime, "WebDriver:NewSession", map[string]any{}, &session); err != nil {
		return err
	}
	b.version = session.Capabilities.BrowserVersion
	return nil
}

// Close ends the browser.
func (b *Browser) Close() {
	if b.nc != nil {
		b.nc.Close()
	}
	if b.cmd != nil {
		syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
		b.cmd.Wait()
	}
	os.RemoveAll(b.profile)
}

// Version returns what the browser calls itself.
func (b *Browser) Version() (string, error) { return "Firefox " + b.version, nil }

// Upload opens a page that has a form with a file field, sends the file, and returns what is shown then: the page's text, or the code
// of the browser's own error page, such as netReset.
func (b *Browser) Upload(form, file string) (string, error) {
	if err := b.call(b.Patience, "WebDriver:Navigate", map[string]any{"url": form}, nil); err != nil {
		return "", err
	}
	var found struct{ Value map[string]string }
	if err := b.call(startTime, "WebDriver:FindElement", map[string]any{"using": "css selector", "value": "input[type=file]"}, &found); err != nil {
		return "", err
	}
	for _, id := range found.Value {
		if err := b.call(startTime, "WebDriver:ElementSendKeys", map[string]any{"id": id, "text": file}, nil); err != nil {
			return "", err
		}
	}
	if _, err := b.script("setTimeout(() => document.forms[0].submit())"); err != nil {
		return "", err
	}
	for end := time.Now().Add(b.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		shown, err := b.script("return [document.documentURI, document.readyState, document.body ? document.body.innerText : '']")
		if err != nil || len(shown) < 3 || shown[0] == form || shown[0] == "about:blank" {
			continue // it is on its way from one page to the other
		}
		if _, query, failed := strings.Cut(shown[0], "about:neterror?e="); failed {
			code, _, _ := strings.Cut(query, "&")
			return code, nil
		}
		if shown[1] == "complete" {
			return shown[2], nil
		}
	}
	return "", ErrSilent
}

// script runs a script in the page, and returns the strings that it returns.
func (b *Browser) script(text string) ([]string, error) {
	var result struct{ Value []string }
	err := b.call(startTime, "WebDriver:ExecuteScript", map[string]any{"script": text, "args": []any{}}, &result)
	return result.Value, err
}

// call sends a command, waits for what is said to it, and has its result decoded, unless that is nil.
func (b *Browser) call(within time.Duration, name string, args, result any) error {
	b.id++
	text, err := json.Marshal([]any{0, b.id, name, args})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(b.nc, "%d:%s", len(text), text); err != nil {
		return err
	}
	for {
		var answer []json.RawMessage
		if err := b.receive(within, &answer); err != nil {
			return err
		}
		if len(answer) != 4 || string(answer[1]) != strconv.Itoa(b.id) {
			continue // of a command that nobody waits for any more
		}
		if string(answer[2]) != "null" {
			return fmt.Errorf("firefox: %s: %.300s", name, answer[2])
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(answer[3], result)
	}
}

// receive reads a message.
func (b *Browser) receive(within time.Duration, message any) error {
	b.nc.SetReadDeadline(time.Now().Add(within))
	length, err := b.in.ReadString(':')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSilent
	}
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(length, ":"), 10, 24)
	if err != nil {
		return fmt.Errorf("firefox: the length %.40q of a message", length)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(b.in, text); err != nil {
		return err
	}
	return json.Unmarshal(text, message)
}
