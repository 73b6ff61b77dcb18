// Here the race detector is off.

//go:build !race

package conn_test

const raceEnabled = false
