// The generator runs in a process of its own. It is told what to do in lines, and answers in lines of JSON.

package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
)

// Order is the first line that a generator is told.
type Order struct {
	Case   string        `json:"case"`
	Part   int           `json:"part"` // of the case's parts
	Most   int           `json:"most"` // connections; 0: as many as the case has
	Addr   string        `json:"addr"`
	PID    int           `json:"pid"`
	Warm   time.Duration `json:"warm"`
	Turns  int           `json:"turns"` // each connection has about so many before the window, however long that takes
	Window time.Duration `json:"window"`
}

// Answer is a line of a generator: that it is ready, or what it has measured, or why not.
type Answer struct {
	Ready  bool    `json:"ready,omitempty"`
	Result *Result `json:"result,omitempty"`
	Wrong  string  `json:"wrong,omitempty"` // the server's fault
	Failed string  `json:"failed,omitempty"`
}

// Run is a generator process: it reads an Order, connects and warms up, and answers that it is ready. When it is told "turn",
// every connection has one; when it is told "measure", it measures. It keeps its connections until its input ends.
func Run(in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	debug.SetGCPercent(1000)
	lines := bufio.NewScanner(in)
	to := json.NewEncoder(out)
	if !lines.Scan() {
		return lines.Err()
	}
	var order Order
	if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
		return fmt.Errorf("load: order: %w", err)
	}
	g, err := prepare(&order)
	if err != nil {
		return to.Encode(answerTo(err))
	}
	defer g.Close()
	if err := to.Encode(Answer{Ready: true}); err != nil {
		return err
	}
	for lines.Scan() {
		answer := Answer{Ready: true}
		switch lines.Text() {
		case "turn":
			err = g.Turn()
		case "measure":
			answer.Ready = false
			answer.Result, err = g.Measure(order.Window)
		default:
			return fmt.Errorf("load: what is %q?", lines.Text())
		}
		if err != nil {
			answer = answerTo(err)
		}
		if err := to.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func prepare(order *Order) (*Generator, error) {
	c, err := cases.Find(order.Case)
	if err != nil {
		return nil, err
	}
	c.Limit(order.Most)
	parts := c.Parts()
	if order.Part < 0 || order.Part >= len(parts) {
		return nil, fmt.Errorf("load: part %d of %d", order.Part, len(parts))
	}
	part := &parts[order.Part]
	if len(part.Crowd) > 0 {
		hurry()
	}
	g, err := New(part, order.Addr, order.PID)
	if err != nil {
		return nil, err
	}
	if err := g.makeReady(order); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// makeReady does what comes before a measurement.
func (g *Generator) makeReady(order *Order) error {
	switch {
	case g.c.Held > 0:
		return g.hold(g.c.Held)
	case g.c.Idle:
		return nil
	}
	if err := g.Warm(order.Warm, order.Turns); err != nil || g.c.Share == 0 {
		return err
	}
	m, err := g.Measure(order.Window)
	if err != nil {
		return err
	}
	g.c.Rate = max(int(g.c.Share*float64(m.Requests)/m.Window.Seconds()), 1)
	return nil
}

func answerTo(err error) Answer {
	var wrong *WrongError
	if errors.As(err, &wrong) {
		return Answer{Wrong: wrong.What}
	}
	return Answer{Failed: err.Error()}
}
