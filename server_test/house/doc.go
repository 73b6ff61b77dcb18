// Package house holds the rules of the repository itself: what may import what, how much a program links, and how its files
// are kept.
package house
