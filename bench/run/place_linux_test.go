// Which cores the server and the generators get.

package run

import (
	"reflect"
	"testing"

	"github.com/spillway-go/spillway/bench/cases"
)

func TestPlaces(t *testing.T) {
	two := cases.Case{Cores: 2}
	alone := cases.Case{Together: true}
	for _, test := range []struct {
		name   string
		all    []int
		c      cases.Case
		server []int
		loads  [][]int
	}{
		{"one core", []int{3}, cases.Case{}, nil, [][]int{nil, nil}},
		{"a core each", []int{0, 1}, cases.Case{}, []int{1}, [][]int{{0}, {0}}},
		{"two cores for the server and no others", []int{0, 1}, two, []int{0, 1}, [][]int{{0, 1}, {0, 1}}},
		{"one core to be compared with two", []int{0, 1}, alone, []int{1}, [][]int{{1}, {1}}},
		{"three cores", []int{0, 1, 2}, two, []int{1, 2}, [][]int{{1, 2}, {1, 2}}},
		{"enough cores", []int{0, 1, 2, 5}, two, []int{2, 5}, [][]int{{0}, {1}}},
		{"one of enough", []int{0, 1, 2, 5}, alone, []int{5}, [][]int{{0}, {1}}},
	} {
		server, loads := places(test.all, &test.c, len(test.loads))
		var got [][]int
		for _, l := range loads {
			got = append(got, l.cores)
		}
		if !reflect.DeepEqual(server.cores, test.server) || !reflect.DeepEqual(got, test.loads) || server.procs != max(test.c.Cores, 1) {
			t.Errorf("%s: server on %v (%d), generators on %v", test.name, server.cores, server.procs, got)
		}
	}
}
