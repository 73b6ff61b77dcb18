// The commands are found here; each has a file of its own.

// Command spillway runs the lab server, whose routes each leave the request body in a different state, and probes any
// server for faults in how it keeps its connections.
//
//	spillway serve -addr 127.0.0.1:8080
//	spillway probe http://127.0.0.1:8080/
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/spillway-go/spillway/cmd/spillway/internal/chain"
	"github.com/spillway-go/spillway/cmd/spillway/internal/explain"
	"github.com/spillway-go/spillway/cmd/spillway/internal/probe"
	"github.com/spillway-go/spillway/cmd/spillway/internal/replay"
)

const usage = `usage: spillway <command> [flags]

commands:
  serve    run the lab server; "spillway serve -h" lists its flags and routes
  probe    probe a server's keep-alive; "spillway probe -h" says how,
           and "spillway probe chain -h" how a proxy and its backend
  explain  print how spillway reads a client's bytes; "spillway explain -h" says how
  replay   play a captured dialogue against a server; "spillway replay -h" says how
  version  print the version, and from what it was built
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs a command and returns the exit status: 2 where the command line asks for what cannot be done, 1 for what goes
// wrong later.
func run(args []string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	var err error
	switch command {
	case "serve":
		err = serve(args, stdout, stderr)
	case "probe":
		if len(args) > 0 && args[0] == "chain" {
			return chain.Main(args[1:], stdout, stderr)
		}
		return probe.Main(args, stdout, stderr)
	case "explain":
		err = misuse(explain.Main(args, os.Stdin, stdout))
	case "replay":
		return replay.Main(args, stdout, stderr)
	case "version":
		err = version(args, stdout)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
	case "":
		fmt.Fprint(stderr, usage)
		return 2
	default:
		err = &usageError{fmt.Errorf("spillway: unknown command %q; the commands are: serve, probe, explain, replay, version, help", command)}
	}
	return exitStatus(err, stderr)
}

// misuse makes an error of input or flags, nil included, one of the command line.
func misuse(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// usageError is an error of the command line.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func exitStatus(err error, stderr io.Writer) int {
	var misused *usageError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &misused):
		fmt.Fprintln(stderr, err)
		return 2
	}
	fmt.Fprintln(stderr, err)
	return 1
}
