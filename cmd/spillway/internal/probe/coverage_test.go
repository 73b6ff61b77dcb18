// The coverage table: each requirement that RFC 9112, and RFC 9110 where framing and connections are concerned, has for a server or a
// recipient, with the scenarios that check it, or why none does. It is written into docs/coverage.md by
//
//	go test ./cmd/spillway/internal/probe -run Coverage -update

package probe

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// requirement is one of them, in words of this house.
type requirement struct {
	section string // of the standard, without the sign
	keyword string // as RFC 2119 has it; "ought" and "is" where the standard does not use its words
	text    string
	by      string // IDs of scenarios; one that ends in * stands for all that begin so
	why     string // none checks it, or what else does
}

// standard is a document and its requirements.
type standard struct {
	name, title string
	all         []requirement
}

var standards = []standard{
	{"RFC 9112", "HTTP/1.1", rfc9112},
	{"RFC 9110", "HTTP semantics, where framing and connections are concerned", rfc9110},
}

// covers returns the IDs that a pattern stands for.
func covers(pattern string, ids []string) []string {
	prefix, many := strings.CutSuffix(pattern, "*")
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return id != pattern && !(many && strings.HasPrefix(id, prefix))
	})
}

// Every scenario that the table names exists, and every scenario is in the table.
func TestCoverage(t *testing.T) {
	var ids []string
	for _, s := range Catalogue(true, true) {
		ids = append(ids, s.ID)
	}
	named := map[string]bool{}
	for _, doc := range standards {
		for _, r := range doc.all {
			if r.by == "" && r.why == "" || r.text == "" || !slices.Contains(keywords, r.keyword) {
				t.Errorf("%s §%s: %q, %q has neither a scenario nor a reason, or no keyword", doc.name, r.section, r.keyword, r.text)
			}
			for pattern := range strings.FieldsSeq(r.by) {
				found := covers(pattern, ids)
				if len(found) == 0 {
					t.Errorf("%s §%s names %s, which is no scenario", doc.name, r.section, pattern)
				}
				for _, id := range found {
					named[id] = true
				}
			}
		}
	}
	for _, id := range ids {
		if !named[id] {
			t.Errorf("no requirement names %s", id)
		}
	}
}

var keywords = []string{"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "ought", "is"}

func TestCoveragePage(t *testing.T) {
	const name = "../../../../docs/coverage.md"
	page := coveragePage()
	if *update {
		if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != page {
		t.Errorf("%s is not as it would be made: go test -run Coverage -update (%v)", name, err)
	}
}

func coveragePage() string {
	var b strings.Builder
	b.WriteString(`# What the probe covers

Each requirement that the standard has for a server, or for a recipient of requests, with the [scenarios](probing.md#scenario-ids) that
check it, or why none does. The requirements are in our words; the standard's are what counts. An ID that ends in * stands for all that
begin so. *Each answer* means that the probe reads every answer strictly, whatever the scenario. The page is made from
` + "`cmd/spillway/internal/probe/coverage_9112_test.go`" + ` and its neighbours, and a test asserts that every scenario is in it.
`)
	for _, doc := range standards {
		checked := 0
		for _, r := range doc.all {
			if r.by != "" {
				checked++
			}
		}
		fmt.Fprintf(&b, "\n## %s, %s\n\n%d requirements, of which %d have scenarios.\n\n", doc.name, doc.title, len(doc.all), checked)
		b.WriteString("| § | keyword | requirement | scenarios |\n| --- | --- | --- | --- |\n")
		for _, r := range doc.all {
			var cell []string
			for pattern := range strings.FieldsSeq(r.by) {
				cell = append(cell, "`"+pattern+"`")
			}
			by := strings.Join(cell, " ")
			if r.why != "" {
				by = strings.TrimSpace(by + " " + r.why)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.section, r.keyword, r.text, by)
		}
	}
	return b.String()
}
