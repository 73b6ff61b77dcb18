// What the pages say of flags, leftovers, verdicts and reasons is made here from the program.

package docs_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
)

// parts make what stands between marks, by the marks' name.
var parts = map[string]func(t *testing.T) string{
	"serve-flags":    func(t *testing.T) string { return flagTable(t, "serve") },
	"routes":         routeTable,
	"probe-flags":    func(t *testing.T) string { return flagTable(t, "probe") },
	"probe-verdicts": func(t *testing.T) string { return commandVerdicts(t, "probe") },
	"chain-flags":    func(t *testing.T) string { return flagTable(t, "probe chain") },
	"chain-verdicts": func(t *testing.T) string { return commandVerdicts(t, "probe chain") },
	"leftovers":      leftoverTable,
	"verdicts":       verdictTable,
	"reasons":        reasonTable,
	"states":         stateDiagram,
	"stats":          func(t *testing.T) string { return fieldTable(t, "conn", "Stats", "", "counter") },
	"faults":         func(t *testing.T) string { return fieldTable(t, "server/servertest", "Faults", "float64", "fault") },
	"refusals":       refusalTable,
	"content":        contentTable,
	"trace":          traceOfAConnection,
	"fuzz-targets":   fuzzTargets,
	"files":          fileTables,
	"explained":      explained,
	"results":        resultTable,
	"worse":          worseTable,
	"unmeasured":     unmeasured,
	"machine":        machine,
	"figures":        figures,

	"route-differences":   func(t *testing.T) string { return differencesOf(t, "server/route") },
	"content-differences": func(t *testing.T) string { return differencesOf(t, "server/content") },
	"form-differences":    func(t *testing.T) string { return differencesOf(t, "server/form") },
	"cookie-differences":  func(t *testing.T) string { return differencesOf(t, "server/cookie") },
	"form-limits":         func(t *testing.T) string { return fieldTable(t, "server/form", "Limits", "", "limit") },
}

// table writes a table in Markdown.
func table(head []string, rows ...[]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

// help returns what a command says of itself.
var help = sync.OnceValues(func() (map[string]string, error) {
	all := map[string]string{}
	for _, command := range []string{"serve", "probe", "probe chain", "explain", "replay"} {
		args := append([]string{"run", "../../cmd/spillway"}, strings.Fields(command+" -h")...)
		out, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("spillway %s -h: %w\n%s", command, err, out)
		}
		all[command] = string(out)
	}
	return all, nil
})

func helpOf(t *testing.T, command string) string {
	t.Helper()
	all, err := help()
	if err != nil {
		t.Fatal(err)
	}
	return all[command]
}

// flagLines are those that package flag prints for a flag.
var flagLines = regexp.MustCompile(`(?m)^  -([a-z-]+)(?: ([^\t\n]+))?(?:\t|\n    \t)(.*)$`)

var byDefault = regexp.MustCompile(` \(default "?([^")]*)"?\)$`)

func flagTable(t *testing.T, command string) string {
	t.Helper()
	var rows [][]string
	for _, m := range flagLines.FindAllStringSubmatch(helpOf(t, command), -1) {
		name, meaning, value := "-"+m[1], m[3], ""
		if m[2] != "" && m[2] != "value" && m[2] != "int" && m[2] != "duration" {
			name += " " + m[2]
		}
		if d := byDefault.FindStringSubmatch(meaning); d != nil {
			meaning, value = strings.TrimSuffix(meaning, d[0]), "`"+d[1]+"`"
		}
		rows = append(rows, []string{"`" + name + "`", value, meaning})
	}
	if len(rows) < 10 {
		t.Fatalf("spillway %s has only %d flags", command, len(rows))
	}
	return table([]string{"flag", "default", "meaning"}, rows...)
}

