// What the handlers of the transcripts do: each is a list of steps.
//
// A step that fails is noted ("! handler: read 3 bytes: body: …") and its error is what the handler returns; behind "try"
// it is noted only. In texts $method, $target, $host, $path, $query, $length (the declared one), $n (bytes read so far),
// $content (what was read so far), $trailers and $number stand for what they say,
// and ${Name} for a field's value.

package transcript_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

// ready are the handlers that most transcripts use; they do what the lab's routes of the same names do.
var ready = map[string]string{
	"hello":   `write hello`,
	"ignore":  `write ignored`,
	"consume": `read all; write consumed $n bytes`,
	"fail":    `panic out of order`,
	"inspect": `read all; write $method $target for $host: "$content"$trailers`,
	"echo":    `set Content-Type: text/plain; echo`,
}

// recipe is a handler before it is bound to a request.
type recipe []step

type step struct {
	verb, arg string
	try       bool
}

// verbs are the steps. Each gets the rest of the step's text.
var verbs = map[string]func(*cook, string) error{
	"read":           (*cook).read,  // read all, or N bytes, or up to N bytes, or once N bytes
	"echo":           (*cook).echo,  // sends each read back, flushed
	"write":          (*cook).write, // writes content
	"flush":          func(k *cook, _ string) error { return k.w.Flush() },
	"status":         func(k *cook, arg string) error { return k.w.SetStatus(number(arg)) },
	"set":            func(k *cook, arg string) error { return k.w.Set(field(arg)) },
	"add":            func(k *cook, arg string) error { return k.w.Add(field(arg)) },
	"del":            func(k *cook, arg string) error { k.w.Del(arg); return nil },
	"inform":         func(k *cook, arg string) error { return k.w.Inform(number(arg)) },
	"trailer":        func(k *cook, arg string) error { return k.w.SetTrailer(field(arg)) },
	"limit":          func(k *cook, arg string) error { k.r.Body.Limit(int64(number(arg))); return nil },
	"reject":         (*cook).reject, // 413 if more content is declared than this
	"drain":          (*cook).drain,  // sets the budget of this exchange
	"read-by":        func(k *cook, arg string) error { k.r.SetReadDeadline(in(arg)); return nil },
	"write-by":       func(k *cook, arg string) error { k.w.SetWriteDeadline(in(arg)); return nil },
	"min-read-rate":  func(k *cook, arg string) error { k.r.SetMinReadRate(int64(number(arg))); return nil },
	"min-write-rate": func(k *cook, arg string) error { k.w.SetMinWriteRate(int64(number(arg))); return nil },
	"stall-timeout":  func(k *cook, arg string) error { return k.w.SetStallTimeout(duration(arg)) },
	"declare":        func(k *cook, arg string) error { return k.w.SetContentLength(int64(number(arg))) },
	"change":         (*cook).change, // changes a member of the request: "change Path: /other"
	"sleep":          func(_ *cook, arg string) error { time.Sleep(duration(arg)); return nil },
	"gone":           (*cook).gone,    // waits until the context is done, or for so long
	"go":             (*cook).goRead,  // go [after TIME] read N: reads in a goroutine that outlives the handler
	"hijack":         (*cook).hijack,  // takes the connection over; from here on it is read, written and closed raw
	"send":           (*cook).sendRaw, // writes to the hijacked connection
	"receive":        (*cook).receive, // reads N bytes from it
	"close":          func(k *cook, _ string) error { return k.taken.Close() },
	"note":           func(k *cook, arg string) error { k.note(k.fill(arg)); return nil },
	"panic":          func(k *cook, arg string) error { panic(arg) },
	"abort":          func(*cook, string) error { return conn.ErrAbort },
	"error":          (*cook).failWith, // error TEXT, or error STATUS TEXT [| Name: value]… [| content]
	"stranger":       (*cook).strange,  // stranger STATUS TEXT: somebody else's error that has a status
}

