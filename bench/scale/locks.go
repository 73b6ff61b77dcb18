//go:build linux

// What all of a server's connections share, measured alone: the registry's lock, and the set of the parked with its goroutine.

package scale

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
)

var result = regexp.MustCompile(`(?m)^Benchmark(Shared\S+)\s+\d+\s+([\d.]+) ns/op`)

// locks runs the benchmarks beside the code that they are about.
func locks(out io.Writer) error {
	fmt.Fprintf(out, "\nWhat all connections share, alone (-2: with GOMAXPROCS=2)\n")
	const module = "github.com/spillway-go/spillway/"
	text, err := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkShared", "-benchtime", "500ms", "-cpu", "1,2", "-p", "1",
		module+"server", module+"conn/internal/park").CombinedOutput()
	if err != nil {
		return fmt.Errorf("scale: go test: %w\n%s", err, text)
	}
	for _, m := range result.FindAllStringSubmatch(string(text), -1) {
		each, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-44s %8.0f ns each, %10.0f in a second\n", m[1], each, 1e9/each)
	}
	return nil
}
