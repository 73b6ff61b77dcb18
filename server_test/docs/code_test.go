// The code that pages show is compiled, and the names that they speak of are there.

package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCode compiles whole programs, and finds all other Go code in a file that is compiled with the tests.
func TestCode(t *testing.T) {
	var compiled []string
	for _, file := range files(t, ".go") {
		compiled = append(compiled, flat(read(t, file)))
	}
	n := 0
	for _, page := range pages(t) {
		for _, m := range fences.FindAllStringSubmatch(read(t, page), -1) {
			if m[1] != "go" {
				continue
			}
			n++
			if strings.HasPrefix(m[2], "package main\n") {
				compile(t, page, m[2])
				continue
			}
			found := false
			for _, file := range compiled {
				found = found || strings.Contains(file, flat(m[2]))
			}
			if !found {
				t.Errorf("%s: this code is in no file that is compiled:\n%s", page, m[2])
			}
		}
	}
	if n < 6 {
		t.Errorf("only %d blocks of Go were found", n)
	}
}

// flat returns code without its indentation, and its lines with their ends.
func flat(code string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// compile builds a program as if it stood in a folder of this package.
func compile(t *testing.T, page, program string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("program/main.go")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {here: file}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "program"), "./program")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%s: the program is not compiled: %v\n%s", page, err, out)
	}
}

// packages are those whose names pages may use, by the word before the dot.
var packages = map[string]string{
	"parser": "parser", "body": "body", "conn": "conn", "server": "server", "https": "server/https", "nethttp": "server/nethttp",
	"listen": "server/listen", "restart": "server/restart", "accesslog": "server/accesslog",
	"spillwayprom": "contrib/prometheus", "spillwayotel": "contrib/otel",
	"servertest": "server/servertest",
	"route":      "server/route", "content": "server/content", "form": "server/form", "cookie": "server/cookie", "jsonbody": "server/jsonbody",
}

// variables are what pages call values of types, as the examples do.
var variables = map[string][2]string{"r": {"conn", "Request"}, "w": {"conn", "Response"}}

var name = regexp.MustCompile(`\b([a-z]+)\.([A-Z][A-Za-z]*)(?:\.([A-Z][A-Za-z]*))?`)

// TestNames looks for every name of this module's packages that stands in code in a page: conn.Limits, or r.Body.Limit.
func TestNames(t *testing.T) {
	exported := map[string]map[string]bool{}
	for word, dir := range packages {
		exported[word] = exportedNames(t, dir)
	}
	n := 0
	for _, page := range pages(t) {
		if page == "CHANGELOG.md" || strings.HasPrefix(page, "server_test/") {
			continue // what was
		}
		for _, code := range inline.FindAllString(prose(read(t, page)), -1) {
			for _, m := range name.FindAllStringSubmatch(code, -1) {
				names, want := exported[m[1]], m[2]
				if v, ok := variables[m[1]]; ok {
					names, want = exported[v[0]], v[1]+"."+m[2]
					if m[2] == "Body" && m[3] != "" {
						names, want = exported["body"], "Content."+m[3]
					}
				} else if m[3] != "" {
					want += "." + m[3]
				}
				if names == nil {
					continue
				}
				n++
				if _, field, ok := strings.Cut(want, "."); !names[want] && !(ok && m[1] == "server" && exported["conn"][m[2]+"."+field]) {
					t.Errorf("%s: %s: there is no %s", page, code, want)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d names were found", n)
	}
}

// exportedNames returns a package's names, and those of its types' fields and methods behind a dot.
func exportedNames(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	eachFile(t, dir, func(_ string, f *ast.File) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[d.Name.Name] = true
				} else {
					recv := d.Recv.List[0].Type
					if star, ok := recv.(*ast.StarExpr); ok {
						recv = star.X
					}
					if id, ok := recv.(*ast.Ident); ok {
						names[id.Name+"."+d.Name.Name] = true
					}
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						for _, id := range spec.Names {
							names[id.Name] = true
						}
					case *ast.TypeSpec:
						names[spec.Name.Name] = true
						if s, ok := spec.Type.(*ast.StructType); ok {
							for _, field := range s.Fields.List {
								for _, id := range field.Names {
									names[spec.Name.Name+"."+id.Name] = true
								}
							}
						}
					}
				}
			}
		}
	})
	return names
}

// eachFile parses the files of a package that are not tests, whatever system they are for.
func eachFile(t *testing.T, dir string, do func(path string, f *ast.File)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(paths), err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		do(path, f)
	}
}
