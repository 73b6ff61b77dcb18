// A report on disk: report.json, report.md and the plots.

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Write writes the report into a directory.
func Write(dir string, r *Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var lines bytes.Buffer
	if err := pretty(&lines, text, ""); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	lines.WriteByte('\n')
	files := map[string][]byte{"report.json": lines.Bytes(), "report.md": Markdown(r)}
	for name, draw := range Plots {
		if svg := draw(r); svg != nil {
			files[name] = svg
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Read reads a report.json.
func Read(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("report: %s: %w", filepath.Base(path), err)
	}
	return r, nil
}

// lineBytes is how long a value may be that stands on one line.
const lineBytes = 400

// pretty writes JSON so that a person can read it and a diff shows what has changed: what is short on one line.
func pretty(out *bytes.Buffer, value json.RawMessage, indent string) error {
	if len(value) <= lineBytes || value[0] != '{' && value[0] != '[' {
		out.Write(value)
		return nil
	}
	in := json.NewDecoder(bytes.NewReader(value))
	if _, err := in.Token(); err != nil {
		return err
	}
	out.WriteByte(value[0])
	inner := indent + " "
	for first := true; in.More(); first = false {
		if !first {
			out.WriteByte(',')
		}
		out.WriteString("\n" + inner)
		if value[0] == '{' {
			name, err := in.Token()
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%q: ", name)
		}
		var v json.RawMessage
		if err := in.Decode(&v); err != nil {
			return err
		}
		if err := pretty(out, v, inner); err != nil {
			return err
		}
	}
	out.WriteString("\n" + indent)
	out.WriteByte(value[len(value)-1])
	return nil
}
