// The page that spillway probe writes, as a browser shows it: of a server that reads content as requests, and that tries to
// get a script into the page.

package clients_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/chromium"
	"github.com/spillway-go/spillway/server_test/internal/command"
	"github.com/spillway-go/spillway/server_test/internal/sockets"

	"github.com/spillway-go/spillway/server/servertest"
)

var screenshots = flag.String("screenshots", "", "write pictures of the probe's page to this `directory`")

// pageScript would give the page another title if it ran.
const pageScript = `<script>document.title=1</script><img src=x onerror=alert(1)>`

// deafServer never reads content, and repeats the target of each request. It returns its URL.
func deafServer(t *testing.T) string {
	return "http://" + servertest.Serve(t, serveDeaf) + "/"
}

func serveDeaf(c *net.TCPConn, r *bufio.Reader) {
	for {
		first, err := r.ReadString('\n')
		for line := first; err == nil && line != "\r\n"; {
			line, err = r.ReadString('\n')
		}
		if err != nil {
			return
		}
		content := fmt.Sprintf("%s\x1b[31m %.40q", pageScript, first)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Length: %d\r\n\r\n", pageScript, len(content))
		if !strings.HasPrefix(first, "HEAD ") {
			io.WriteString(c, content)
		}
	}
}

// probeSees is what the page says of itself in the browser.
const probeSees = `(() => {
	const shown = e => { const r = e.getBoundingClientRect(); return e.checkVisibility() && r.width > 0 && r.height > 0 };
	const all = selector => [...document.querySelectorAll(selector)];
	const scripts = all("script, img, iframe, object").length;
	const diagrams = all("svg").filter(shown);
	const red = all("svg text.red").filter(shown);
	return JSON.stringify({
		title: document.title, scripts, closed: all("svg").length - diagrams.length,
		diagrams: diagrams.length, arrows: all("svg line.a").filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 0).length,
		red: [...new Set(red.map(e => getComputedStyle(e).fill))], redText: red.map(e => e.textContent).join("\n"),
		plain: getComputedStyle(document.querySelector("svg text:not(.red)")).fill,
		back: getComputedStyle(document.documentElement).backgroundColor,
		rows: all("details").filter(shown).length, wide: document.documentElement.scrollWidth > innerWidth,
		text: document.body.innerText,
	})
})()`

type probePage struct {
	Title, RedText, Plain, Back, Text       string
	Scripts, Closed, Diagrams, Arrows, Rows int
	Red                                     []string
	Wide                                    bool
}

// pageBrowser is a browser whose failures are the test's.
type pageBrowser struct {
	t *testing.T
	*chromium.Browser
}

func (b pageBrowser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b pageBrowser) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.must(b.Call(method, params, result))
}

func (b pageBrowser) evaluate(expression string) string {
	b.t.Helper()
	got, err := b.Evaluate(expression)
	b.must(err)
	return got
}

func (b pageBrowser) probePage() (p probePage) {
	b.t.Helper()
	b.must(json.Unmarshal([]byte(b.evaluate(probeSees)), &p))
	return p
}

func TestProbePageInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("the report of a server that is not spillway is the same, whatever sockets that uses")
	}
	sockets.Clean(t)
	command.LookAtSources()
	file := filepath.Join(t.TempDir(), "page.html")
	out, err := exec.Command(command.Path, "probe", "-html", file, "-only", "content", "-patience", "500ms", deafServer(t)).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	b := pageBrowser{t, liveChromium(t)}
	_, err = b.Open()
	b.must(err)
	for _, look := range []struct {
		scheme, red string
		width       int
	}{{"light", "rgb(208, 32, 32)", 1200}, {"dark", "rgb(255, 107, 107)", 1200}, {"light", "rgb(208, 32, 32)", 400}} {
		b.call("Emulation.setEmulatedMedia", map[string]any{
			"features": []map[string]string{{"name": "prefers-color-scheme", "value": look.scheme}}}, nil)
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{
			"width": look.width, "height": 1200, "deviceScaleFactor": 1, "mobile": false}, nil)
		b.must(b.Navigate("file://" + file))
		p := b.probePage()
		if p.Scripts != 0 || !strings.HasPrefix(p.Title, "spillway probe: http://127.0.0.1") || !strings.Contains(p.Text, pageScript) {
			t.Errorf("%d scripts, title %q", p.Scripts, p.Title)
		}
		if p.Diagrams == 0 || p.Closed == 0 || p.Arrows < 3 || p.Rows < 20 || p.Wide {
			t.Errorf("%d diagrams are shown, %d are not; %d arrows; %d rows; too wide: %v", p.Diagrams, p.Closed, p.Arrows, p.Rows, p.Wide)
		}
		if len(p.Red) != 1 || p.Red[0] != look.red || p.Plain == look.red {
			t.Errorf("%s: stray bytes are drawn in %v, others in %s", look.scheme, p.Red, p.Plain)
		}
		if !strings.Contains(p.RedText, "HTTP/1.1 200 OK") || !strings.Contains(p.RedText, "<script>") || strings.Contains(p.Text, "\x1b") {
			t.Errorf("stray: %q", p.RedText)
		}
		b.picture(fmt.Sprintf("%s-%d.png", look.scheme, look.width))
	}
	b.clickThrough(t)
	for _, told := range b.Told {
		t.Errorf("the page tells the console: %s", told)
	}
}

// clickThrough uses the page: a row opens and closes, a verdict is hidden and shown, a square of the map opens its row.
func (b pageBrowser) clickThrough(t *testing.T) {
	before := b.probePage()
	b.evaluate("document.querySelectorAll('details:not([open])')[0].querySelector('summary').click()")
	if p := b.probePage(); p.Diagrams != before.Diagrams+1 {
		t.Errorf("%d diagrams are shown where another row is open, %d before", p.Diagrams, before.Diagrams)
	}
	b.evaluate("document.getElementById('only-DESYNC').click()")
	if p := b.probePage(); p.Rows >= before.Rows || p.Rows == 0 {
		t.Errorf("%d rows without the desyncs, %d with them", p.Rows, before.Rows)
	}
	b.evaluate("document.getElementById('only-DESYNC').click()")
	if p := b.probePage(); p.Rows != before.Rows {
		t.Errorf("%d rows, %d before", p.Rows, before.Rows)
	}
	opened := b.evaluate(`(() => {
		const closed = [...document.querySelectorAll("details:not([open]) p[id]")].pop();
		document.querySelector('.map a[href="#' + closed.id + '"]').click();
		return closed.id;
	})()`)
	if got := b.evaluate("document.getElementById('" + opened + "').closest('details').open"); got != "true" {
		t.Errorf("the map's square does not open %s: %s", opened, got)
	}
}

// picture writes a screenshot, if that is asked for.
func (b pageBrowser) picture(name string) {
	if *screenshots == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", nil, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name), data, 0o644)
	}
	b.must(err)
}
