// What each package may import, and what programs that use it are made of.

package house_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spillway-go/spillway/"

// layers are the packages from the lowest to the highest: each may import only those before it. A room inside another may
// be imported by that one alone, and by those inside it.
var layers = []string{"parser", "body", "conn", "server", "server/https", "server/nethttp", "server/listen", "server/restart"}

// optional are the packages for native handlers. Each may import what lies below them, and none of them another.
var optional = []string{"server/route", "server/content", "server/form", "server/cookie", "server/jsonbody"}

// rooms are the packages inside others, and what each may import of this module.
var rooms = map[string][]string{
	"conn/internal/transport": nil, "conn/internal/format": {"parser"}, "conn/internal/park": nil, "server/internal/unixsock": nil,
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, out)
	}
	return strings.Fields(string(out))
}

func TestImportsGoUpOnly(t *testing.T) {
	for i, layer := range layers {
		for _, imported := range goList(t, "-f", `{{join .Imports "\n"}}`, module+layer) {
			own, ok := strings.CutPrefix(imported, module)
			_, room := rooms[own]
			house, _, _ := strings.Cut(own, "internal/")
			if ok && !slices.Contains(layers[:i], own) && !(room && strings.HasPrefix(layer+"/", house)) {
				t.Errorf("%s imports %s", layer, own)
			}
		}
	}
	for room, may := range rooms {
		for _, imported := range goList(t, "-f", `{{join .Imports "\n"}}`, module+room) {
			if own, ok := strings.CutPrefix(imported, module); ok && !slices.Contains(may, own) {
				t.Errorf("%s imports %s", room, own)
			}
		}
	}
}

func TestOptionalPackagesStandAlone(t *testing.T) {
	core := layers[:slices.Index(layers, "server")+1]
	for _, pkg := range optional {
		for _, imported := range goList(t, "-f", `{{join .Imports "\n"}}`, module+pkg) {
			if own, ok := strings.CutPrefix(imported, module); ok && !slices.Contains(core, own) || imported == "reflect" {
				t.Errorf("%s imports %s", pkg, imported)
			}
		}
		deps := goList(t, "-deps", module+pkg)
		for _, h := range heavy {
			if slices.Contains(deps, h) && !(pkg == "server/jsonbody" && h == "encoding/json") {
				t.Errorf("%s depends on %s", pkg, h)
			}
		}
	}
}

// TestTheLivePageIsLinkedByNobody who does not import it, and links no net/http by itself.
func TestTheLivePageIsLinkedByNobody(t *testing.T) {
	for _, pkg := range append(append([]string{}, layers...), optional...) {
		for _, d := range goList(t, "-deps", module+pkg) {
			if strings.HasPrefix(d, module+"server/live") {
				t.Errorf("%s depends on %s", pkg, d)
			}
		}
	}
	deps := goList(t, "-deps", module+"server/live")
	for _, h := range heavy {
		if h != "encoding/json" && slices.Contains(deps, h) || slices.Contains(deps, "html/template") {
			t.Errorf("server/live depends on %s", h)
		}
	}
}

// heavy are packages that are larger than all that a plain server is made of.
var heavy = []string{
	"net/http", "crypto/tls", "crypto/x509", "encoding/json", "log/slog", "text/template", "golang.org/x/net/idna",
	"golang.org/x/text/unicode/norm", "golang.org/x/net/http/httpguts",
}

func TestTheCoreIsLight(t *testing.T) {
	for _, layer := range layers[:4] {
		deps := goList(t, "-deps", module+layer)
		for _, h := range heavy {
			if slices.Contains(deps, h) {
				t.Errorf("%s depends on %s", layer, h)
			}
		}
		if len(deps) < 10 {
			t.Errorf("go list -deps of %s names only %v", layer, deps)
		}
	}
}

// TestAPlainProgramHasNothingOfTLS builds upon what the packages import: a program links no more than that.
func TestAPlainProgramHasNothingOfTLS(t *testing.T) {
	deps := goList(t, "-deps", "./testdata/hello")
	if !slices.Contains(deps, module+"server") {
		t.Errorf("the hello-world does not serve: %v", deps)
	}
	for _, dep := range deps {
		if strings.HasPrefix(dep, "crypto/") || slices.Contains(heavy, dep) {
			t.Errorf("a hello-world links %s", dep)
		}
	}
}

// mostBytes is how large a stripped program may be that only says hello.
const mostBytes = 3_200_000

func TestAPlainProgramIsSmall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hello")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./testdata/hello")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", info.Size())
	if info.Size() > mostBytes {
		t.Errorf("a hello-world has %d bytes, more than %d", info.Size(), mostBytes)
	}
}
