// Package lab is a set of routes that each leave the request's content in a different state, so that anybody can see what
// the connection does next.
//
// The routes are a contract, whose table is in table.go. They stand here twice: written against package server's own handler
// type in native.go, and as one http.Handler for the adapter. What both say and remember is in the other files.
package lab

import (
	"net/http"

	"github.com/spillway-go/spillway/server"
)

// Lab is what the routes remember. The zero Lab is ready for use.
type Lab struct {
	TLS bool // it is served over TLS, and says so in its list of routes

	// Health, and StockHealth for the other API, is the server's answer to balancers.
	Health      server.Handler
	StockHealth http.Handler

	notes notes
}

// plainText is the Content-Type of every response whose route has no other.
const plainText = "text/plain; charset=utf-8"
