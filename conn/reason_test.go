// The table of reasons and the other closed types are whole.

package conn

import (
	"strings"
	"testing"

	"github.com/spillway-go/spillway/body"
)

func TestTheTableOfReasonsIsWhole(t *testing.T) {
	seen := make(map[string]bool)
	for r := range Reason(Reasons) {
		name, text := r.String(), r.Text()
		if seen[name] || name == "" || name != strings.ToLower(name) {
			t.Errorf("%d: the name %q", r, name)
		}
		seen[name] = true
		if !strings.HasSuffix(text, ".") {
			t.Errorf("%v: the text %q", r, text)
		}
		if ends := r.Verdict() != VerdictReuse; ends != (r != ReasonNone) || r.Verdict() == VerdictPark {
			t.Errorf("%v: %v", r, r.Verdict())
		}
		if s := r.Section(); s != "" && !strings.HasPrefix(s, "RFC 9") {
			t.Errorf("%v: the section %q", r, s)
		}
		if int(r.Stage()) >= len(stageNames) {
			t.Errorf("%v: %v", r, r.Stage())
		}
	}
}

func TestLeftoverReasons(t *testing.T) {
	for l := range body.Leftover(body.Leftovers) {
		if l.Boundary() {
			continue
		}
		if got, want := leftoverReason(l).String(), "leftover "+l.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestValuesOutsideTheirSetAreNumbers(t *testing.T) {
	beyond := Reason(200)
	if beyond.Text() != "" || beyond.Section() != "" || beyond.Verdict() != VerdictClose || beyond.Stage() != StageAny {
		t.Error("a reason that is none has something to say")
	}
	for got, want := range map[string]string{
		beyond.String(): "Reason(200)", Verdict(200).String(): "Verdict(200)", Stage(200).String(): "Stage(200)",
		body.Leftover(200).String(): "Leftover(200)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
