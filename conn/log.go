// Where misdeeds of the program's are told. What clients do wrong is told to nobody but Debug.

package conn

import (
	"fmt"
	"log"
	"strconv"
	"strings"
)

// Logger takes messages with pairs of a key and a value behind them, as a *log/slog.Logger does. Its methods may be called from
// several goroutines at once.
type Logger interface {
	Debug(msg string, pairs ...any)
	Warn(msg string, pairs ...any)
	Error(msg string, pairs ...any)
}

// standardLog is package log's standard logger, which writes where log/slog.SetDefault says.
type standardLog struct{}

func (standardLog) Debug(string, ...any)           {}
func (standardLog) Warn(msg string, pairs ...any)  { log.Print("WARN ", msg, inWords(pairs)) }
func (standardLog) Error(msg string, pairs ...any) { log.Print("ERROR ", msg, inWords(pairs)) }

// inWords returns pairs as words of one line, but for a stack, which stands behind it. Values may hold bytes of a client's.
func inWords(pairs []any) string {
	var b strings.Builder
	stack := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		key, value := fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1])
		if key == "stack" {
			stack = "\n" + value
			continue
		}
		if quoted := strconv.Quote(value); value == "" || quoted != `"`+value+`"` || strings.ContainsAny(value, " =") {
			value = quoted
		}
		b.WriteString(" " + key + "=" + value)
	}
	return b.String() + stack
}
