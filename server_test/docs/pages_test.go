// The pages say what the program does: what they state is compared with the program, their links are followed, their code is
// compiled, and what can be made from the program stands between marks and is made again by
//
//	go test ./server_test/docs -update

package docs_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the parts of the pages that are made from the program")

// root is the repository's.
const root = "../.."

// pages returns every page of the repository, by its path below root.
func pages(t *testing.T) []string { return files(t, ".md") }

// files returns the repository's files with a suffix, but for what tests and reports are made of.
func files(t *testing.T, suffix string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (strings.HasPrefix(name, ".") && path != root || name == "testdata" && suffix == ".md" || name == "node_modules") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, suffix) {
			rel, err := filepath.Rel(root, path)
			all = append(all, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// kept compares a file with what it must hold, or writes it.
func kept(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(root, path)); err == nil && string(got) == want {
		return
	}
	if !*update {
		t.Errorf("%s is not up to date; go test ./server_test/docs -update writes it", path)
		return
	}
	if err := os.WriteFile(filepath.Join(root, path), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

var marks = regexp.MustCompile(`(?s)<!-- begin ([a-z0-9-]+) -->\n(.*?)<!-- end ([a-z0-9-]+) -->`)

// TestGeneratedParts makes every part again that stands between marks.
func TestGeneratedParts(t *testing.T) {
	used := map[string]bool{}
	for _, page := range pages(t) {
		text := read(t, page)
		want := marks.ReplaceAllStringFunc(text, func(part string) string {
			m := marks.FindStringSubmatch(part)
			make := parts[m[1]]
			if make == nil || m[3] != m[1] {
				t.Errorf("%s: nothing makes the part %q, which ends as %q", page, m[1], m[3])
				return part
			}
			used[m[1]] = true
			return fmt.Sprintf("<!-- begin %s -->\n%s\n<!-- end %s -->", m[1], strings.Trim(make(t), "\n"), m[1])
		})
		if n := strings.Count(text, "<!-- begin "); n != len(marks.FindAllString(text, -1)) {
			t.Errorf("%s: %d parts begin, and not as many end", page, n)
		}
		kept(t, page, want)
	}
	for name := range parts {
		if !used[name] {
			t.Errorf("the part %q is on no page", name)
		}
	}
}

var (
	fences   = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	link     = regexp.MustCompile(`\[[^\]\[]*\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.*)$`)
	inline   = regexp.MustCompile("`[^`\n]+`")
)

// prose returns a page without its blocks of code.
func prose(text string) string { return fences.ReplaceAllString(text, "") }

// anchor returns what a heading is linked by.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestLinks follows every link that stays in the repository.
func TestLinks(t *testing.T) {
	n := 0
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(inline.ReplaceAllString(prose(read(t, page)), ""), -1) {
			to, section, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			n++
			path := page
			if to != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(page), to))
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: the link to %s: %v", page, m[1], err)
				continue
			}
			if section == "" {
				continue
			}
			var anchors []string
			for _, h := range headings.FindAllStringSubmatch(prose(read(t, path)), -1) {
				anchors = append(anchors, anchor(h[1]))
			}
			if !slices.Contains(anchors, section) {
				t.Errorf("%s: %s has no heading for %s; its headings are %v", page, path, m[1], anchors)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d links were found", n)
	}
}

// TestPagesAreReached finds every page of docs from the README.
func TestPagesAreReached(t *testing.T) {
	text := read(t, "README.md")
	for _, page := range pages(t) {
		if strings.HasPrefix(page, "docs/") && !strings.Contains(text, "]("+page) {
			t.Errorf("README.md has no link to %s", page)
		}
	}
}

var path = regexp.MustCompile(`^[A-Za-z0-9_.]+(/[A-Za-z0-9_.*]+)*/?$`)

// TestFilesAreThere looks for what a page calls by its path: a file with a known ending, or a folder with a slash in it.
func TestFilesAreThere(t *testing.T) {
	n := 0
	for _, page := range pages(t) {
		if strings.HasPrefix(page, "server_test/") || page == "CHANGELOG.md" {
			continue // reports, and what was
		}
		for _, code := range inline.FindAllString(prose(marks.ReplaceAllString(read(t, page), "")), -1) {
			name := strings.Trim(code, "`")
			ending := filepath.Ext(name)
			isFile := ending == ".go" || ending == ".md" || ending == ".json" || ending == ".svg"
			isFolder := strings.Contains(name, "/") && knownTop(name)
			if !path.MatchString(name) || !isFile && !isFolder {
				continue
			}
			n++
			found := false
			for _, base := range []string{root, filepath.Join(root, filepath.Dir(page))} {
				matches, err := filepath.Glob(filepath.Join(base, name))
				found = found || err == nil && len(matches) > 0
			}
			if !found {
				t.Errorf("%s: there is no %s", page, name)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d paths were found", n)
	}
}

// knownTop reports whether a path begins with one of the repository's folders.
func knownTop(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return slices.Contains([]string{"parser", "body", "conn", "server", "server_test", "cmd", "bench", "docs", "examples", "contrib"}, top)
}
