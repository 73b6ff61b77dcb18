// What the README states of platforms, versions and sizes is what the checks and go.mod say.

package docs_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestReadme(t *testing.T) {
	readme := strings.Join(strings.Fields(read(t, "README.md")), " ")
	says := func(what string) {
		t.Helper()
		if !strings.Contains(readme, what) {
			t.Errorf("README.md does not say %q", what)
		}
	}
	says("go get " + strings.Fields(read(t, "go.mod"))[1])
	says("go run ./cmd/spillway serve")
	says("go test ./...")

	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	says("Go " + version[1] + " or newer")

	size := regexp.MustCompile(`mostBytes = (\d)_(\d)00_000`).FindStringSubmatch(read(t, "server_test/house/imports_test.go"))
	if size == nil {
		t.Fatal("no test bounds the size of a program")
	}
	says(fmt.Sprintf("less than %s.%s MB", size[1], size[2]))

	loop := regexp.MustCompile(`for platform in (.*); do`).FindStringSubmatch(read(t, ".ci/run"))
	if loop == nil {
		t.Fatal(".ci/run vets for no other platform")
	}
	all := strings.Fields(loop[1])
	for _, platform := range all {
		system, arch, _ := strings.Cut(platform, "/")
		if _, linux, _ := strings.Cut(readme, "Linux on "); system == "linux" && strings.Contains(linux[:30], arch) {
			continue
		}
		if system == "linux" && arch == "386" {
			says("the library also on 386")
			continue
		}
		says(platform)
	}
	if words := []string{6: "six", 7: "seven", 8: "eight", 9: "nine"}; !strings.Contains(read(t, "CONTRIBUTING.md"), words[len(all)]+" other platforms") {
		t.Errorf("CONTRIBUTING.md does not say that go vet runs for %d other platforms", len(all))
	}
}
