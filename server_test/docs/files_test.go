// ARCHITECTURE names every file of the library once, with the sentence that the file begins with.

package docs_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms are the folders whose files are listed, in the order of the imports; what lies below them is listed behind them.
var rooms = []string{"parser", "body", "conn", "server"}

var (
	constraint = regexp.MustCompile(`(?m)^//go:build .*\n`)
	opening    = regexp.MustCompile(`\A\s*((?://.*\n)+)`)
)

func fileTables(t *testing.T) string {
	var b strings.Builder
	for _, room := range rooms {
		var dirs []string
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "testdata" || d.Name() == "servertest" {
				return filepath.SkipDir
			}
			rel, err := filepath.Rel(root, path)
			dirs = append(dirs, filepath.ToSlash(rel))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			var rows [][]string
			for _, path := range paths {
				name := filepath.Base(path)
				if strings.HasSuffix(name, "_test.go") {
					continue
				}
				rows = append(rows, []string{"`" + name + "`", purpose(t, dir+"/"+name)})
			}
			if len(rows) > 0 {
				b.WriteString("\n### " + dir + "\n\n" + table([]string{"file", "what it is for"}, rows...))
			}
		}
	}
	return b.String()
}

// purpose returns what a file says of itself: its first comment's first sentence.
func purpose(t *testing.T, path string) string {
	t.Helper()
	text := constraint.ReplaceAllString(read(t, path), "")
	m := opening.FindStringSubmatch(text)
	if m == nil {
		t.Errorf("%s does not begin with what it is for", path)
		return ""
	}
	first, _, _ := strings.Cut(m[1], "//\n")
	said := firstSentence(t, path, "", first)
	if rest, ok := strings.CutPrefix(said, "Package "); ok {
		_, rest, _ = strings.Cut(rest, " ")
		said = "the package's comment: " + rest
	}
	return strings.ToUpper(said[:1]) + said[1:]
}

var goFile = regexp.MustCompile(`[A-Za-z0-9_./*]+\.go\b`)

// TestEveryFileIsNamed looks whether the walk names files by their whole path, and whether it walks through every room.
func TestTheWalkNamesFiles(t *testing.T) {
	text := marks.ReplaceAllString(read(t, "ARCHITECTURE.md"), "")
	var named []string
	for _, name := range goFile.FindAllString(text, -1) {
		matches, err := filepath.Glob(filepath.Join(root, name))
		if err != nil || len(matches) == 0 {
			t.Errorf("ARCHITECTURE.md: there is no %s", name)
		}
		named = append(named, filepath.ToSlash(filepath.Dir(name)))
	}
	for _, room := range append(rooms, "conn/internal/transport") {
		if !slices.Contains(named, room) {
			t.Errorf("ARCHITECTURE.md walks past %s", room)
		}
	}
}
