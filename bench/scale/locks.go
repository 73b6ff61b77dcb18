//go:build linux

// What all of a server's connections share, measured alone: their listener's goroutine, the registry's lock, the set of the parked.

package scale

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
)

var result = regexp.MustCompile(`(?m)^Benchmark(Shared\S+)\s+\d+\s+([\d.]+) ns/op`)

// locks runs the benchmarks beside the code that they are about. The least of several runs is what others have disturbed least.
func locks(out io.Writer) error {
	fmt.Fprintf(out, "\nWhat all connections share, alone, at its best (-2: with GOMAXPROCS=2)\n")
	const module = "github.com/spillway-go/spillway/"
	text, err := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkShared", "-benchtime", "100ms", "-count", "7", "-cpu", "1,2", "-p", "1",
		module+"server", module+"conn/internal/park").CombinedOutput()
	if err != nil {
		return fmt.Errorf("scale: go test: %w\n%s", err, text)
	}
	var names []string
	least := map[string]float64{}
	for _, m := range result.FindAllStringSubmatch(string(text), -1) {
		each, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		if before, known := least[m[1]]; !known {
			names = append(names, m[1])
		} else {
			each = min(each, before)
		}
		least[m[1]] = each
	}
	for _, name := range names {
		fmt.Fprintf(out, "  %-44s %8.0f ns each, %10.0f in a second\n", name, least[name], 1e9/least[name])
	}
	return nil
}
