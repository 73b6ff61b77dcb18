// Package api calls every exported method that a handler can reach, in every phase of an exchange, from the handler and
// from a goroutine that it has left behind: whatever is called, the exchange ends visibly or whole, and the next is right.
package api
