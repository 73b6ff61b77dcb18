// Modules come from where the go command takes them, and are copied, because tests write into their own directories.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// source is a module's tests, ready to run.
type source struct {
	module
	dir      string
	flags    []string // that every build of it needs
	packages []string // those whose tests use net/http
}

// fetch copies a module below dir, and looks for the packages whose tests use net/http. The list is made by the plain
// toolchain: with spillway, every test binary links net/http.
func fetch(ctx context.Context, plain toolchain, m module, dir string) (*source, error) {
	s := &source{module: m, dir: dir}
	if m.path == goModule {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
		s.packages = m.packages
		return s, nil
	}
	var got struct{ Dir, GoMod, Error string }
	out, err := plain.output(ctx, os.TempDir(), "mod", "download", "-json", m.path+"@"+m.version)
	if parseErr := json.Unmarshal(out, &got); parseErr != nil || got.Error != "" {
		return nil, fmt.Errorf("%s@%s cannot be fetched: %s", m.path, m.version, firstLine(got.Error, err, parseErr))
	}
	if err := os.CopyFS(dir, os.DirFS(got.Dir)); err != nil {
		return nil, err
	}
	if err := s.otherGoMod(); err != nil {
		return nil, err
	}
	s.packages, err = s.users(ctx, plain)
	return s, err
}

func firstLine(text string, errs ...error) string {
	for _, err := range errs {
		if text == "" && err != nil {
			text = err.Error()
		}
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// neighbour is a directive of a go.mod that replaces a module by a directory beside it, which a module's archive lacks.
var neighbour = regexp.MustCompile(`(?m)^.*=>\s*\.\.?/.*$`)

// otherGoMod writes a go.mod and a go.sum that the tests are built with: their own, but for what it says of its neighbours.
// Modules from before there was a go.mod have one in testdata/gomods.
func (s *source) otherGoMod() error {
	const name = "spillway_world"
	for _, kind := range []string{"mod", "sum"} {
		text, err := os.ReadFile(filepath.Join(s.dir, "go."+kind))
		if errors.Is(err, fs.ErrNotExist) {
			text, err = os.ReadFile(filepath.Join("testdata", "gomods", strings.ReplaceAll(s.path, "/", "_")+"."+kind))
			if kind == "mod" && err == nil { // the go command looks for a file of that name
				err = os.WriteFile(filepath.Join(s.dir, "go.mod"), text, 0o666)
			}
		}
		if err != nil && (kind == "mod" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.dir, name+"."+kind), neighbour.ReplaceAll(text, nil), 0o666); err != nil {
			return err
		}
	}
	s.flags = []string{"-mod=mod", "-modfile=" + name + ".mod"}
	return nil
}

// users returns the packages whose test binaries link net/http because of what they import.
func (s *source) users(ctx context.Context, plain toolchain) ([]string, error) {
	arguments := slices.Concat([]string{"list", "-e", "-test", "-f", `{{if .Deps}}{{.ImportPath}}{{range .Deps}} {{.}}{{end}}{{end}}`},
		s.flags, s.module.packages)
	out, err := plain.output(ctx, s.dir, arguments...)
	if err != nil {
		return nil, fmt.Errorf("%s@%s: %w", s.path, s.version, err)
	}
	var users []string
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		path, isTest := strings.CutSuffix(words[0], ".test")
		if isTest && slices.Contains(words[1:], "net/http") {
			users = append(users, path)
		}
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("%s@%s has no package whose tests use net/http", s.path, s.version)
	}
	return users, nil
}