func commandVerdicts(t *testing.T, command string) string {
	t.Helper()
	_, list, ok := strings.Cut(helpOf(t, command), "Verdicts:\n")
	list, _, end := strings.Cut(list, "\n\n")
	if !ok || !end {
		t.Fatalf("spillway %s -h lists no verdicts", command)
	}
	var rows [][]string
	for line := range strings.Lines(list) {
		verdict, meaning, _ := strings.Cut(strings.TrimSpace(line), "  ")
		rows = append(rows, []string{verdict, strings.TrimSpace(meaning)})
	}
	return table([]string{"verdict", "what it says"}, rows...)
}

// flagWord is a flag in code, maybe with its value.
var flagWord = regexp.MustCompile("^`-([a-z][a-z-]*)( [^`]*)?`$")

// TestFlagsAreThere looks for the flags that a page of a command speaks of.
func TestFlagsAreThere(t *testing.T) {
	others := []string{"update", "run", "race", "tags", "fuzz", "compare", "quick", "insist"} // of go test, bench and the examples
	for _, page := range pages(t) {
		if !strings.HasPrefix(page, "docs/") && page != "README.md" {
			continue
		}
		for _, code := range inline.FindAllString(prose(read(t, page)), -1) {
			m := flagWord.FindStringSubmatch(code)
			if m == nil || slices.Contains(others, m[1]) {
				continue
			}
			if line := "\n  -" + m[1]; !strings.Contains(helpOf(t, "serve")+helpOf(t, "probe")+helpOf(t, "probe chain")+helpOf(t, "explain")+helpOf(t, "replay"), line) {
				t.Errorf("%s: no command has the flag %s", page, code)
			}
		}
	}
}

// constants returns the comments behind the constants of a type, by name and in order.
func constants(t *testing.T, dir, typ string) (names []string, comments map[string]string) {
	t.Helper()
	comments = map[string]string{}
	eachFile(t, dir, func(_ string, f *ast.File) {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			of := ""
			for _, spec := range g.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				if id, ok := v.Type.(*ast.Ident); ok {
					of = id.Name
				} else if v.Values != nil {
					of = ""
				}
				if of == typ {
					names = append(names, v.Names[0].Name)
					comments[v.Names[0].Name] = strings.TrimSpace(v.Comment.Text())
				}
			}
		}
	})
	return names, comments
}

// endings are how a connection goes on, or ends, in the words of the README.
var endings = map[conn.Verdict]string{
	conn.VerdictReuse: "is kept", conn.VerdictLinger: "lingers, then closes", conn.VerdictClose: "closes",
	conn.VerdictHijack: "is the handler's", conn.VerdictPark: "waits without a goroutine",
}

func leftoverTable(t *testing.T) string {
	names, comments := constants(t, "body", "Leftover")
	if len(names) != body.Leftovers {
		t.Fatalf("%d leftovers, want %d", len(names), body.Leftovers)
	}
	var rows [][]string
	for i, name := range names {
		l := body.Leftover(i)
		end := endings[conn.VerdictReuse]
		if !l.Boundary() {
			end = endings[reasonOf(t, "leftover "+l.String()).Verdict()]
		}
		rows = append(rows, []string{l.String(), comments[name], end})
	}
	return table([]string{"leftover", "what happened", "the connection"}, rows...)
}

func reasonOf(t *testing.T, name string) conn.Reason {
	t.Helper()
	for r := range conn.Reason(conn.Reasons) {
		if r.String() == name {
			return r
		}
	}
	t.Fatalf("there is no reason %q", name)
	return 0
}

func verdictTable(t *testing.T) string {
	names, comments := constants(t, "conn", "Verdict")
	var rows [][]string
	for i, name := range names {
		rows = append(rows, []string{conn.Verdict(i).String(), "`" + name + "`", comments[name]})
	}
	return table([]string{"verdict", "constant", "what the connection does"}, rows...)
}

