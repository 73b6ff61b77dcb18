// The command line of spillway explain.

package explain

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const usage = `usage: spillway explain [flags] [FILE]

Reads what a client sends, from FILE or from standard input, and prints how spillway reads it: what each byte is, and
where a rule is broken; then what other readers make of it, and the first byte where readers differ.

    printf 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n' | spillway explain

`

// mostInput is how much is read.
const mostInput = 16 << 20

// Main runs the command.
func Main(args []string, stdin io.Reader, stdout io.Writer) error {
	set := flag.NewFlagSet("spillway explain", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	notation := set.Bool("notation", false, "the input is a dialogue in the kit's notation: its C: lines count")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		set.SetOutput(stdout)
		set.PrintDefaults()
		return nil
	}
	if err == nil && set.NArg() > 1 {
		err = fmt.Errorf("unexpected argument %.60q", set.Arg(1))
	}
	if err != nil {
		return fmt.Errorf("spillway explain: %w", err)
	}
	b, err := input(set.Arg(0), stdin)
	if err == nil && *notation {
		b, err = clientOf(b)
	}
	switch {
	case err != nil:
		return fmt.Errorf("spillway explain: %w", err)
	case len(b) == 0:
		return errors.New("spillway explain: the input is empty")
	}
	return Explain(stdout, b)
}

// input reads a file, or standard input where no name is given.
func input(name string, stdin io.Reader) ([]byte, error) {
	if name != "" && name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		stdin = f
	}
	b, err := io.ReadAll(io.LimitReader(stdin, mostInput+1))
	if err == nil && len(b) > mostInput {
		err = fmt.Errorf("the input has more than %d bytes", mostInput)
	}
	return b, err
}

// clientOf returns what the C: lines of a dialogue stand for.
func clientOf(text []byte) ([]byte, error) {
	var all bytes.Buffer
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if i := strings.Index(line, "C:"); i < 0 || strings.Trim(line[:i], " .0123456789") != "" {
			continue
		} else {
			line = strings.TrimPrefix(line[i+2:], " ")
		}
		if line == "<FIN>" || line == "<RST>" {
			continue
		}
		b, open, err := dialogue.Decode(line, nil)
		if err != nil {
			return nil, err
		}
		all.Write(b)
		if !open {
			all.WriteString("\r\n")
		}
		if all.Len() > mostInput {
			return nil, fmt.Errorf("the dialogue has more than %d bytes", mostInput)
		}
	}
	return all.Bytes(), nil
}
