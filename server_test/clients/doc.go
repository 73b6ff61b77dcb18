// Package clients lets widely used clients, browsers and a proxy meet a server: curl, Chromium, nginx and the HTTP clients
// of several languages.
package clients
