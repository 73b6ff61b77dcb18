// The verdicts, and what each advises.

package probe

// Verdict is what a scenario found.
type Verdict string

// The verdicts, the worst first.
const (
	Crash     Verdict = "CRASH"
	Dead      Verdict = "DEAD"
	Desync    Verdict = "DESYNC"
	Ambig     Verdict = "AMBIGUOUS"
	ResetSeen Verdict = "RESET"
	Hang      Verdict = "HANG"
	Lost      Verdict = "LOST"
	Wrong     Verdict = "WRONG"
	Broken    Verdict = "BROKEN"
	Lax       Verdict = "LAX"
	Closed    Verdict = "closed"
	Lenient   Verdict = "lenient"
	OK        Verdict = "ok"
)

// verdicts lists them in the order of the summary.
var verdicts = []Verdict{OK, Closed, Lenient, Crash, Dead, Desync, Ambig, ResetSeen, Hang, Lost, Wrong, Broken, Lax}

// meanings says what each verdict means.
var meanings = map[Verdict]string{
	OK:        "as it should be",
	Closed:    "safe, but the connection was not kept",
	Lenient:   "served, as the standard permits, where others refuse",
	Crash:     "the server died: it takes no connection any more",
	Dead:      "the server answers nobody any more",
	Desync:    "content was read as a request, or an answer came that nobody asked for",
	Ambig:     "answered where the framing was ambiguous, and kept open",
	ResetSeen: "the connection was reset under a client that had done nothing wrong",
	Hang:      "neither an answer nor an end",
	Lost:      "a valid request was not answered",
	Wrong:     "an answer itself is wrong, such as content with the answer to a HEAD",
	Broken:    "an answer did not say that the connection ends, and it ended before the next answer",
	Lax:       "what should have been refused was served",
}

// Fault reports whether the verdict is one to be mended.
func (v Verdict) Fault() bool { return v != OK && v != Closed && v != Lenient }

// Finding is what an oracle says of an outcome.
type Finding struct {
	Verdict Verdict
	What    string // one sentence of what happened
	Advice  string // one sentence of what to do about it; "" where nothing is to be done

	stray int64 // from where on what the server sent belongs to no request; -1: it all does to one
	broke bool  // the server's end of the connection is what was not to come
}

// advice is what to do about a verdict, where the oracle knows nothing better.
var advice = map[Verdict]string{
	Crash: "One client's bytes must never end the process: recover from what a connection's code may panic with, and bound what it " +
		"may allocate.",
	Dead: "Bound every wait and every loop, and whatever becomes of one connection, go on serving others.",
	Desync: "Read the rest of the content after the handler, within a budget, or close the connection: never parse from " +
		"where the handler stopped.",
	Ambig: "Refuse such a request with 400, or at least close behind the answer: an intermediary may have framed it in " +
		"another way.",
	ResetSeen: "Before closing, end the sending direction only and read on until the client has closed: a reset can " +
		"destroy the response before the client has read it.",
	Hang: "Bound every wait, and answer or close when it is over.",
	Lost: "Answer every request that was read, or say Connection: close in the answer before it, so that the client knows " +
		"which ones to send again.",
	Wrong: "An answer is as long as its head says, and what belongs to another version or to another method is not in it.",
	Broken: "An answer without Connection: close says that the connection can be used: send close with every answer behind " +
		"which the content may not be read to its end, or read it to its end.",
	Lax:    "Refuse it: what one recipient forgives, another reads in its own way.",
	Closed: "Safe; to keep the connection, read a small rest of the content within a budget of bytes and time.",
}

const boundIt = "Bound how much is read for nothing, in bytes and in time: such a client costs more than a new connection."

// adviceFor holds what an oracle knows better.
var adviceFor = map[Oracle]map[Verdict]string{
	Once: {
		Lax:  "Process nothing behind a request that says close (RFC 9112 §9.6).",
		Hang: "Close behind the answer: this client waits for the end of the connection.",
	},
	Old: {
		Wrong: "An HTTP/1.0 client reads neither interim responses nor the chunked coding.",
		Hang:  "Close behind the answer: this client waits for the end of the connection.",
	},
	Framing: {
		Desync: "Content whose framing is broken has no end: answer if you must, and close.",
		Ambig:  "Content whose framing is broken has no end: answer if you must, and close.",
	},
	Bounded: {Lax: boundIt},
	Early:   {Lax: boundIt},
	Small:   {Lost: "Read a small rest of the content, so that the connection can be kept."},
	Alike:   {Wrong: "Keep the trailer section apart from the head, or drop what does not belong into it."},
	Refuse:  {Closed: ""},
	Drop:    {Closed: "", Lax: "Refuse such a request with 400, or drop the line."},
	Said:    {Closed: "Permitted; clients that half-close behind their request, as scripts and relays do, get no answer."},
	Limit: {
		Lax:    "Bound what a request's head and framing may cost.",
		Closed: "Safe; say 413, 414 or 431 before closing, so that the client knows why.",
	},
	Alive: {
		Lost: "Let the handler see that its content was cut, and how much of it came.",
		Hang: "Whatever becomes of one connection, go on accepting and serving others.",
	},
	Ends: {Hang: "Notice the end of the client's stream, or bound the wait for it: connections like this one pile up."},
}

// finding makes a Finding with the advice that belongs to it.
func finding(o Oracle, v Verdict, what string) Finding {
	text, ok := adviceFor[o][v]
	if !ok {
		text = advice[v]
	}
	return Finding{Verdict: v, What: what, Advice: text, stray: -1}
}
