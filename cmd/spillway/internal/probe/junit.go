// The report as JUnit's XML, in the form that CI systems have in common.

package probe

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Suites []*junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Skipped *junitSkipped `xml:"skipped"`
	Error   *junitFault   `xml:"error"`
	Failure *junitFault   `xml:"failure"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitFault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a suite for each group. Faults that fail are failures, known ones are skipped, and others pass with their
// dialogue as output.
func (r *Report) writeJUnit(w io.Writer, fail failOn) error {
	all := &junitSuites{Name: "spillway probe of " + plainText(r.URL, 200)}
	all.Time = seconds(1000 * r.Seconds)
	for i := range r.Results {
		res := &r.Results[i]
		all.add(r, res.Group, res.Millis, res.junit(fail))
	}
	for _, u := range r.Unlisted {
		for _, v := range verdicts {
			if n := u.Verdicts[v]; n > 0 {
				all.add(r, u.Group, 0, junitCase{Name: fmt.Sprintf("%s: %s", plural(n, "scenario"), v)})
			}
		}
	}
	for _, remark := range r.Remarks {
		all.add(r, "the probe", 0, junitCase{Name: "what no scenario explains", Failure: &junitFault{Message: plainText(remark, 400), Type: "remark"}})
	}
	if r.Error != "" {
		all.add(r, "the probe", 0, junitCase{Name: "comes to its end", Error: &junitFault{Message: plainText(r.Error, 400), Type: "error"}})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", " ")
	return enc.Encode(all)
}

// add adds a case to the suite of its group, and counts it.
func (s *junitSuites) add(r *Report, group string, millis float64, c junitCase) {
	if n := len(s.Suites); n == 0 || s.Suites[n-1].Name != group {
		s.Suites = append(s.Suites, &junitSuite{Name: group, Timestamp: r.When.Format("2006-01-02T15:04:05")})
		s.Suites[n].Time = seconds(0)
	}
	suite := s.Suites[len(s.Suites)-1]
	c.Class, c.Time = "probe."+group, seconds(millis)
	suite.Cases = append(suite.Cases, c)
	for _, counts := range []*junitCounts{&s.junitCounts, &suite.junitCounts} {
		counts.Tests++
		switch {
		case c.Failure != nil:
			counts.Failures++
		case c.Error != nil:
			counts.Errors++
		case c.Skipped != nil:
			counts.Skipped++
		}
	}
}

// junit returns the result as a case.
func (res *Result) junit(fail failOn) junitCase {
	c := junitCase{Name: res.ID + ": " + res.Name}
	message := fmt.Sprintf("%s: %s", res.Verdict, res.sentence())
	switch {
	case fail.fails(res):
		c.Failure = &junitFault{Message: message, Type: string(res.Verdict), Text: res.transcript()}
	case res.Known:
		c.Skipped = &junitSkipped{message}
	case res.Verdict.Fault():
		c.Out = message + "\n" + res.transcript()
	}
	return c
}

// transcript is the dialogue, with the advice before it.
func (res *Result) transcript() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", res.Why, res.Advice)
	for _, st := range res.Steps {
		for _, line := range st.Lines {
			fmt.Fprintln(&b, line)
		}
		for _, line := range st.Stray {
			fmt.Fprintln(&b, line+"   <-- stray")
		}
	}
	return b.String()
}

func seconds(millis float64) string { return fmt.Sprintf("%.3f", millis/1000) }
