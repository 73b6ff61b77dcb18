// Package load has a server with more clients than it has room for, and looks at what that costs.
package load
