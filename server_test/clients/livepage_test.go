// What a person sees of the live page: Chromium opens it while the lab is under load, plays what its buttons are for, and walks the
// tour by keyboard alone.

package clients_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// liveLab starts the lab with a live page, and returns where that is.
func liveLab(t *testing.T, flags ...string) (lab *command.Server, page string) {
	if testing.Short() {
		t.Skip("connections that a page records are read and written in one way, whatever sockets the others use")
	}
	lab = command.Start(t, append([]string{"-live", "127.0.0.1:0"}, flags...)...)
	line, err := lab.Stdout.ReadString('\n')
	page, ok := strings.CutPrefix(line, "live page on ")
	if err != nil || !ok {
		t.Fatalf("the second line is %q, %v", line, err)
	}
	return lab, strings.TrimSuffix(page, "\n") + "/"
}

// load sends a thousand requests a second to the lab, twenty on a connection, until the test ends.
func load(t *testing.T, addr string) {
	done := make(chan struct{})
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			tick := time.NewTicker(4 * time.Millisecond)
			defer tick.Stop()
			for {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				answers := bufio.NewReader(nc)
				for range 20 {
					select {
					case <-done:
						nc.Close()
						return
					case <-tick.C:
					}
					io.WriteString(nc, "POST /ignore HTTP/1.1\r\nHost: lab\r\nX-Hostile: <script>alert(1)</script>\r\nContent-Length: 5\r\n\r\nhello")
					res, err := http.ReadResponse(answers, nil)
					if err != nil {
						t.Error(err)
						return
					}
					io.Copy(io.Discard, res.Body)
					if res.StatusCode != 200 {
						t.Errorf("under load: %s", res.Status)
						return
					}
				}
				nc.Close()
			}
		})
	}
	t.Cleanup(func() { close(done); both.Wait() })
}

// until waits until an expression in the page is true.
func (b pageBrowser) until(expression string) {
	b.t.Helper()
	var r struct{ Result struct{ Value any } }
	b.call("Runtime.evaluate", map[string]any{"awaitPromise": true, "expression": `new Promise((done) => {
		const late = Date.now() + 40000;
		const look = () => (` + expression + `) ? done("true") : Date.now() > late ? done("late") : setTimeout(look, 20);
		look();
	})`}, &r)
	if r.Result.Value != "true" {
		b.picture("late.png")
		b.t.Fatalf("not true: %s: %v; the page shows:\n%.2000s", expression, r.Result.Value, b.evaluate("document.body.innerText"))
	}
}

// key presses a key.
func (b pageBrowser) key(name string) {
	b.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "ArrowDown": 40, "ArrowUp": 38}
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": name, "code": name, "windowsVirtualKeyCode": codes[name]}
		if name == "Enter" && kind == "keyDown" {
			params["text"] = "\r"
		}
		b.call("Input.dispatchKeyEvent", params, nil)
	}
}

// tabTo presses Tab until what has the focus has an id, or a text.
func (b pageBrowser) tabTo(what string) {
	b.t.Helper()
	for range 80 {
		b.key("Tab")
		if at := b.evaluate(`document.activeElement.id + "|" + document.activeElement.textContent`); strings.HasPrefix(at, what+"|") || strings.HasSuffix(at, "|"+what) {
			return
		}
	}
	b.t.Fatalf("no Tab leads to %q", what)
}

// bare is an expression for an element's text without its white space: lines are broken where the window has its end.
func bare(selector string) string {
	return `(document.querySelector("` + selector + `")?.textContent ?? "").replace(/\s/g, "")`
}

