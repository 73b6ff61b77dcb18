// Package replay plays a captured dialogue again, against any server: one in the notation of package dialogue, such as the live
// page exports and tests have, or the client's side of captured packets.
package replay

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

const usage = `usage: spillway replay [flags] FILE [URL]

Plays a captured dialogue against the server at URL, http://127.0.0.1:8080 by default, and prints what was said. FILE
is in the kit's notation, as the live page exports it and transcripts have it, or a pcap file, of which the first TCP
connection counts; - is standard input. The client sends what it sent, pauses as it paused, and waits for as many
responses as there were.

Play only against servers that you may test.

Exit status: 0 the statuses are those in FILE, 1 they are not, or a response did not come, 2 it could not be played.

`

// mostFile is how long a file may be.
const mostFile = 128 << 20

// Main runs the command and returns its exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("spillway replay", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	patience := set.Duration("patience", 10*time.Second, "how long a response may take")
	insecure := set.Bool("k", false, "with https: whatever certificate the server has")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		set.SetOutput(stdout)
		set.PrintDefaults()
		return 0
	}
	if err == nil && (set.NArg() < 1 || set.NArg() > 2) {
		err = fmt.Errorf("it takes a file and a URL, behind the flags, and not %d arguments", set.NArg())
	}
	if err == nil && *patience <= 0 {
		err = fmt.Errorf("-patience %v is no time", *patience)
	}
	var outcome *Outcome
	if err == nil {
		outcome, err = run(set.Arg(0), set.Arg(1), *patience, *insecure, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "spillway replay: %s\n", dialogue.EncodeRow([]byte(err.Error())))
		return 2
	}
	return outcome.report(stdout)
}

// run plays the file against the server, and prints what was said.
func run(name, target string, patience time.Duration, insecure bool, stdout io.Writer) (*Outcome, error) {
	script, err := Load(name)
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	nc, err := dial(ctx, target, insecure)
	if err != nil {
		return nil, err
	}
	record, outcome := script.Play(ctx, nc, patience)
	fmt.Fprint(stdout, record)
	return outcome, nil
}

// Load reads a script from a file of either kind, or from standard input, "-".
func Load(name string) (*Script, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	b, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err == nil && len(b) > mostFile {
		err = fmt.Errorf("more than %d bytes", mostFile)
	}
	var s *Script
	switch {
	case err != nil:
	case isPcap(b):
		s, err = parsePcap(b)
	default:
		s, err = Parse(string(b))
	}
	if err != nil {
		return nil, fmt.Errorf("%.100q: %w", name, err)
	}
	return s, nil
}

// dial connects to the server of a URL.
func dial(ctx context.Context, target string, insecure bool) (net.Conn, error) {
	if target == "" {
		target = "http://127.0.0.1:8080"
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%.100q is not a URL like http://HOST:PORT", target)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	d := net.Dialer{}
	addr := net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "https" {
		secure := tls.Dialer{NetDialer: &d, Config: &tls.Config{InsecureSkipVerify: insecure, NextProtos: []string{"http/1.1"}}}
		return secure.DialContext(ctx, "tcp", addr)
	}
	return d.DialContext(ctx, "tcp", addr)
}

// report prints what came, beside what had come before, and returns the exit status.
func (o *Outcome) report(w io.Writer) int {
	fmt.Fprintln(w)
	for i, r := range o.Responses {
		got := "none"
		if r.Got != 0 {
			got = fmt.Sprint(r.Got)
		}
		if r.Want == 0 {
			fmt.Fprintf(w, "response %d: %s\n", i+1, got)
		} else {
			fmt.Fprintf(w, "response %d: %s, it was %d\n", i+1, got, r.Want)
		}
	}
	if err := o.Verdict(); err != nil {
		fmt.Fprintf(w, "not as it was: %s\n", dialogue.EncodeRow([]byte(err.Error())))
		return 1
	}
	fmt.Fprintln(w, "as it was")
	return 0
}
