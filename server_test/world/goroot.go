// A copy of GOROOT in which every test binary links spillway, and every http.Server serves with it if the environment says so.

package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// added are the files that the copy has besides.
//
//go:embed testdata/goroot
var added embed.FS

const addedRoot = "testdata/goroot"

// toolchain is a go command and the environment that it runs in.
type toolchain struct {
	root    string // its GOROOT
	version string
	dir     string // where spillway's own module is
}

// environment returns the environment for the go command and for tests: as it is, but for what says how go builds.
func (t toolchain) environment() []string {
	env := os.Environ()
	return append(env, "GOROOT="+t.root, "PATH="+filepath.Join(t.root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=", "GO111MODULE=", serveVariable+"=")
}

// output runs the go command in a directory and returns what it prints.
func (t toolchain) output(ctx context.Context, dir string, arguments ...string) ([]byte, error) {
	return output(ctx, dir, t.environment(), filepath.Join(t.root, "bin", "go"), arguments...)
}

// installed returns the toolchain of the go command in PATH.
func installed(ctx context.Context, spillway string) (toolchain, error) {
	out, err := output(ctx, spillway, append(os.Environ(), "GOTOOLCHAIN=local"), "go", "env", "GOROOT", "GOVERSION")
	root, version, _ := strings.Cut(string(out), "\n")
	return toolchain{strings.TrimSpace(root), strings.TrimSpace(version), spillway}, err
}

// withSpillway makes a copy of t in root, with spillway in it.
func (t toolchain) withSpillway(ctx context.Context, root string) (toolchain, error) {
	for _, part := range []string{"src", "pkg", "bin", "lib"} {
		if err := os.CopyFS(filepath.Join(root, part), os.DirFS(filepath.Join(t.root, part))); err != nil {
			return t, err
		}
	}
	for _, name := range []string{"VERSION", "go.env"} {
		if err := copyFile(filepath.Join(root, name), filepath.Join(t.root, name)); err != nil {
			return t, err
		}
	}
	if err := addFiles(root); err != nil {
		return t, err
	}
	for name, patch := range map[string]func([]byte) ([]byte, error){
		"src/net/http/server.go": patchServer, "src/testing/testing.go": patchTesting,
	} {
		if err := rewrite(filepath.Join(root, name), patch); err != nil {
			return t, err
		}
	}
	if err := t.vendor(ctx, root); err != nil {
		return t, err
	}
	changed := toolchain{root, t.version, t.dir}
	if _, err := changed.output(ctx, root, "build", "testing/internal/testdeps"); err != nil {
		return t, fmt.Errorf("spillway does not build as a part of this Go: %w", err)
	}
	return changed, nil
}

// addFiles writes the added files.
func addFiles(root string) error {
	return fs.WalkDir(added, addedRoot, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := added.ReadFile(name)
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(root, strings.TrimPrefix(name, addedRoot)), text)
	})
}

func rewrite(name string, patch func([]byte) ([]byte, error)) error {
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if source, err = patch(source); err != nil {
		return err
	}
	return os.WriteFile(name, source, 0o666)
}

// vendor puts spillway, and what it imports, among the packages that the standard library vendors: those that stand there
// already stay as they are, so that net/http does not change. Files for another way of building, with the race detector say,
// come too.
func (t toolchain) vendor(ctx context.Context, root string) error {
	out, err := t.output(ctx, t.dir, "list", "-deps", "-f",
		`{{if not .Standard}}{{$p := .}}{{range .GoFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}{{"\n"}}{{end}}`+
			`{{range .IgnoredGoFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}{{"\n"}}{{end}}{{end}}`, "./server/nethttp")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		path, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		at := strings.LastIndex(rest, " ")
		if at < 0 || strings.HasSuffix(rest, "_test.go") {
			continue
		}
		place := filepath.Join("src", "vendor", filepath.FromSlash(path))
		if there, _ := filepath.Glob(filepath.Join(t.root, place, "*.go")); len(there) > 0 {
			continue
		}
		dir, name := rest[:at], rest[at+1:]
		if err := copyFile(filepath.Join(root, place, name), filepath.Join(dir, name)); err != nil {
			return err
		}
		if strings.HasPrefix(path, spillwayPath) {
			if err := rewrite(filepath.Join(root, place, name), patchNames); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, text)
}

func writeFile(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o666)
}
