// The transcripts in testdata are the documentation of what a connection does, and this file plays them.
//
// A transcript is a text file: some prose, how the server is set up, and a dialogue.
//
//	A handler that answers without reading leaves eleven bytes behind.
//	-- server --
//	handler ignore
//	drain 64B 5s
//	-- wire --
//	C: POST /upload HTTP/1.1
//	…
//
// # The server
//
// Each line of the server section is a word and its arguments. A handler line says what the handler does, in steps that
// are separated by semicolons; a line that begins with white space goes on with the steps. The steps are listed in
// transcript_handler_test.go. "handler /path …" is for that path only. The other words set limits and timeouts (see
// transcript_setup_test.go), "off" turns one off, and
//
//	link [up|down] buffer 4KiB rate 1000B delay 20ms   what the network is like
//	once: REASON                                        do not split what the client sends
//	socket: REASON                                      it needs a connection that can half-close, or reset
//
// # The dialogue
//
//	C: text      the client sends the line and CRLF; lines that follow each other are sent at once
//	C: text\     it sends no CRLF
//	C: <FIN>     it closes its sending side; <RST> resets the connection
//	S: text      the server sends exactly this, now; also <FIN> and <RST>
//	! text       what the connection or the handler says of it: leftovers, verdicts, why it closed, errors, log lines
//	~ 3s         time passes; what the server sends meanwhile must stand at its own time
//	~ 0s         ends a group of C: lines, without time
//	* pause      the client stops reading; "resume" goes on
//	* shutdown 5s, * close    what is done to the server
//	# text       a comment
//
// C2:, S2:, !2 and "* pause 2" are for another connection, which is opened where it is first named. In text, \r, \n, \t,
// \\, \{ and \x00 stand for bytes, and {x*1000} repeats what is in front of the star.
//
// Where an S: or a ! line stands between two lines of the client or of the clock does not matter. A transcript ends when
// all its connections are closed. Nothing is masked: the bubble's clock begins on Saturday, 1 January 2000.
//
// # How it is played
//
// Each transcript is played over a link without delay, where every time must be exact to the nanosecond; again with the
// client's bytes split one by one; again over a link with a delay of a nanosecond, where a reset always overtakes
// what the client has not read yet; and again with a server whose connections have the methods of net.Conn alone. All four
// must give the same dialogue, but that the last cannot half-close: where the connection lingers, its <FIN> comes when it
// is closed. With -update the first rewrites the file;
// read what it wrote, because it writes what the server does, and the transcripts say what it should do.

package transcript_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server/servertest"
)

var update = flag.Bool("update", false, "rewrite the S: and ! lines of the transcripts")

// mode is one way to play a transcript.
type mode struct {
	name  string
	split bool // send byte by byte
	bare  bool // the server's end has the methods of net.Conn alone
	links []servertest.Link
	grain time.Duration // times are the same that are equal in it
}

var (
	exactly   = mode{name: "whole", grain: 1}
	bytewise  = mode{name: "split", split: true, grain: 1}
	delayed   = mode{name: "delayed", links: []servertest.Link{{Delay: 1}}, grain: time.Millisecond}
	barely    = mode{name: "bare", bare: true, grain: 1}
	playModes = []mode{exactly, bytewise, delayed, barely}
)

// modes returns how a transcript can be played. A reset races with what was sent just before, so its outcome is only
// certain where there is a delay.
func (s *script) modes() []mode {
	if len(s.links) > 0 {
		all := []mode{{name: "whole", links: s.links, grain: 1}}
		if s.once == "" {
			all = append(all, mode{name: "split", links: s.links, grain: 1, split: true})
		}
		if s.socket == "" {
			all = append(all, mode{name: "bare", links: s.links, grain: 1, bare: true})
		}
		return all
	}
	var all []mode
	for _, m := range playModes {
		if m.split && s.once != "" || m.bare && s.socket != "" {
			continue
		}
		if m.links == nil && s.resets() {
			m.links, m.grain = delayed.links, delayed.grain
		}
		all = append(all, m)
	}
	return all
}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, err := parseScript(string(text))
			if err != nil {
				t.Fatalf("%s:%v", file, err)
			}
			if *update {
				rewrite(t, file, script)
				return
			}
			for _, m := range script.modes() {
				t.Run(m.name, func(t *testing.T) {
					if m.bare {
						check(t, script.withoutHalfClose(), m)
						return
					}
					check(t, script, m)
				})
			}
		})
	}
}

// check plays a transcript and compares.
func check(t *testing.T, s *script, m mode) {
	played := play(t, s, m)
	if !t.Failed() && !played.asWritten {
		t.Errorf("the dialogue is another (- as written, + as played):\n%s", diff(s.wireLines(), played.lines))
	}
	if len(played.open) > 0 {
		t.Errorf("the transcript ends with connections open: %v", played.open)
	}
}

// rewrite puts what was played into the file, if that is not what it says.
func rewrite(t *testing.T, file string, s *script) {
	played := play(t, s, s.modes()[0])
	if t.Failed() || played.asWritten {
		return
	}
	text := s.before + strings.Join(played.lines, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("rewritten: %s", file)
}

// play plays a transcript in a bubble of its own. No goroutine may be left when it is over: the bubble sees to that.
func play(t *testing.T, s *script, m mode) (p *played) {
	synctest.Test(t, func(t *testing.T) { p = newPlayer(t, s, m).play() })
	return p
}

// diff shows two dialogues side by side, line by line.
func diff(old, now []string) string {
	common := make([][]int, len(old)+1) // the length of the longest common rest
	for i := range common {
		common[i] = make([]int, len(now)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); old[i] == now[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var b strings.Builder
	for i, j := 0, 0; i < len(old) || j < len(now); {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			b.WriteString("  " + old[i] + "\n")
			i, j = i+1, j+1
		case j == len(now) || i < len(old) && common[i+1][j] >= common[i][j+1]:
			b.WriteString("- " + old[i] + "\n")
			i++
		default:
			b.WriteString("+ " + now[j] + "\n")
			j++
		}
	}
	return b.String()
}
