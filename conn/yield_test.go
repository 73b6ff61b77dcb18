// When a connection lets others have their turn before it waits, and when it stops to.

package conn

import (
	"runtime"
	"testing"
	"time"
)

// A connection that yields in vain does so ever less often, and as always again when a request has come.
func TestYieldingInVain(t *testing.T) {
	var y yielding
	for range fewMisses - 1 {
		if y.rest() {
			t.Fatal("it rests before it has been in vain so often")
		}
		y.learn(y.waits + 1)
	}
	for _, want := range []int{1, 2, 4, 8, 16, 32, 64, 64} {
		y.learn(y.waits + 1)
		rested := 0
		for y.rest() {
			rested++
		}
		if rested != want {
			t.Errorf("it rests for %d requests, not %d", rested, want)
		}
	}
	y.learn(y.waits)
	for range fewMisses - 1 {
		y.learn(y.waits + 1)
		if y.rest() {
			t.Error("it rests soon after a request had come")
		}
	}
}

// What an exchange has done is known by what had been done before it.
func TestYieldingKnowsTheExchange(t *testing.T) {
	var y yielding
	for _, step := range []struct {
		waits, moved  int64
		waited, small bool
	}{
		{0, 100, false, true},
		{1, 200, true, true},
		{1, 200 + smallExchange, false, true},
		{3, 201 + 2*smallExchange, true, false},
		{3, 202 + 2*smallExchange, false, true},
	} {
		if waited, small := y.exchanged(step.waits, step.moved); waited != step.waited || small != step.small {
			t.Errorf("at %d waits and %d bytes: waited %v, small %v", step.waits, step.moved, waited, small)
		}
	}
}

// Nobody yields for long without that somebody has waited: while all want to run, the scheduler does not look at the network.
func TestYieldingLeavesTimeForTheNetwork(t *testing.T) {
	var y yields
	if !y.unwatched(0) || !y.unwatched(time.Second) {
		t.Error("they yield before anybody has waited")
	}
	at := time.Minute
	y.watched(at)
	if y.unwatched(at) || y.unwatched(at+mostUnwatched-1) {
		t.Error("they do not yield although somebody has waited")
	}
	if !y.unwatched(at + mostUnwatched) {
		t.Error("they go on when nobody has waited since")
	}
	for range 100 {
		at += mostUnwatched / 10
		y.watched(at)
		if y.unwatched(at + mostUnwatched/2) {
			t.Fatalf("at %v they do not yield although somebody waits each time", at)
		}
	}
}

// Where the others' turns take long, they are waited for a small part of the time only.
func TestYieldingIsNotForLongTurns(t *testing.T) {
	const turns = 20 * time.Millisecond
	var y yields
	lost, now := time.Duration(0), time.Minute
	for end := now + time.Minute; now < end; now += time.Millisecond / 4 {
		if !y.rest(now) {
			y.took(now, now+turns)
			lost += turns
			now += turns
		}
	}
	if lost == 0 || lost > time.Minute/rests {
		t.Errorf("they wait for %v of a minute", lost)
	}
	now += time.Minute
	y.took(now, now+yieldFor)
	if y.rest(now + yieldFor) {
		t.Error("they rest although the others' turns are short")
	}
}

// With several processors nobody yields.
func TestYieldingIsForOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	if !Share(Config{}).yields.rest(time.Hour) {
		t.Error("they yield with two processors")
	}
	runtime.GOMAXPROCS(1)
	if Share(Config{}).yields.rest(time.Hour) {
		t.Error("they do not yield with one processor")
	}
}
