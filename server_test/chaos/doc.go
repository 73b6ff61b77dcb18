// Package chaos lets everything that may happen to a server happen at once, over real sockets.
package chaos
