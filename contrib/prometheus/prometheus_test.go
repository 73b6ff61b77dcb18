// Debian's Prometheus scrapes a server, and has an answer to every question of the dashboard; promtool tests the alerts.

package spillwayprom_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// program returns the path of a program. Without it, the test is skipped, and fails where everything must be there.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	return path
}

func TestAlerts(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "--lint-fatal", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		if out, err := exec.Command(program(t, "promtool"), args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	alerts, tests := names(t, "alerts.yml", `(?m)^      - alert: (\w+)$`), names(t, "alerts_test.yml", `(?m)^      - alertname: (\w+)$`)
	for name := range alerts {
		if !tests[name] {
			t.Errorf("%s is not tested", name)
		}
	}
	if len(alerts) < 8 {
		t.Errorf("there are only %d alerts", len(alerts))
	}
}

// names returns what a pattern finds in a file.
func names(t *testing.T, file, pattern string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found[string(m[1])] = true
	}
	return found
}

// page says what the metrics mean.
const page = "../../docs/operations.md"

// What the dashboard and the alerts ask for, and the page explains, is what a server tells.
func TestNamesOfMetrics(t *testing.T) {
	w := watch(t, func() {})
	w.round()
	told := scrape(t, w)
	used := 0
	for _, file := range []string{"dashboard.json", "alerts.yml", page} {
		for name := range names(t, file, `\b((?:spillway|http_server|process)_\w+)`) {
			used++
			base := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
			if told[name] == nil && told[base] == nil {
				t.Errorf("%s: nothing tells %s", file, name)
			}
		}
	}
	shown, said := names(t, "dashboard.json", `\b((?:spillway|http)_\w+)`), names(t, page, `\b((?:spillway|http)_\w+)`)
	for name := range told {
		if strings.HasPrefix(name, "process_") {
			continue
		}
		if !shown[name] && !shown[name+"_bucket"] {
			t.Errorf("the dashboard does not show %s", name)
		}
		if !said[name] {
			t.Errorf("%s does not say what %s means", page, name)
		}
	}
	if used < 20 {
		t.Errorf("only %d metrics are used", used)
	}
}

// dashboard is what is looked at of a dashboard.
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// TestDashboard asks a Prometheus that has scraped a server under traffic everything that the dashboard asks.
func TestDashboard(t *testing.T) {
	var board dashboard
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	scrapes, enough := make(chan bool), make(chan bool)
	w := watch(t, func() {
		select {
		case scrapes <- true:
		case <-enough:
		case <-t.Context().Done():
		}
	})
	api := startPrometheus(t, w.page.Addr)
	// Each scrape waits until the traffic before it is over. When one begins, those before it have been stored.
	idle := w.Dial()
	idle.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	idle.ReadResponse() // and stays, so that there is a connection
	for range 5 {
		w.round()
		select {
		case <-scrapes:
		case <-time.After(30 * time.Second):
			t.Fatal("Prometheus does not scrape")
		}
	}
	close(enough)
	queries := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			queries++
			ask(t, api, panel.Title, target.Expr)
		}
	}
	if queries < 20 {
		t.Errorf("there are only %d queries", queries)
	}
}

// ask asks Prometheus, and wants numbers.
func ask(t *testing.T, api, title, expr string) {
	t.Helper()
	query := strings.NewReplacer("$__rate_interval", "1m", "$job", ".+", "$instance", ".+").Replace(expr)
	resp, err := http.Get(api + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  []any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Status != "success" || len(answer.Data.Result) == 0 {
		t.Errorf("%s: %s\n%s %s, %d results", title, query, answer.Status, answer.Error, len(answer.Data.Result))
	}
	for _, r := range answer.Data.Result {
		if n, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64); err != nil || n != n {
			t.Errorf("%s: %s\n%v is %v", title, query, r.Metric, r.Value[1])
		}
	}
}

// startPrometheus lets a Prometheus scrape an address, and returns where it can be asked. It ends with the test.
func startPrometheus(t *testing.T, target string) string {
	t.Helper()
	dir := t.TempDir()
	rules, err := filepath.Abs("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nrule_files: [%q]\nscrape_configs:\n- job_name: app\n  static_configs: [{targets: [%q]}]\n", rules, target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, program(t, "prometheus"), "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0", "--log.level=info")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, read := make(chan string, 1), make(chan bool)
	go func() {
		defer close(read)
		defer close(addr)
		listening := regexp.MustCompile(`msg="Listening on".* address=(\S+)`)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				addr <- m[1]
			}
			if strings.Contains(lines.Text(), "level=error") {
				t.Log(lines.Text())
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-read
		cmd.Wait() // killed
	})
	at := <-addr
	if _, _, err := net.SplitHostPort(at); err != nil {
		t.Fatalf("Prometheus does not listen: %q", at)
	}
	return "http://" + at
}
