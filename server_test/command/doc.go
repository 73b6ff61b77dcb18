// Package command runs spillway serve as anybody runs it: its routes, its flags, the signals that end it, and the reports
// that it is there to put to rest.
package command
