// Package lab is a set of routes that each leave the request's content in a different state, so that anybody can see what
// the connection does next.
//
// The routes are a contract, and stand here twice: written against package server's own handler type in native.go, and
// as one http.Handler for the adapter. What both say and remember is in the other files.
package lab

// Lab is what the routes remember. The zero Lab is ready for use.
type Lab struct {
	notes notes
}

// plainText is the Content-Type of every response whose route has no other.
const plainText = "text/plain; charset=utf-8"
