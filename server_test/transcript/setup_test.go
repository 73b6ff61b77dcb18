// The server section of a transcript.

package transcript_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// setup is what the server section says.
type setup struct {
	handlers map[string]recipe // by path; "" is for all others
	limits   server.Limits
	maxConns int
	links    []servertest.Link // none: whatever the mode says
	once     string            // why the client's bytes cannot be split
	socket   string            // why the server's end must be able to half-close, or to reset
}

// settings are the words of the server section that take their values in order.
var settings = map[string]func(*setup) []any{
	"header-timeout": func(s *setup) []any { return []any{&s.limits.ReadHeaderTimeout} },
	"read-timeout":   func(s *setup) []any { return []any{&s.limits.ReadTimeout} },
	"write-timeout":  func(s *setup) []any { return []any{&s.limits.WriteTimeout} },
	"idle-timeout":   func(s *setup) []any { return []any{&s.limits.IdleTimeout} },
	"head-bytes":     func(s *setup) []any { return []any{&s.limits.HeadBytes} },
	"target-bytes":   func(s *setup) []any { return []any{&s.limits.TargetBytes} },
	"fields":         func(s *setup) []any { return []any{&s.limits.Fields} },
	"trailer-bytes":  func(s *setup) []any { return []any{&s.limits.TrailerBytes} },
	"chunk-ext":      func(s *setup) []any { return []any{&s.limits.ChunkExtBytes} },
	"chunk-overhead": func(s *setup) []any { return []any{&s.limits.ChunkOverheadBytes} },
	"body-bytes":     func(s *setup) []any { return []any{&s.limits.BodyBytes} },
	"drain":          func(s *setup) []any { return []any{&s.limits.DrainBytes, &s.limits.DrainTimeout} },
	"min-read-rate":  func(s *setup) []any { return []any{&s.limits.MinReadRate} },
	"min-write-rate": func(s *setup) []any { return []any{&s.limits.MinWriteRate} },
	"rate-grace":     func(s *setup) []any { return []any{&s.limits.RateGrace} },
	"stall-timeout":  func(s *setup) []any { return []any{&s.limits.StallTimeout} },
	"linger": func(s *setup) []any {
		return []any{&s.limits.LingerTimeout, &s.limits.LingerIdle, &s.limits.LingerBytes}
	},
	"max-lingering":  func(s *setup) []any { return []any{&s.limits.MaxLingering} },
	"shutdown-grace": func(s *setup) []any { return []any{&s.limits.ShutdownGrace} },
	"max-conns":      func(s *setup) []any { return []any{&s.maxConns} },
}

// parseSetup parses the server section.
func parseSetup(text string) (setup, error) {
	s := setup{handlers: make(map[string]recipe)}
	text = strings.ReplaceAll(text, "\n ", " ")
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		word, args, _ := strings.Cut(l, " ")
		if err := s.set(word, strings.TrimSpace(args)); err != nil {
			return s, fmt.Errorf(" server section: %s: %v", l, err)
		}
	}
	if len(s.handlers) == 0 {
		s.handlers[""], _ = parseRecipe("hello")
	}
	return s, nil
}

func (s *setup) set(word, args string) (err error) {
	switch word {
	case "once:":
		s.once = args
		return nil
	case "socket:":
		s.socket = args
		return nil
	case "link":
		return s.setLink(strings.Fields(args))
	case "handler":
		path := ""
		if strings.HasPrefix(args, "/") {
			path, args, _ = strings.Cut(args, " ")
		}
		s.handlers[path], err = parseRecipe(args)
		return err
	}
	fields, ok := settings[word]
	if !ok {
		return fmt.Errorf("unknown word")
	}
	values, into := strings.Fields(args), fields(s)
	if len(values) == 0 || len(values) > len(into) {
		return fmt.Errorf("wants up to %d values", len(into))
	}
	for i, v := range values {
		if err := setValue(into[i], v); err != nil {
			return err
		}
	}
	return nil
}

// setLink parses "[up|down] [buffer SIZE] [rate SIZE] [delay TIME]".
func (s *setup) setLink(words []string) error {
	if len(s.links) == 0 {
		s.links = make([]servertest.Link, 2)
	}
	links := s.links
	if len(words) > 0 && (words[0] == "up" || words[0] == "down") {
		links = s.links[:1]
		if words[0] == "down" {
			links = s.links[1:]
		}
		words = words[1:]
	}
	for ; len(words) >= 2; words = words[2:] {
		for i := range links {
			var into any
			switch words[0] {
			case "buffer":
				into = &links[i].Buffer
			case "rate":
				into = &links[i].Rate
			case "delay":
				into = &links[i].Delay
			}
			if err := setValue(into, words[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// setValue parses a time or a number, which may have the unit B, KiB or MiB; "off" is -1, which turns a limit off.
func setValue(into any, v string) error {
	if into, ok := into.(*time.Duration); ok {
		d, err := time.ParseDuration(v)
		if v == "off" {
			d, err = -1, nil
		}
		*into = d
		return err
	}
	n, err := parseSize(v)
	switch into := into.(type) {
	case *int:
		*into = int(n)
	case *int64:
		*into = n
	default:
		return fmt.Errorf("unknown word")
	}
	return err
}

func parseSize(v string) (int64, error) {
	if v == "off" {
		return -1, nil
	}
	unit := int64(1)
	switch {
	case strings.HasSuffix(v, "KiB"):
		unit = 1 << 10
	case strings.HasSuffix(v, "MiB"):
		unit = 1 << 20
	}
	n, err := strconv.ParseInt(strings.TrimRight(v, "KMiB"), 10, 64)
	return n * unit, err
}