func reasonTable(t *testing.T) string {
	names, _ := constants(t, "conn", "Reason")
	if len(names) != conn.Reasons {
		t.Fatalf("%d reasons, want %d", len(names), conn.Reasons)
	}
	var rows [][]string
	for r := conn.ReasonNone + 1; int(r) < conn.Reasons; r++ {
		rows = append(rows, []string{r.String(), "`" + names[r] + "`", r.Text(), r.Stage().String(), endings[r.Verdict()], sections(r.Section())})
	}
	return table([]string{"reason", "constant", "what happened", "stage", "the connection", "rule"}, rows...)
}

var section = regexp.MustCompile(`RFC (\d+) §([\d.]*\d)`)

// sections makes links of the sections of RFCs in a text.
func sections(text string) string {
	return section.ReplaceAllString(text, "[$0](https://www.rfc-editor.org/rfc/rfc$1#section-$2)")
}

// stateDiagram draws a connection's stages, and by which reasons it leaves them. The arrows between stages are the walk that
// conn's doc.go describes; all that lead out of them come from the table of reasons.
func stateDiagram(t *testing.T) string {
	var kept []string
	for l := range body.Leftover(body.Leftovers) {
		if l.Boundary() {
			kept = append(kept, l.String())
		}
	}
	out := map[conn.Stage]map[conn.Verdict][]string{}
	for r := conn.ReasonNone + 1; int(r) < conn.Reasons; r++ {
		if out[r.Stage()] == nil {
			out[r.Stage()] = map[conn.Verdict][]string{}
		}
		out[r.Stage()][r.Verdict()] = append(out[r.Stage()][r.Verdict()], strings.TrimPrefix(r.String(), "leftover "))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "```mermaid\nstateDiagram-v2\n    [*] --> open\n    state open {\n        [*] --> %v: TLS\n        [*] --> %v\n        %[1]v --> %[2]v\n",
		conn.StageHandshake, conn.StageIdle)
	fmt.Fprintf(&b, "        [*] --> %v: PROXY protocol\n        %[1]v --> %v: TLS\n        %[1]v --> %v\n", conn.StageProxy, conn.StageHandshake, conn.StageIdle)
	fmt.Fprintf(&b, "        %v --> parked: quiet\n        parked --> %[1]v: readable\n", conn.StageIdle)
	fmt.Fprintf(&b, "        %v --> %v: a first byte\n        %[2]v --> %v: the head is whole\n        %[3]v --> %v: the response is sent\n        %[4]v --> %[1]v: %[5]s\n    }\n",
		conn.StageIdle, conn.StageHead, conn.StageResponse, conn.StageLeftover, strings.Join(kept, ", "))
	where := map[conn.Verdict]string{conn.VerdictLinger: "lingering", conn.VerdictClose: "closed", conn.VerdictHijack: "hijacked"}
	for stage := conn.StageAny; stage <= conn.StageLeftover; stage++ {
		from := stage.String()
		if stage == conn.StageAny {
			from = "open"
		}
		for _, v := range []conn.Verdict{conn.VerdictLinger, conn.VerdictClose, conn.VerdictHijack} {
			if reasons := out[stage][v]; len(reasons) > 0 {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", from, where[v], strings.Join(reasons, ", "))
			}
		}
	}
	b.WriteString("    lingering --> closed\n    hijacked --> [*]\n    closed --> [*]\n```\n")
	return b.String()
}

// fieldTable lists the fields of a struct with the comments behind them, or before them: those of one type only, if that is given.
func fieldTable(t *testing.T, dir, typ, only, what string) string {
	t.Helper()
	var rows [][]string
	eachFile(t, dir, func(_ string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != typ {
				return true
			}
			before := ""
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				if doc := strings.TrimSpace(field.Doc.Text()); doc != "" {
					before = doc // of the fields that follow it, too, if they have no comment
				}
				comment := cmp.Or(strings.TrimSpace(field.Comment.Text()), before)
				if of, ok := field.Type.(*ast.Ident); only != "" && (!ok || of.Name != only) {
					continue
				}
				if comment == "" || len(field.Names) != 1 {
					t.Errorf("%s.%s: a field without a comment", dir, typ)
					continue
				}
				rows = append(rows, []string{"`" + field.Names[0].Name + "`", strings.ReplaceAll(comment, "\n", " ")})
			}
			return false
		})
	})
	if len(rows) < 5 {
		t.Fatalf("%s.%s has only %d fields with comments", dir, typ, len(rows))
	}
	return table([]string{what, "meaning"}, rows...)
}

