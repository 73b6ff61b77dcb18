// The changes to a copy of net/http and testing: each method of http.Server first asks who serves, each test says its name.

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// serverMethods are the exported methods of http.Server, and what each begins with in the copy. Those without a text are
// left as they are: spillway runs the functions that the http.Server was given.
var serverMethods = map[string]string{
	"ListenAndServe":       "if w := s.world(); w != nil { return w.ListenAndServe() }",
	"ListenAndServeTLS":    "if w := s.world(); w != nil { return w.ListenAndServeTLS(certFile, keyFile) }",
	"Serve":                "if w := s.world(); w != nil { return s.worldServe(w, l) }",
	"ServeTLS":             "if w := s.world(); w != nil { return w.ServeTLS(l, certFile, keyFile) }",
	"Shutdown":             "if w := s.world(); w != nil { return w.Shutdown(ctx) }",
	"Close":                "if w := s.world(); w != nil { return w.Close() }",
	"SetKeepAlivesEnabled": "if w := s.world(); w != nil { w.SetKeepAlivesEnabled(v); return }",
	"RegisterOnShutdown":   "",
}

// insertion is text to be put into a file.
type insertion struct {
	at   token.Pos
	text string
}

// patchServer changes net/http's server.go. It returns an error if the file's Server is not the one that is known here.
func patchServer(source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "server.go", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var insertions []insertion
	unknown, missing := []string{}, maps.Clone(serverMethods)
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			if fields := structFields(d, "Server"); fields != nil {
				insertions = append(insertions, insertion{fields.Closing, "worldState worldState\n"})
			}
		case *ast.FuncDecl:
			if !d.Name.IsExported() || receiver(d) != "*Server" {
				continue
			}
			text, known := missing[d.Name.Name]
			if !known {
				unknown = append(unknown, d.Name.Name)
				continue
			}
			delete(missing, d.Name.Name)
			insertions = append(insertions, insertion{d.Body.Lbrace + 1, "\n" + text})
		}
	}
	if len(unknown) > 0 || len(missing) > 0 || len(insertions) != len(serverMethods)+1 {
		return nil, fmt.Errorf("http.Server has unknown methods %q, and lacks %q", unknown, slices.Sorted(maps.Keys(missing)))
	}
	return insert(source, fset, insertions), nil
}

// patchTesting changes package testing's testing.go.
func patchTesting(source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "testing.go", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "tRunner" && f.Recv == nil {
			return insert(source, fset, []insertion{{f.Body.Lbrace + 1, "\nworldStart(t.name)"}}), nil
		}
	}
	return nil, fmt.Errorf("package testing has no function tRunner")
}

// patchNames changes a file of spillway's own: its packages have longer names in the copy, where it looks for them.
func patchNames(source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var insertions []insertion
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if strings.HasPrefix(n.Value, `"`+spillwayPath) {
				insertions = append(insertions, insertion{n.Pos() + 1, "vendor/"})
			}
		}
		return true
	})
	return insert(source, fset, insertions), nil
}

const spillwayPath = "github.com/spillway-go/spillway/"

// insert returns source with the insertions, which are in the order of their places.
func insert(source []byte, fset *token.FileSet, insertions []insertion) []byte {
	var out bytes.Buffer
	done := 0
	for _, i := range insertions {
		offset := fset.Position(i.at).Offset
		out.Write(source[done:offset])
		out.WriteString(i.text)
		done = offset
	}
	out.Write(source[done:])
	return out.Bytes()
}

// structFields returns the fields of the struct type of that name, if d declares it.
func structFields(d *ast.GenDecl, name string) *ast.FieldList {
	for _, spec := range d.Specs {
		if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == name {
			if s, ok := t.Type.(*ast.StructType); ok {
				return s.Fields
			}
		}
	}
	return nil
}

// receiver returns the type of a method's receiver, as it is written, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) != 1 || len(d.Recv.List[0].Names) != 1 || d.Recv.List[0].Names[0].Name != "s" {
		return ""
	}
	if star, ok := d.Recv.List[0].Type.(*ast.StarExpr); ok {
		if id, ok := star.X.(*ast.Ident); ok {
			return "*" + id.Name
		}
	}
	return ""
}
