// Package live holds what a server does over connections of every kind while clients come, stay, stall and go: what a
// handler is told of them, minimum rates, counters, and a shutdown.
package live