var fuzzFunc = regexp.MustCompile(`(?m)^(?://.*\n)*func (Fuzz[A-Za-z]+)\(`)

func fuzzTargets(t *testing.T) string {
	var rows [][]string
	for _, file := range files(t, "_test.go") {
		dir, _, _ := strings.Cut(file, "/"+lastOf(file))
		for _, m := range fuzzFunc.FindAllStringSubmatch(read(t, file), -1) {
			comment, _, _ := strings.Cut(m[0], "func ")
			rows = append(rows, []string{"`" + dir + "`", "`" + m[1] + "`", firstSentence(t, file+" "+m[1], m[1], comment)})
		}
	}
	return table([]string{"package", "target", "what it looks for"}, rows...)
}

// firstSentence returns the first sentence of a comment, without the name that it begins with.
func firstSentence(t *testing.T, where, name, comment string) string {
	t.Helper()
	text := strings.Join(strings.Fields(regexp.MustCompile(`(?m)^// ?`).ReplaceAllString(comment, "")), " ")
	text, _, _ = strings.Cut(text+" ", ". ")
	text = strings.TrimRight(strings.TrimPrefix(text, name+" "), " .:")
	if text == "" {
		t.Errorf("%s has no comment that says what it is for", where)
	}
	return text
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// rowsOf returns the first cells of the rows of a table that stands below a heading, without marks of code.
func rowsOf(t *testing.T, page, heading string, cell int) (cells []string) {
	t.Helper()
	_, text, ok := strings.Cut(read(t, page), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no %s", page, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for line := range strings.Lines(text) {
		if columns := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && cell < len(columns) {
			cells = append(cells, strings.Trim(columns[cell], "| `\n"))
		}
	}
	if len(cells) < 4 {
		t.Fatalf("%s: the table below %s has %d rows", page, heading, len(cells))
	}
	return cells[2:]
}

// routeLines are those that spillway serve -h prints for a route.
var routeLines = regexp.MustCompile(`(?m)^(/\S*)  ([^:\n]+): (.+)\n    (.+)$`)

// routeTable lists the lab's routes, and below them the lines that show something.
func routeTable(t *testing.T) string {
	var rows [][]string
	lines := "\n```\n"
	for _, m := range routeLines.FindAllStringSubmatch(helpOf(t, "serve"), -1) {
		rows = append(rows, []string{"`" + m[1] + "`", m[2], m[3]})
		lines += m[4] + "\n"
	}
	if len(rows) < 10 {
		t.Fatalf("spillway serve -h lists only %d routes", len(rows))
	}
	return table([]string{"route", "what the handler does with the body", "reply"}, rows...) + lines + "```\n"
}

// TestLogLines looks in the code for the messages that the page says are logged.
func TestLogLines(t *testing.T) {
	said := rowsOf(t, "docs/operations.md", "## What is logged", 1)
	logs := regexp.MustCompile(`(?:\.log|\.logPanic|\.logFailure|Log\(?\)?\.(?:Debug|Warn|Error)|\.guarding)\("([^"]+)"`)
	found := map[string]bool{}
	for _, file := range files(t, ".go") {
		if strings.HasSuffix(file, "_test.go") || !strings.HasPrefix(file, "conn/") && !strings.HasPrefix(file, "server/accept") {
			continue
		}
		for _, m := range logs.FindAllStringSubmatch(read(t, file), -1) {
			message := m[1]
			if strings.Contains(m[0], "guarding") {
				message += " panicked"
			}
			found[message] = true
		}
	}
	for _, message := range said {
		if !found[message] {
			t.Errorf("docs/operations.md: nothing logs %q; these are logged: %v", message, found)
		}
	}
}
