// How files are kept: each begins with a sentence that says what it is for, and none is longer than a reader's patience.

package house_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository's, seen from here.
const root = "../.."

// mostLines is how long a file may be.
const mostLines = 400

// goFiles calls visit for every Go file of the repository, of all its modules.
func goFiles(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		visit(strings.TrimPrefix(filepath.ToSlash(path), root+"/"), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 200 {
		t.Errorf("only %d files were found", files)
	}
}

func TestNoFileIsLong(t *testing.T) {
	goFiles(t, func(path string, text []byte) {
		if n := bytes.Count(text, []byte("\n")); n > mostLines {
			t.Errorf("%s has %d lines, more than %d", path, n, mostLines)
		}
	})
}

func TestEveryFileSaysWhatItIsFor(t *testing.T) {
	goFiles(t, func(path string, text []byte) {
		if err := purpose(text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	})
}

// purpose returns an error unless a file begins with a sentence: in the comment that it begins with, or in the one behind
// the line that says where it is built.
func purpose(text []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	comments := slices.DeleteFunc(file.Comments, func(c *ast.CommentGroup) bool {
		return c.Pos() > file.Package || strings.TrimSpace(c.Text()) == ""
	})
	if len(comments) == 0 {
		return fmt.Errorf("it does not say what it is for")
	}
	said := strings.Join(strings.Fields(comments[0].Text()), " ")
	if !sentence.MatchString(said) {
		return fmt.Errorf("it does not begin with a sentence, but with %.80q", said)
	}
	return nil
}

// sentence is some words that begin and end as a sentence does; what ends in a colon goes on in a list.
var sentence = regexp.MustCompile(`^[\p{L}"][^ ]*( [^ ]+){2,}?[.:?!)"]( |$)`)

func TestASentenceIsToldFromNone(t *testing.T) {
	const rest = "\n\npackage a\n"
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{"// Heads are read here." + rest, true},
		{"// Heads are\n// read here. And more" + rest, true},
		{"//go:build linux\n\n// Heads are read here." + rest, true},
		{"// Heads are read here.\n\n//go:build linux" + rest, true},
		{"// Package a has these:\n//\n//\tb\npackage a\n", true},
		{"package a\n\n// Heads are read here.\n", false},
		{"//go:build linux" + rest, false},
		{"// Heads" + rest, false},
		{"// heads and tails and all" + rest, false},
		{"// Code generated" + rest, false},
		{"//" + rest, false},
	} {
		if err := purpose([]byte(test.text)); (err == nil) != test.ok {
			t.Errorf("%q: %v", test.text, err)
		}
	}
}

// TestEveryRoomIsInTheList compares the folders of this house with the list at its door.
func TestEveryRoomIsInTheList(t *testing.T) {
	list, err := os.ReadFile("../doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) {2,}`).FindAllSubmatch(list, -1) {
		listed = append(listed, string(m[1]))
	}
	var rooms []string
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		_, module := os.Stat(filepath.Join("..", e.Name(), "go.mod"))
		if e.IsDir() && e.Name() != "internal" && module != nil {
			rooms = append(rooms, e.Name())
		}
	}
	slices.Sort(listed)
	if !slices.Equal(listed, rooms) {
		t.Errorf("listed are the rooms\n%v, there are\n%v", listed, rooms)
	}
}
