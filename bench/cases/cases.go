// What is measured is written down here and nowhere else: the load generator, the servers and the check all read it.

// Package cases holds the benchmark's cases.
package cases

import (
	"fmt"
	"slices"
	"time"
)

// Route is what a server does for a request. Every server has every route that it can have.
type Route uint8

// The routes.
const (
	Plaintext Route = iota // replies with 13 bytes, and never touches the content
	JSON                   // replies with an encoded struct, through a ServeMux
	Consume                // reads the content to its end and replies with its length
	Ignore                 // replies with 8 bytes, and never touches the content
	Refuse                 // replies 413 from the head alone
	Bytes                  // replies with as many bytes as its path says, from memory
	File                   // replies with a file
	Sleep                  // replies after a millisecond
)

// Sizes that a case and its servers must agree on.
const (
	FileBytes   = 1 << 20
	RefuseOver  = 1 << 20
	SleepFor    = time.Millisecond
	PipelineLen = 16
)

// Case is one thing that is measured on every server that can do it.
type Case struct {
	ID    string `json:"id"`
	Topic string `json:"topic"` // the heading that it shares with its kin
	Title string `json:"title"`
	About string `json:"about,omitempty"`

	Conns    int     `json:"connections"`
	Active   int     `json:"active,omitempty"`   // how many have a request under way at a time; 0: all
	Pipeline int     `json:"pipeline,omitempty"` // requests sent at once on a connection; 0: one
	Ahead    bool    `json:"ahead,omitempty"`    // half as many follow when half of the responses are there: none ever waits for all
	Rate     int     `json:"rate,omitempty"`     // requests per second, whatever the server does; 0: as fast as it answers
	Share    float64 `json:"share,omitempty"`    // Rate is this share of what the server can answer
	TLS      bool    `json:"tls,omitempty"`
	Proxied  bool    `json:"proxied,omitempty"` // each connection begins with ProxyHeader
	Idle     bool    `json:"idle,omitempty"`    // nothing but the memory counts
	Held     int     `json:"held,omitempty"`    // where idle: bytes of a request's content that were sent before
	Crowd    []Case  `json:"crowd,omitempty"`   // what other clients do while this case's are measured
	Windows  float64 `json:"windows"`           // how many usual windows the measurement lasts
	Cores    int     `json:"cores,omitempty"`   // of the server; 0: one

	Route   Route `json:"-"`
	Browser bool  `json:"-"` // the head has a browser's 19 fields
	Vary    bool  `json:"-"` // path and request-id differ every time
	Content int   `json:"-"` // bytes of the request's content
	Chunked bool  `json:"-"` // the content is sent in chunks
	Reply   int   `json:"-"` // bytes of the response, where the route is Bytes

	ChunkBytes int    `json:"-"` // of a chunk, where the content is chunked; 0: what Go's own client sends
	Generators int    `json:"-"` // that share the connections; 0: one
	Together   bool   `json:"-"` // with less than four cores, server and generators have the same ones
	Base       string `json:"-"` // an older case in which a server does the same, for builds that do not know this one
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// All returns the cases in the order of the report.
func All() []Case {
	all := slices.Concat(small(), uploads(), leftovers(), responses(), connections(), crowds(), twoCores())
	for i := range all {
		all[i].complete()
	}
	return all
}

// complete fills in what a case does not say.
func (c *Case) complete() {
	c.Pipeline = max(c.Pipeline, 1)
	if c.Active == 0 {
		c.Active = c.Conns
	}
	if c.Windows == 0 {
		c.Windows = 1
	}
	for i := range c.Crowd {
		c.Crowd[i].complete()
	}
}

// Find returns the case with this ID.
func Find(id string) (*Case, error) {
	for _, c := range All() {
		if c.ID == id {
			return &c, nil
		}
	}
	return nil, fmt.Errorf("cases: no case %q", id)
}

func small() []Case {
	var all []Case
	for _, n := range []int{1, 64, 512} {
		all = append(all, Case{ID: fmt.Sprint("get-", n), Topic: "Small GET, one at a time", Title: connections1(n),
			Conns: n})
	}
	for _, n := range []int{1, 64, 512} {
		all = append(all, Case{ID: fmt.Sprint("pipelined-", n), Topic: "Small GET, pipelined by 16", Title: connections1(n),
			Conns: n, Pipeline: PipelineLen})
	}
	return append(all,
		Case{ID: "browser-same", Topic: "A browser's request, 19 fields", Title: "the same every time", Conns: 64,
			Browser: true},
		Case{ID: "browser-vary", Topic: "A browser's request, 19 fields", Title: "path and request-id differ every time",
			Conns: 64, Browser: true, Vary: true},
		Case{ID: "json", Topic: "JSON through ServeMux", Title: "http.Handler servers", Conns: 64, Route: JSON},
		Case{ID: "tls", Topic: "TLS", Title: "small GET, kept connections", Conns: 64, TLS: true},
		Case{ID: "proxied", Topic: "Behind a balancer", Title: "small GET, kept connections that began with a PROXY header", Conns: 64,
			Proxied: true, Base: "get-64", About: "Beside the same connections without a header, it shows what that costs later."},
		Case{ID: "sleep", Topic: "A handler that sleeps 1 ms", Title: "64 connections", Conns: 64, Route: Sleep},
		Case{ID: "paced", Topic: "At a fixed rate", Title: "50,000 small GETs a second on 64 connections", Conns: 64, Rate: 50000,
			About: "Requests are due at fixed times, whatever the server does; a latency counts from when its request was " +
				"due. The generator polls, and so keeps its core busy."},
		Case{ID: "limit-70", Topic: "At 70 % of each server's own limit", Title: "small GETs on 64 connections", Conns: 64, Share: 0.7,
			Windows: 2, Base: "get-64", About: "In every round the server first answers as fast as it can, and then 70 % of that " +
				"many requests are due, at fixed times. Those who can do more are given more: what this compares is how latency " +
				"holds as the limit comes near. The same rate for all is the case above."})
}

func connections1(n int) string {
	if n == 1 {
		return "1 connection"
	}
	if n >= 1000 {
		return fmt.Sprintf("%d,%03d connections", n/1000, n%1000)
	}
	return fmt.Sprint(n, " connections")
}

func uploads() []Case {
	var all []Case
	for _, size := range []struct {
		id, title      string
		bytes, clients int
		windows        float64
	}{{"1k", "1 KiB", kib, 64, 1}, {"64k", "64 KiB", 64 * kib, 16, 1}, {"16m", "16 MiB", 16 * mib, 4, 1.6}} {
		for _, chunked := range []bool{false, true} {
			id, title := "upload-"+size.id, size.title+", fixed length"
			if chunked {
				id, title = id+"-chunked", size.title+", chunked"
			}
			all = append(all, Case{ID: id, Topic: "Uploads, read to the end", Title: title, Conns: size.clients,
				Route: Consume, Content: size.bytes, Chunked: chunked, Windows: size.windows})
		}
	}
	return append(all, Case{ID: "upload-4k-bytes", Topic: "Uploads, read to the end", Title: "4 KiB, in chunks of one byte", Conns: 64,
		Route: Consume, Content: 4 * kib, Chunked: true, ChunkBytes: 1, Base: "upload-1k-chunked"})
}

func leftovers() []Case {
	const topic = "Leftovers, not read by the handler"
	const kept = "The content spells requests. A server that takes leftover content for a request answers wrongly."
	return []Case{
		{ID: "leftover-64k", Topic: topic, Title: "64 KiB ignored, connection kept", About: kept, Conns: 16, Route: Ignore,
			Content: 64 * kib},
		{ID: "leftover-200k", Topic: topic, Title: "200 KiB ignored, connection kept", About: kept, Conns: 16, Route: Ignore,
			Content: 200 * kib},
		{ID: "refused-16m", Topic: topic, Title: "16 MiB refused with 413", Conns: 4, Route: Refuse, Content: 16 * mib,
			Windows: 1.6, About: "The client sends and reads at once. The time counts until it has the whole response and " +
				"may go on: on a new connection where the response announced close, else after the rest of the content."},
	}
}

func responses() []Case {
	const topic = "Responses"
	return []Case{
		{ID: "response-1k", Topic: topic, Title: "1 KiB", Conns: 64, Route: Bytes, Reply: kib},
		{ID: "response-64k", Topic: topic, Title: "64 KiB", Conns: 16, Route: Bytes, Reply: 64 * kib},
		{ID: "response-1m", Topic: topic, Title: "1 MiB", Conns: 4, Route: Bytes, Reply: mib,
			About: "A size on an edge: over loopback, a single write of more than 1,047,728 bytes, 16 segments, costs half as " +
				"much again as a shorter one. Who sends the head and some content first stays below it."},
		{ID: "file-1m", Topic: topic, Title: "a file of 1 MiB", Conns: 4, Route: File},
	}
}

// Most is how many connections the largest cases have.
const Most = 10000

func connections() []Case {
	const topic = "As connections grow, a fifth of them active"
	const about = "The active fifth moves: a connection that got its response hands the next request to the one that has " +
		"waited longest, so all take part."
	all := []Case{
		{ID: "idle", Topic: "Idle connections", Title: "10,000 connections after one request each", Conns: Most, Idle: true},
		{ID: "idle-upload", Topic: "Connections in the middle of an upload", Title: "1,000 connections, 64 KiB of 128 sent",
			Conns: 1000, Idle: true, Route: Consume, Content: 128 * kib, Held: 64 * kib, Base: "upload-64k",
			About: "The handler has read what there is and waits for more; a server that reads all content before it calls the " +
				"handler has it in memory."}}
	for n := 1; n <= Most; n *= 10 {
		all = append(all, Case{ID: fmt.Sprint("scale-", n), Topic: topic, Title: connections1(n), About: about, Conns: n,
			Active: max(n/5, 1)})
	}
	return append(all, Case{ID: "scale-tls", Topic: topic, Title: connections1(Most) + ", TLS", About: about, Conns: Most, Active: Most / 5,
		TLS: true, Base: "tls"})
}
