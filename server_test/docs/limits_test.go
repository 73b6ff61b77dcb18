// The page of limits names every limit once, with its default and with what a negative value does.

package docs_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

var limitRow = regexp.MustCompile("(?m)^\\| `([A-Z][A-Za-z]*)` \\| ([^|]*) \\| ([^|]*) \\|")

func TestLimits(t *testing.T) {
	defaults := reflect.ValueOf(conn.Share(conn.Config{}).Limits)
	negative := reflect.New(defaults.Type()).Elem()
	for i := range negative.NumField() {
		negative.Field(i).SetInt(-1)
	}
	off := reflect.ValueOf(conn.Share(conn.Config{Limits: negative.Interface().(conn.Limits)}).Limits)
	rows := map[string][2]string{}
	for _, m := range limitRow.FindAllStringSubmatch(read(t, "docs/limits.md"), -1) {
		if _, twice := rows[m[1]]; twice {
			t.Errorf("docs/limits.md: two rows for %s", m[1])
		}
		rows[m[1]] = [2]string{m[2], m[3]}
	}
	for i := range defaults.NumField() {
		name := defaults.Type().Field(i).Name
		want := [2]string{"off", "off"}
		isOff := defaults.Field(i).Int() == off.Field(i).Int()
		if v := defaults.Field(i).Int(); v != 0 && v != 1<<63-1 {
			want[0] = inUnits(name, defaults.Field(i))
			if isOff {
				want[1] = "the default"
			}
		}
		if got, ok := rows[name]; !ok {
			t.Errorf("docs/limits.md has no row for %s; it begins | `%s` | %s | %s |", name, name, want[0], want[1])
		} else if got != want {
			t.Errorf("docs/limits.md says of %s that it is %q, and if negative %q; want %q", name, got[0], got[1], want)
		}
		delete(rows, name)
	}
	none := server.Server{}
	for name, most := range map[string]int{"MaxConns": none.MaxConns, "MaxConnsPerClient": none.MaxConnsPerClient} {
		if got := rows[name]; got != [2]string{"off", "off"} || most != 0 {
			t.Errorf("docs/limits.md says of %s %q", name, got)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("docs/limits.md has a row for %s, which is no limit", name)
	}
}

// inUnits writes a limit as a reader would.
func inUnits(name string, v reflect.Value) string {
	if d, ok := v.Interface().(time.Duration); ok {
		if d < time.Second {
			return fmt.Sprintf("%d ms", d.Milliseconds())
		}
		return fmt.Sprintf("%g s", d.Seconds())
	}
	n := v.Int()
	if !strings.HasSuffix(name, "Bytes") && name != "LingerRate" {
		return fmt.Sprint(n)
	}
	for _, unit := range []string{"", " KiB", " MiB", " GiB"} {
		if n < 1024 || n%1024 != 0 {
			return strings.TrimSpace(fmt.Sprintf("%d%s", n, unit))
		}
		n /= 1024
	}
	return fmt.Sprint(v.Int())
}

// TestTheMemoryFormula counts again what the page says that a connection may hold with the defaults.
func TestTheMemoryFormula(t *testing.T) {
	l := conn.Share(conn.Config{}).Limits
	most := 3*l.HeadBytes + l.TrailerBytes + 64*l.Fields + 72<<10 + 3*int(min(l.DrainBytes, 1<<20))
	const formula = "MaxConns × (3 × HeadBytes + TrailerBytes + 64 × Fields + 72 KiB + 3 × min(DrainBytes, 1 MiB))"
	page := read(t, "docs/limits.md")
	kib := most >> 10
	for _, want := range []string{formula, fmt.Sprintf("%d,%03d KiB a connection", kib/1000, kib%1000)} {
		if !strings.Contains(page, want) {
			t.Errorf("docs/limits.md does not say %q", want)
		}
	}
}
