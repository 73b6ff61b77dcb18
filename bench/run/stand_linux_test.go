// A round with a crowd beside a lone client.

package run

import (
	"errors"
	"testing"
	"time"

	"github.com/spillway-go/spillway/bench/load"
)

func TestTheCrowdsThroughputAndTheLoneClientsLatency(t *testing.T) {
	result := func(requests int64, window time.Duration, latency int64) *load.Result {
		m := &load.Result{Requests: requests, Total: requests + 5, Window: window, Server: window, Self: window / 2, User: 3, System: 7}
		m.Latency.Record(latency)
		return m
	}
	lone, crowd := result(10, time.Second, 3000), result(900, time.Second, 70000)
	one, latency := roundOf([]*load.Result{lone, crowd, crowd}, 2, 2)
	if one.PerSecond != 1800 || one.P99 < 2.9 || one.P99 > 3.1 || latency.N() != 1 || one.ServerBusy != 0.5 || one.UserTicks != 3 {
		t.Errorf("with a crowd: %+v", one)
	}
	if want := 1e6 / 1810.0; one.CPU < want*0.999 || one.CPU > want*1.001 {
		t.Errorf("CPU per request of either: %v, want %v", one.CPU, want)
	}
	one, latency = roundOf([]*load.Result{lone, crowd}, 0, 1)
	if one.PerSecond != 910 || one.P99 < 68 || latency.N() != 2 || one.LoadBusy != 0.5 {
		t.Errorf("two that share a case: %+v", one)
	}
	if one, _ := roundOf([]*load.Result{result(0, time.Second, 1)}, 0, 1); one != nil {
		t.Errorf("of nothing: %+v", one)
	}
}

func TestTheServersFaultIsToldFirst(t *testing.T) {
	wrong := &wrongError{"status 400"}
	if got := firstWrong([]error{errors.New("ended early"), wrong}); got != wrong {
		t.Errorf("%v", got)
	}
	if got := firstWrong([]error{errors.New("ended early")}); got == nil {
		t.Error("an error was lost")
	}
}
