// Package ecosystem holds tests that run other people's handlers, middlewares and clients on spillway, each doing what a
// user would do, and compare the outcome with the same handler on net/http. It is a module of its own, so that embedding
// spillway costs nobody these dependencies.
package ecosystem
