// Package model runs every small case of a request with content through the real loop, and compares what becomes of it
// with a table written by hand.
package model
