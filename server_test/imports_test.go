package server_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spillway-go/spillway/"

// layers are the packages from the lowest to the highest: each may import only those before it. A room inside another may
// be imported by that one alone.
var layers = []string{"parser", "body", "conn", "server", "server/nethttp"}

// rooms are the packages inside others, and what each may import of this module.
var rooms = map[string][]string{"conn/internal/transport": nil, "conn/internal/format": {"parser"}}

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
			if ok && !slices.Contains(layers[:i], own) && !(room && strings.HasPrefix(own, layer+"/internal/")) {
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

func TestTheCoreDoesNotPullInNetHTTP(t *testing.T) {
	for _, layer := range layers[:4] {
		deps := goList(t, "-deps", module+layer)
		if slices.Contains(deps, "net/http") {
			t.Errorf("%s depends on net/http", layer)
		}
		if len(deps) < 10 {
			t.Errorf("go list -deps of %s names only %v", layer, deps)
		}
	}
}
