// The pages that are made from the table of differences: the package comment, which go doc shows, and docs/differences.md.

package nethttp_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages that are made from the table of differences")

// Each entry is shown by the test that its group names, and each row of these tests is an entry.
func TestTheTableOfDifferencesIsWhole(t *testing.T) {
	var entries, shown []string
	for _, group := range meant {
		for _, d := range group.entries {
			entries = append(entries, group.test+": "+d.name)
			for what, text := range map[string]string{"here": d.here, "concerns": d.concerns} {
				if text == "" || strings.HasSuffix(text, ".") {
					t.Errorf("%s: %s is %q", d.name, what, text)
				}
			}
			if !strings.Contains(d.here, "net/http") {
				t.Errorf("%s: it does not say what net/http does", d.name)
			}
			ofNone := d.section == "" && (group.title == "Logging" || group.test == byLives)
			if !strings.HasPrefix(d.section, "RFC ") && !ofNone {
				t.Errorf("%s: it does not say by which RFC", d.name)
			}
		}
	}
	for _, row := range differences {
		shown = append(shown, byExchanges+": "+row.name)
	}
	for _, row := range lives {
		shown = append(shown, byLives+": "+row.entry)
	}
	slices.Sort(entries)
	slices.Sort(shown)
	if shown = slices.Compact(shown); !slices.Equal(entries, shown) {
		t.Errorf("entries: %q\nrows:    %q", entries, shown)
	}
}

func TestThePagesOfDifferencesAreCurrent(t *testing.T) {
	const page, comment = "../../docs/differences.md", "doc.go"
	check := func(name string, made func(old string) string) {
		old, err := os.ReadFile(name)
		if err != nil && !*update {
			t.Fatal(err)
		}
		now := made(string(old))
		if now == string(old) {
			return
		}
		if !*update {
			t.Errorf("%s is not made from the table; go test ./server/nethttp -run Pages -update writes it", name)
		} else if err := os.WriteFile(name, []byte(now), 0o644); err != nil {
			t.Error(err)
		}
	}
	check(page, func(string) string { return differencesPage() })
	check(comment, func(old string) string {
		const begin, end = "// # Differences\n", "package nethttp\n"
		i, j := strings.Index(old, begin), strings.LastIndex(old, end)
		if i < 0 || j < i {
			t.Fatalf("%s has no %q before its %q", comment, begin, end)
		}
		return old[:i+len(begin)] + differencesComment() + old[j:]
	})
}

const intro = "All that can be seen from outside, and what is logged, is compared with net/http's, by tests that run a thousand " +
	"exchanges, and whole connections, on both. These differences are meant. Requests that net/http takes and spillway refuses get a 400 where no other status stands, " +
	"because two readers may take them to mean two things (RFC 9112 §11.2)."

// differencesComment returns the section of the package comment.
func differencesComment() string {
	var b strings.Builder
	b.WriteString("//\n" + wrap(intro, "// ", "// ") + "//\n// docs/differences.md says of each whom it concerns, and what to do.\n")
	for _, group := range meant {
		b.WriteString("//\n// " + group.title + ":\n//\n")
		for _, d := range group.entries {
			text := d.name + ": " + d.here
			if d.section != "" {
				text += " (" + d.section + ")"
			}
			b.WriteString(wrap(text+".", "//   - ", "//     "))
		}
	}
	return b.String()
}

// wrap breaks a text into lines of at most 120 bytes or so.
func wrap(text, first, rest string) string {
	const most = 120
	var b strings.Builder
	line := first
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word) > most {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = rest
		}
		line += word + " "
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

// differencesPage returns the page.
func differencesPage() string {
	var b strings.Builder
	b.WriteString("# Differences from net/http\n\nThis page, and the comment of package [nethttp](../server/nethttp/doc.go), are made from " +
		"one table. [Moving a program](upgrade.md) says how to find out which of these concern you.\n\n" + intro + "\n")
	for _, group := range meant {
		b.WriteString("\n## " + group.title + "\n\nShown by `" + group.test + "`.\n\n| difference | here, and on net/http | rule | whom it concerns | what to do |\n| --- | --- | --- | --- | --- |\n")
		for _, d := range group.entries {
			b.WriteString("| " + strings.Join([]string{d.name, d.here, d.section, d.concerns, d.remedy}, " | ") + " |\n")
		}
	}
	return b.String()
}
