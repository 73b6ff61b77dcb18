// The faults as SARIF 2.1.0, the form in which findings are exchanged.

package probe

import (
	"encoding/json"
	"io"
	"time"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage    = "https://github.com/spillway-go/spillway"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	URI   string      `json:"informationUri"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
	Full  sarifText `json:"fullDescription"`
	Help  sarifText `json:"help"`
	More  struct {
		Level   Level  `json:"level"`
		Section string `json:"section"`
	} `json:"properties"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful bool        `json:"executionSuccessful"`
	Start      string      `json:"startTimeUtc"`
	Notes      []sarifNote `json:"toolExecutionNotifications,omitempty"`
}

type sarifNote struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	Rule         string             `json:"ruleId"`
	Index        int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	State        string             `json:"baselineState,omitempty"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	More         struct {
		Verdict Verdict `json:"verdict"`
		Times   int     `json:"times"`
		Tries   int     `json:"tries"`
	} `json:"properties"`
}

type sarifSuppression struct {
	Kind string `json:"kind"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
	} `json:"physicalLocation"`
}

// writeSARIF writes a rule and a result for each fault. Those that fail are errors, known ones notes, and others warnings.
func (r *Report) writeSARIF(w io.Writer, fail failOn) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "spillway probe", URI: homepage, Rules: []sarifRule{}}
	run.Invocations = []sarifInvocation{{Successful: r.Error == "", Start: r.When.Format(time.RFC3339)}}
	for i := range r.Results {
		res := &r.Results[i]
		if !res.Verdict.Fault() {
			continue
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, res.sarifRule())
		run.Results = append(run.Results, r.sarifResult(res, len(run.Results), fail))
	}
	for _, text := range append(r.Remarks[:len(r.Remarks):len(r.Remarks)], r.Error) {
		if text != "" {
			notes := &run.Invocations[0].Notes
			*notes = append(*notes, sarifNote{"error", sarifText{plainText(text, 400)}})
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func (res *Result) sarifRule() sarifRule {
	rule := sarifRule{ID: res.ID, Short: sarifText{res.Group + ": " + res.Name}, Full: sarifText{res.Why}, Help: sarifText{res.Advice}}
	rule.More.Level, rule.More.Section = res.Level, res.Section
	return rule
}

func (r *Report) sarifResult(res *Result, index int, fail failOn) sarifResult {
	s := sarifResult{
		Rule: res.ID, Index: index, Level: "warning", Message: sarifText{string(res.Verdict) + ": " + res.sentence()},
		Fingerprints: map[string]string{"scenario/v1": res.ID + " " + string(res.Verdict)},
	}
	if fail.fails(res) {
		s.Level = "error"
	}
	if r.compared {
		s.State = "new"
	}
	if res.Known {
		s.Level, s.State, s.Suppressions = "note", "unchanged", []sarifSuppression{{"external"}}
	}
	s.Locations = make([]sarifLocation, 1)
	s.Locations[0].Physical.Artifact.URI = r.URL
	s.More.Verdict, s.More.Times, s.More.Tries = res.Verdict, res.Times, res.Tries
	return s
}
