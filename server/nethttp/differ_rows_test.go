// The table of differences, each with those exchanges that show it.

package nethttp_test

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// differences are the rows of the table. The first are about requests that spillway refuses and net/http does not; then the
// outcomes have nothing more to compare.
var differences = []difference{
	strict("line ends", "bare LF"),
	strict("folded fields", "obs-fold"),
	strict("Host", "invalid Host", "authority"),
	strict("two framings", "Content-Length and Transfer-Encoding"),
	strict("codings and HTTP/1.0", "Transfer-Encoding in an HTTP/1.0 request"),
	strict("repeated length", "2 Content-Length fields"),
	strict("content of CONNECT", "in a CONNECT request"),
	strict("form of the target", "is not the host:port", "request-target *", "neither a path nor an http URI", "a fragment"),
	strict("long method", "of more than 64 bytes"),
	strict("many fields", "more than 16448 field lines"),
	strict("coding list", "chunked must come once"),
	{"long target", func(x exchange, theirs, ours *outcome) bool {
		if ours.Status == 414 && theirs.Status == 431 {
			theirs.Status = ours.Status
		}
		return true
	}},
	{"empty line", func(x exchange, theirs, ours *outcome) bool {
		return become(strings.HasPrefix(x.request, "\r\n") && theirs.Status == 400 && ours.Status == 200, theirs, ours)
	}},
	{"expectations of HTTP/1.0", func(x exchange, theirs, ours *outcome) bool {
		return become(strings.Contains(x.request, " HTTP/1.0") && theirs.Status == 417 && ours.Status == 200 &&
			strings.Contains(x.request, "Expect"), theirs, ours)
	}},
	{"refusals", func(x exchange, theirs, ours *outcome) bool {
		refused := theirs.Notes == nil && ours.Notes == nil && theirs.Status == ours.Status && ours.Status >= 400
		if refused && !theirs.Kept && !ours.Kept && strings.Contains(ours.Content, "(RFC ") {
			theirs.Reason, theirs.Content, theirs.Header, theirs.Order = ours.Reason, ours.Content, ours.Header, ours.Order
		}
		return true
	}},
	{"order of fields", func(x exchange, theirs, ours *outcome) bool {
		others := func(names []string) []string {
			return slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "Content-Length" || s == "Connection" })
		}
		if slices.Equal(others(theirs.Order), others(ours.Order)) {
			theirs.Order = ours.Order
		}
		return true
	}},
	{"HTTP version", func(x exchange, theirs, ours *outcome) bool {
		if theirs.Proto == "HTTP/1.0" && ours.Proto == "HTTP/1.1" {
			theirs.Proto = ours.Proto
		}
		return true
	}},
	{"1xx and HTTP/1.0", func(x exchange, theirs, ours *outcome) bool {
		if strings.Contains(x.request, " HTTP/1.0") && ours.Informed == nil {
			theirs.Informed = nil
		}
		return true
	}},
	{"1xx and close", func(x exchange, theirs, ours *outcome) bool {
		if strings.Contains(x.name, "1xx with close") && cmp.Equal(ours.Informed, []string{"103 Early Hintsmap[Connection:[X-A]]"}) {
			theirs.Informed = ours.Informed
		}
		return true
	}},
	{"100 (Continue)", func(x exchange, theirs, ours *outcome) bool {
		if strings.Contains(x.request, "Expect") && strings.HasSuffix(x.request, "hello") { // the client did not wait
			theirs.Informed = slices.DeleteFunc(slices.Clone(theirs.Informed), func(s string) bool {
				return strings.HasPrefix(s, "100 ")
			})
			if len(theirs.Informed) == 0 {
				theirs.Informed = nil
			}
		}
		return true
	}},
	{"kept after Expect", func(x exchange, theirs, ours *outcome) bool {
		asked := len(ours.Informed) > 0 || strings.HasSuffix(x.request, "hello")
		if strings.Contains(x.request, "Expect") && asked && !theirs.Kept && ours.Kept && connectionOf(theirs) == "close" {
			theirs.Kept, theirs.States = true, ours.States
			theirs.Header.Del("Connection")
		}
		return true
	}},
	{"content never asked for", func(x exchange, theirs, ours *outcome) bool {
		if theirs.Hung && !ours.Hung && !ours.Kept && strings.Contains(x.request, "Expect") {
			*theirs = *ours
		}
		return true
	}},
	{"chunk extensions", func(x exchange, theirs, ours *outcome) bool {
		valid := strings.Contains(x.request, "5 ;a")
		return become(valid || x.malformed && strings.Contains(x.request, "5;") && !ours.Kept, theirs, ours)
	}},
	{"white space in trailers", func(x exchange, theirs, ours *outcome) bool {
		return become(strings.Contains(x.request, "X-T : v") && !ours.Kept, theirs, ours)
	}},
	{"content after the response", func(x exchange, theirs, ours *outcome) bool {
		if theirs.Content == "first0 false" && strings.HasPrefix(ours.Content, "first") {
			theirs.Content = ours.Content
		}
		return true
	}},
	{"malformed content", func(x exchange, theirs, ours *outcome) bool {
		if x.malformed && !theirs.Kept && !ours.Kept {
			theirs.States, theirs.Notes = ours.States, ours.Notes
			if connectionOf(ours) == "" {
				theirs.Header.Del("Connection")
			}
		}
		return true
	}},
	{"413", func(x exchange, theirs, ours *outcome) bool {
		if ours.Status == 413 && theirs.Kept && !ours.Kept && connectionOf(ours) == "close" {
			theirs.Kept, theirs.States = false, ours.States
			theirs.Header.Set("Connection", "close")
		}
		return true
	}},
	{"trailers of requests", func(x exchange, theirs, ours *outcome) bool {
		if strings.Contains(x.request, "\r\nAuthorization: x\r\n") {
			theirs.Notes = ours.Notes
		}
		return true
	}},
	{"trailers of responses", func(x exchange, theirs, ours *outcome) bool {
		for _, name := range []string{"Content-Type", "Set-Cookie"} {
			if ours.Trailer[name] == nil {
				delete(theirs.Trailer, name)
			}
		}
		if len(theirs.Trailer) == 0 {
			theirs.Trailer = ours.Trailer
		}
		return true
	}},
	{"CONNECT without a tunnel", func(x exchange, theirs, ours *outcome) bool {
		if x.method == "CONNECT" && theirs.Status == 200 && connectionOf(ours) == "close" {
			theirs.States = ours.States
			theirs.Header.Set("Connection", "close")
			if ours.Content == "" && ours.Header.Get("Content-Length") == "" {
				theirs.Content = ""
				theirs.Header.Del("Content-Length")
				theirs.Header.Del("Content-Type")
			}
		}
		return true
	}},
	{"101 without a tunnel", func(_ exchange, theirs, ours *outcome) bool {
		if theirs.Status == 101 && ours.Status == 101 && theirs.Content == "" && !ours.Kept {
			theirs.Kept, theirs.States = false, ours.States
		}
		return true
	}},
	{"close in any form", func(x exchange, theirs, ours *outcome) bool {
		said := strings.Contains(strings.ToLower(connectionOf(theirs)), "close") || strings.Contains(x.request, "keep-alive, close")
		if said && connectionOf(ours) == "close" && !ours.Kept {
			theirs.Kept, theirs.States = false, ours.States
			theirs.Header.Set("Connection", "close")
		}
		return true
	}},
	{"what Connection says", func(x exchange, theirs, ours *outcome) bool {
		says := connectionOf(ours)
		closes := says == "close" && !theirs.Kept && !ours.Kept && theirs.Status != 0
		keeps := strings.HasSuffix(says, "keep-alive") && theirs.Kept && ours.Kept
		if closes && connectionOf(theirs) != "close" || keeps {
			theirs.Header["Connection"] = ours.Header["Connection"]
		}
		return true
	}},
	{"controls in fields", func(x exchange, theirs, ours *outcome) bool {
		return become(strings.Contains(x.name, "controls in values") && theirs.Status == 0 && ours.Header["X-Control"] == nil, theirs, ours)
	}},
	{"invalid length", func(x exchange, theirs, ours *outcome) bool {
		return become(strings.Contains(x.name, "declared badly") && theirs.Status == 0 && cmp.Equal(theirs.Log, ours.Log), theirs, ours)
	}},
	{"other codings", func(x exchange, theirs, ours *outcome) bool {
		garbled := theirs.Status == 0 || strings.Contains(x.request, " HTTP/1.0") && theirs.Content == "hello"
		return become(strings.Contains(x.name, "/gzip/") && garbled && ours.Status == 500, theirs, ours)
	}},
	{"ended goroutines", func(x exchange, theirs, ours *outcome) bool {
		if strings.Contains(x.name, "end of the goroutine") && theirs.Log == nil &&
			cmp.Equal(ours.Log, []string{"http: panic serving ADDR: nil, or runtime.Goexit"}) {
			theirs.Log = ours.Log
		}
		return true
	}},
	{"cut short without framing", func(x exchange, theirs, ours *outcome) bool {
		if strings.Contains(x.request, " HTTP/1.0") && strings.Contains(x.name, "panic") || strings.Contains(x.name, "abort") {
			theirs.Cut = theirs.Cut || ours.Cut
		}
		return true
	}},
}

// strict is a row about what is refused by spillway, in one of these words.
func strict(name string, words ...string) difference {
	return difference{name, func(x exchange, theirs, ours *outcome) bool {
		refused := ours.Status >= 400 && ours.Notes == nil && !ours.Kept && theirs.Status != ours.Status
		return become(refused && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(ours.Content, w) }), theirs, ours)
	}}
}

// become makes the one what the other is, if the row explains all that there is.
func become(explained bool, theirs, ours *outcome) bool {
	if explained {
		*theirs = *ours
	}
	return explained
}

func connectionOf(o *outcome) string { return strings.Join(o.Header["Connection"], ", ") }
