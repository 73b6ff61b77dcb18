// What a finding weighs, and that what has been published stays.

package probe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

var update = flag.Bool("update", false, "add the IDs of new scenarios to testdata/ids.txt")

func TestCatalogue(t *testing.T) {
	all := Catalogue(true, true)
	if err := check(all); err != nil {
		t.Error(err)
	}
	for i := range all {
		if _, err := all[i].parse(&place{host: "h", get: "/", post: "/", token: "T"}); err != nil {
			t.Error(err)
		}
	}
}

// An ID that was published once is kept for ever: results are compared by it.
func TestIDs(t *testing.T) {
	const name = "testdata/ids.txt"
	b, err := os.ReadFile(name)
	if err != nil && !*update {
		t.Fatal(err)
	}
	published := strings.Fields(string(b))
	var now []string
	for _, s := range Catalogue(true, true) {
		now = append(now, s.ID)
		if !slices.Contains(published, s.ID) {
			published = append(published, s.ID)
			if !*update {
				t.Errorf("%s is not in %s: go test -run TestIDs -update", s.ID, name)
			}
		}
	}
	for _, id := range published {
		if !slices.Contains(now, id) {
			t.Errorf("%s was published, and is no more", id)
		}
	}
	if *update {
		if err := os.WriteFile(name, []byte(strings.Join(published, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGrade(t *testing.T) {
	for _, tt := range []struct {
		level Level
		found Verdict
		want  Verdict
		as    Level
	}{
		{Must, Lax, Lax, Must},
		{Should, Lax, Lax, Should},
		{May, Lax, Lenient, May},
		{Policy, Lax, Lax, Policy},
		{Policy, Desync, Desync, Must},
		{May, Crash, Crash, Must},
		{Must, ResetSeen, ResetSeen, Should},
		{Policy, ResetSeen, ResetSeen, Policy},
		{Must, Broken, Broken, Should},
		{Must, OK, OK, Must},
	} {
		s := &Scenario{Level: tt.level}
		if v, l, _ := s.grade(tt.found); v != tt.want || l != tt.as {
			t.Errorf("%s %s is graded as %s %s, want %s %s", tt.level, tt.found, l, v, tt.as, tt.want)
		}
	}
}

func TestFailOn(t *testing.T) {
	t.Parallel()
	must, policy := toy(lax).start(t), toy(hurrying).start(t)
	for _, tt := range []struct {
		args   string
		status int
	}{
		{"-only head-no-host " + must, 1},
		{"-fail-on never -only head-no-host " + must, 0},
		{"-only early-16-mib-answered-after-4 " + policy, 0},
		{"-fail-on MAY -only early-16-mib-answered-after-4 " + policy, 0},
		{"-fail-on policy -only early-16-mib-answered-after-4 " + policy, 1},
		{"-only head-a-folded-line " + must, 0},
		{"-fail-on nonsense " + must, 2},
	} {
		var out bytes.Buffer
		if status := Main(strings.Fields(tt.args), &out, &out); status != tt.status {
			t.Errorf("%s: exit status %d, want %d\n%s", tt.args, status, tt.status, &out)
		}
	}
}

// A fault that comes two times in three is reported with its number.
func TestTries(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	url := toy(func(c *net.TCPConn, r *bufio.Reader) {
		for {
			req, err := readToy(r)
			if err != nil || req.skip(r) != nil {
				return
			}
			if req.fields == "" && n.Add(1) == 2 {
				return
			}
			req.answer(c)
		}
	}).start(t)
	var out, errs bytes.Buffer
	Main([]string{"-only", "head-no-host", url}, &out, &errs)
	if !strings.Contains(out.String(), "[MUST, RFC 9112 §3.2; 2 of 3]") {
		t.Errorf("%s%s", &out, &errs)
	}
	out.Reset()
	n.Store(0)
	Main([]string{"-json", "-only", "head-no-host", url}, &out, &errs)
	var rep struct {
		Version   int
		Scenarios []struct {
			ID, Level, Verdict, Section string
			Times, Tries                int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil || rep.Version != 1 || len(rep.Scenarios) != 1 {
		t.Fatalf("%v: %s", err, &out)
	}
	s := rep.Scenarios[0]
	if s.ID != "head-no-host" || s.Level != "MUST" || s.Verdict != "LAX" || s.Section != "RFC 9112 §3.2" || s.Times != 2 || s.Tries != 3 {
		t.Errorf("%+v", s)
	}
}
