//go:build linux

// The peers that must not share a program with the others: what they link reserves memory and starts goroutines before main
// begins, which would be counted as the others' and would change how often they collect garbage.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/spillway-go/spillway/bench/servers"
)

var serve = map[string]func(net.Listener, *servers.Env) error{"hertz": serveHertz, "gnet": serveGnet}

// main is a server's process, and has the arguments of the benchmark's own: -server NAME -case ID -dir DIR.
func main() {
	name := flag.String("server", "", "which one")
	id := flag.String("case", "get-64", "the case to be served")
	dir := flag.String("dir", ".", "where the files and the certificate are")
	flag.Parse()
	if err := run(*name, *id, *dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name, id, dir string) error {
	s, err := servers.Find(name)
	if err != nil {
		return err
	}
	s.Serve = serve[name]
	return s.Run(id, dir, os.Stdin, os.Stdout)
}