// parseRecipe parses steps that are separated by semicolons.
func parseRecipe(text string) (recipe, error) {
	var all recipe
	for _, s := range strings.Split(strings.ReplaceAll(text, `\;`, "\x00"), ";") {
		s = strings.TrimSpace(strings.ReplaceAll(s, "\x00", `\;`))
		if steps, ok := ready[s]; ok && s != "echo" {
			more, err := parseRecipe(steps)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			continue
		}
		s, try := strings.CutPrefix(s, "try ")
		verb, arg, _ := strings.Cut(s, " ")
		if verbs[verb] == nil {
			return nil, fmt.Errorf("no step %q", s)
		}
		all = append(all, step{verb, arg, try})
	}
	return all, nil
}

// cook carries a recipe out.
type cook struct {
	w       *server.Response
	r       *server.Request
	player  *player
	conn    int
	content bytes.Buffer // what was read so far, unless it was much
	n       int64
	taken   *server.Hijacked
}

// Serve does what the transcript says for the request's path.
func (p *player) Serve(w *server.Response, r *server.Request) error {
	steps, ok := p.script.handlers[r.RawPath]
	if !ok {
		steps = p.script.handlers[""]
	}
	k := &cook{w: w, r: r, player: p, conn: int(r.ConnID())}
	for _, s := range steps {
		n := k.n
		err := verbs[s.verb](k, s.arg)
		if err == nil || err == conn.ErrAbort || s.verb == "error" || s.verb == "stranger" {
			if err != nil {
				return err
			}
			continue
		}
		did := s.verb
		if s.verb == "read" || s.verb == "echo" {
			did = fmt.Sprintf("%s %d bytes", s.verb, k.n-n)
		}
		k.note(fmt.Sprintf("%s: %v", did, err))
		if !s.try {
			return err
		}
	}
	return nil
}

func (k *cook) note(what string) { k.player.note(k.conn, "handler: "+what) }

const remembered = 1 << 10 // content bytes

func (k *cook) keep(b []byte) {
	k.n += int64(len(b))
	k.content.Write(b[:min(len(b), remembered-k.content.Len())])
}

// Write is for io.Copy from the content.
func (k *cook) Write(b []byte) (int, error) {
	k.keep(b)
	return len(b), nil
}

func (k *cook) read(arg string) error {
	most, atMost := strings.CutPrefix(arg, "up to ")
	one, once := strings.CutPrefix(most, "once ")
	switch {
	case arg == "all":
		_, err := io.Copy(k, k.r.Body)
		return err
	case once:
		b := make([]byte, number(one))
		n, err := k.r.Body.Read(b)
		k.keep(b[:n])
		if err == io.EOF {
			err = nil
		}
		return err
	}
	_, err := io.CopyN(k, k.r.Body, int64(number(most)))
	if atMost && err == io.EOF {
		err = nil
	}
	return err
}

