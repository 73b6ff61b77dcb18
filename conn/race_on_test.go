// Here the race detector is on.

//go:build race

package conn_test

const raceEnabled = true
