// The page about native handlers has its tables from the packages' own comments, which server_test/handlers checks.

package docs_test

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

var difference = regexp.MustCompile(`(?m)^\s+- ([^:\n]+): ((?:.+\n(?:    \S.*\n)*)?)`)

// differencesOf makes a table of the differences from net/http that a package's comment lists.
func differencesOf(t *testing.T, dir string) string {
	t.Helper()
	var rows [][]string
	eachFile(t, dir, func(_ string, f *ast.File) {
		_, list, ok := strings.Cut(f.Doc.Text(), "# Differences from net/http\n")
		if !ok {
			return
		}
		for _, m := range difference.FindAllStringSubmatch(list, -1) {
			here, there, ok := strings.Cut(strings.TrimSuffix(strings.Join(strings.Fields(m[2]), " "), "."), "; ")
			if !ok {
				t.Errorf("%s: %s says nothing of net/http", dir, m[1])
			}
			rows = append(rows, []string{m[1], here, there})
		}
	})
	if len(rows) < 3 {
		t.Fatalf("%s lists only %d differences", dir, len(rows))
	}
	return table([]string{"what", "here", "in net/http"}, rows...)
}