func (b pageBrowser) wide(width int) {
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 1400, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// quiet checks that the page told the console nothing, and fits.
func (b pageBrowser) quiet() {
	b.t.Helper()
	for _, told := range b.Told {
		b.t.Errorf("the page tells the console: %s", told)
	}
	b.Told = nil
	if wide := b.evaluate("document.documentElement.scrollWidth > innerWidth"); wide != "false" {
		b.t.Errorf("the page is wider than its window: %s", wide)
	}
}

func TestLivePageInChromium(t *testing.T) {
	sockets.Clean(t)
	lab, page := liveLab(t)
	b := pageBrowser{t, liveChromium(t)}
	_, err := b.Open()
	b.must(err)
	load(t, lab.Addr)
	for _, width := range []int{1280, 400} {
		b.wide(width)
		b.must(b.Navigate(page))
		b.until(`document.querySelectorAll("#rows li").length > 20`)
		b.evaluate(`document.querySelector("#rows button").click()`)
		b.until(`document.querySelector("#chosen svg .k-head") && document.querySelector("#chosen svg .k-content")`)
		text := b.evaluate(bare("#chosen svg"))
		for _, want := range []string{"POST /ignore HTTP/1.1", "X-Hostile: <script>alert(1)</script>", "the head ends: POST /ignore, content of 5 bytes",
			"hello", "leftover: drained, 5 bytes thrown away; verdict: reuse", "HTTP/1.1 200 OK"} {
			if !strings.Contains(text, strings.ReplaceAll(want, " ", "")) {
				t.Errorf("the diagram has no %q:\n%.1000s", want, text)
			}
		}
		if n := b.evaluate("document.scripts.length"); n != "1" {
			t.Errorf("the page has %s scripts", n)
		}
		b.picture(fmt.Sprintf("live-%d.png", width))
		b.quiet()
	}
	b.wide(1280)
	b.evaluate(`[...document.querySelectorAll("#plays button")].find((b) => b.textContent === "/reject").click()`)
	b.until(bare("#chosen svg") + `.includes("closed:leftovertoolong")`)
	b.until(`!document.querySelector("#plays button:disabled")`)
	b.picture("live-reject.png")
	if said := b.evaluate(`document.getElementById("said").textContent`); strings.Contains(said, "ends with") {
		t.Errorf("the client of /reject: %s", said)
	}
	b.evaluate(`{ const list = document.getElementById("scenario"); list.value = "probe-lab-half-read-chunked"; document.getElementById("play-scenario").click(); }`)
	b.until(`document.getElementById("said").textContent.includes("The probe's verdict: ok")`)
	b.quiet()
}

func TestTourByKeyboard(t *testing.T) {
	sockets.Clean(t)
	_, page := liveLab(t)
	b := pageBrowser{t, liveChromium(t)}
	_, err := b.Open()
	b.must(err)
	b.wide(1280)
	b.must(b.Navigate(page))
	b.until(`!document.getElementById("show-tour").hidden`)
	b.tabTo("show-tour")
	b.key("Enter")
	b.until(`document.activeElement.id === "stop-name"`)
	for i, want := range []struct{ broken, right, story string }{
		{"✓", "✓", "verdict: reuse"},
		{"response 2 has the status 400, not 200", "✓", "leftover: drained, 11 bytes thrown away"},
		{"reset", "✓", "leftover: too long"},
		{"a request that nobody has sent", "✓", "leftover: drained"},
		{"did not answer in time", "✓", "HTTP/1.1 100 Continue"},
		{"did not answer in time", "✓", "closed: "},
		{"the server takes nothing any more", "ended inside a response", "closed: "},
	} {
		b.until(fmt.Sprintf(`document.getElementById("stop-name").textContent.startsWith("%d. ")`, i+1))
		b.tabTo("play-both")
		b.key("Enter")
		b.until(`document.querySelector("#right .result").textContent && document.querySelector("#faulty .result").textContent && document.activeElement.id === "play-both"`)
		b.until(fmt.Sprintf(`%s.includes(%q)`, bare("#right svg"), strings.ReplaceAll(want.story, " ", "")))
		for _, side := range []struct{ id, want string }{{"faulty", want.broken}, {"right", want.right}} {
			if got := b.evaluate(`document.querySelector("#` + side.id + ` .result").textContent`); !strings.Contains(got, side.want) {
				t.Errorf("stop %d, %s: %q, want %q", i+1, side.id, got, side.want)
			}
			b.until(`document.querySelector("#` + side.id + ` svg .k-head")`)
		}
		b.picture(fmt.Sprintf("tour-%d.png", i+1))
		if i == 3 {
			b.wide(400)
			b.picture("tour-400.png")
			b.quiet()
			b.wide(1280)
		}
		b.tabTo("next")
		b.key("Enter")
	}
	b.quiet()
}