func (k *cook) echo(string) error {
	b := make([]byte, 32<<10)
	for {
		n, err := k.r.Body.Read(b)
		k.keep(b[:n])
		if n > 0 {
			if _, err := k.w.Write(b[:n]); err != nil {
				return err
			}
			if err := k.w.Flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (k *cook) write(arg string) error {
	_, err := k.w.Write([]byte(k.fill(arg)))
	return err
}

func (k *cook) reject(arg string) error {
	if most := int64(number(arg)); k.r.ContentLength > most {
		return &server.StatusError{Status: 413, Reason: fmt.Sprintf("too large: the limit is %d bytes", most)}
	}
	return nil
}

func (k *cook) drain(arg string) error {
	size, within, _ := strings.Cut(arg, " ")
	n, err := parseSize(size)
	k.r.SetDrain(n, duration(within))
	return err
}

func (k *cook) gone(arg string) error {
	var enough <-chan time.Time
	if arg != "" {
		enough = time.After(duration(arg))
	}
	select {
	case <-k.r.Context().Done():
	case <-enough:
	}
	return k.r.Context().Err()
}

func (k *cook) goRead(arg string) error {
	after, size, _ := strings.Cut(arg, "read ")
	b := make([]byte, number(size))
	content := k.r.Body
	go func() {
		if after != "" {
			time.Sleep(duration(strings.TrimSpace(strings.TrimPrefix(after, "after "))))
		}
		n, err := content.Read(b)
		k.player.note(k.conn, fmt.Sprintf("goroutine: read %q: %v", b[:n], err))
	}()
	return nil
}

func (k *cook) hijack(string) error {
	taken, err := k.w.Hijack()
	if err == nil {
		k.taken = taken
	}
	return err
}

func (k *cook) sendRaw(arg string) error {
	_, err := k.taken.Write([]byte(k.fill(arg)))
	return err
}

func (k *cook) receive(arg string) error {
	if arg == "all" {
		_, err := io.Copy(k, k.taken)
		return err
	}
	_, err := io.CopyN(k, k.taken, int64(number(arg)))
	return err
}

func (k *cook) failWith(arg string) error {
	code, text, _ := strings.Cut(arg, " ")
	n, err := strconv.Atoi(code)
	if err != nil {
		return errors.New(arg)
	}
	parts := strings.Split(k.fill(text), " | ")
	e := &server.StatusError{Status: n, Reason: parts[0]}
	for _, part := range parts[1:] {
		switch name, value, ok := strings.Cut(part, ": "); {
		case !ok:
			e.Content = part
		case name == "Content-Type":
			e.ContentType = value
		default:
			e.Fields = append(e.Fields, conn.Field{Name: name, Value: value})
		}
	}
	return e
}

// stranger is an error as other packages have it.
type stranger struct {
	status int
	text   string
}

func (s *stranger) Error() string   { return s.text }
func (s *stranger) StatusCode() int { return s.status }

func (k *cook) strange(arg string) error {
	code, text, _ := strings.Cut(arg, " ")
	return fmt.Errorf("cannot store: %w", &stranger{number(code), text})
}

func (k *cook) change(arg string) error {
	name, value, _ := strings.Cut(arg, ": ")
	r := k.r
	switch name {
	case "ContentLength":
		r.ContentLength = int64(number(value))
	case "Fields":
		r.Fields = server.Fields{}
	default:
		*map[string]*string{
			"Method": &r.Method, "Target": &r.Target, "Path": &r.RawPath, "Query": &r.RawQuery, "Host": &r.Host, "Proto": &r.Proto,
		}[name] = value
	}
	return nil
}

// fill writes out a text.
func (k *cook) fill(text string) string {
	b, _, err := dialogue.Decode(strings.ReplaceAll(text, `\$`, "\x00"), nil)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(os.Expand(string(b), k.value), "\x00", "$")
}

func (k *cook) value(name string) string {
	r := k.r
	switch name {
	case "method":
		return r.Method
	case "target":
		return r.Target
	case "host":
		return r.Host
	case "path":
		return r.RawPath
	case "query":
		return r.RawQuery
	case "length":
		return strconv.FormatInt(r.ContentLength, 10)
	case "n":
		return strconv.FormatInt(k.n, 10)
	case "content":
		return strings.Trim(strconv.Quote(k.content.String()), `"`)
	case "number":
		return strconv.Itoa(r.Number())
	case "trailers":
		s := ""
		for name, value := range r.Body.Trailers().All() {
			s += " " + name + "=" + value
		}
		return s
	}
	return r.Fields.Get(name)
}

func number(arg string) int {
	n, err := parseSize(arg)
	if err != nil {
		panic(err)
	}
	return int(n)
}

func duration(arg string) time.Duration {
	d, err := time.ParseDuration(arg)
	if err != nil {
		panic(err)
	}
	return d
}

// in returns the time that lies so far ahead; "never" is the zero time.
func in(arg string) time.Time {
	if arg == "never" {
		return time.Time{}
	}
	return time.Now().Add(duration(arg))
}

func field(arg string) (name, value string) {
	name, value, _ = strings.Cut(arg, ":")
	b, _, err := dialogue.Decode(strings.TrimSpace(value), nil)
	if err != nil {
		panic(err)
	}
	return name, string(b)
}
