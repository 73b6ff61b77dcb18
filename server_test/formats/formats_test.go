// What spillway probe writes for other programs is read by others' parsers and validated by others' validators.

package formats_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/joshdk/go-junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// root is the repository's.
const root = "../.."

// command is the built command.
var command string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "formats")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	command = filepath.Join(dir, "spillway")
	build := exec.Command("go", "build", "-o", command, "./cmd/spillway")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// serve runs a server that answers every read, and so takes content for requests, and puts hostile bytes into its answers.
func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

func answer(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		for range max(bytes.Count(buf[:n], []byte(" HTTP/1.")), 1) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nServer: ]]>\x1b[31m\xff</testsuites>::error::x\r\nContent-Length: 6\r\n\r\n\x00]]>\xfe\n")
		}
	}
}

// probe runs the probe and returns what it printed, and the files that it wrote.
func probe(t *testing.T, status int, args ...string) (printed, junit, sarif []byte) {
	t.Helper()
	dir := t.TempDir()
	args = append([]string{"probe", "-json", "-junit", filepath.Join(dir, "junit.xml"), "-sarif", filepath.Join(dir, "probe.sarif"), "-patience", "300ms"}, args...)
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(command, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != status {
		t.Fatalf("exit status %d, want %d:\n%s", code, status, &stderr)
	}
	return stdout.Bytes(), read(t, filepath.Join(dir, "junit.xml")), read(t, filepath.Join(dir, "probe.sarif"))
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFormats(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known.txt")
	if err := os.WriteFile(known, []byte("leftover-plain-words\npersist-two-requests LOST # until it was mended\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		status int
		args   []string
	}{
		{"faults", 1, []string{"-only", "leftover content", serve(t)}},
		{"none", 0, []string{"-only", "two requests", "-baseline", known, serve(t)}},
		{"a baseline", 1, []string{"-only", "content", "-baseline", known, serve(t)}},
		{"never", 0, []string{"-only", "leftover content", "-fail-on", "never", serve(t)}},
		{"unlisted", 1, []string{"-only", "lengths, many", serve(t)}},
		{"not run", 2, []string{"http://127.0.0.1:1/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			printed, xml, log := probe(t, tt.status, tt.args...)
			scenarios := checkJSON(t, printed)
			checkSARIF(t, log)
			checkJUnit(t, xml, scenarios, tt.status)
		})
	}
}

// checkJSON validates what is printed against the schema in docs, and returns how many scenarios it lists.
func checkJSON(t *testing.T, text []byte) int {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "docs", "probe-report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, text[:min(len(text), 2000)])
	}
	return len(doc.(map[string]any)["scenarios"].([]any))
}

// sarifSchema is the standard's schema, as the library has it among its constants.
var sarifSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	constants, _ := file.Decls[0].(*ast.GenDecl)
	spec, _ := constants.Specs[0].(*ast.ValueSpec)
	text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sarif.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("sarif.json")
})

// validate returns what the standard's schema says of a file.
func validate(t *testing.T, text []byte) error {
	t.Helper()
	schema, err := sarifSchema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(doc)
}

// checkSARIF validates the file, and lets a library read it.
func checkSARIF(t *testing.T, text []byte) {
	t.Helper()
	if err := validate(t, text); err != nil {
		t.Error(err)
	}
	report, err := sarif.FromBytes(text)
	if err != nil {
		t.Fatal(err)
	}
	if report.Version != "2.1.0" || len(report.Runs) != 1 || *report.Runs[0].Tool.Driver.Name != "spillway probe" {
		t.Errorf("version %q, %d runs", report.Version, len(report.Runs))
	}
}

// checkJUnit lets a library read the file.
func checkJUnit(t *testing.T, text []byte, scenarios, status int) {
	t.Helper()
	suites, err := junit.Ingest(text)
	if err != nil {
		t.Fatal(err)
	}
	var sum junit.Totals
	for _, s := range suites {
		sum.Tests += s.Totals.Tests
		sum.Failed += s.Totals.Failed
		sum.Error += s.Totals.Error
		if strings.Contains(s.Name, "::error") {
			t.Errorf("a suite %q", s.Name)
		}
	}
	if sum.Tests < scenarios || sum.Tests == 0 || sum.Failed > 0 != (status == 1) || sum.Error > 0 != (status == 2) {
		t.Errorf("%+v, with %d scenarios and the exit status %d", sum, scenarios, status)
	}
}

// TestTheValidatorsValidate shows that what is not as it should be is found.
func TestTheValidatorsValidate(t *testing.T) {
	_, _, text := probe(t, 1, "-only", "leftover content", serve(t))
	bad := bytes.Replace(text, []byte(`"level": "error"`), []byte(`"level": "fault"`), 1)
	if bytes.Equal(bad, text) || validate(t, bad) == nil {
		t.Error("a level that SARIF does not have is valid")
	}
}
