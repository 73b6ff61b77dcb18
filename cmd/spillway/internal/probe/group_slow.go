// Clients that take their time: each of them holds a connection for as long as the server lets it.

package probe

import (
	"strings"
	"time"
)

// slowPatience is how long a server may wait for a slow client.
const slowPatience = 75 * time.Second

var slow = []Scenario{
	{
		ID: "slow-a-head-that-stops", Name: "a head that stops",
		Oracle: Ends, Slow: true, Within: slowPatience, Ref: "RFC 9110 §15.5.9",
		Wire: `
C: GET $get HTTP/1.1
C: Host: $host` + answer,
		Why: "Half a head, and then nothing: a connection that costs the client nothing.",
	},
	{
		ID: "slow-a-head-that-drips", Name: "a head that drips",
		Oracle: Ends, Slow: true, Within: slowPatience, Ref: "RFC 9110 §15.5.9",
		Wire: `
C: GET $get HTTP/1.1` + strings.Repeat(`
C: X-Probe: x
~ 1s`, 60) + answer,
		Why: "One field a second keeps a timeout that counts from the last byte from ever coming.",
	},
	{
		ID: "slow-content-that-stops", Name: "content that stops",
		Oracle: Ends, Slow: true, Within: slowPatience, Ref: "RFC 9110 §15.5.9", Content: `{x*1000}`,
		Wire: post + `
C: hello\` + answer,
		Why: "A handler that waits for the rest waits with it.",
	},
	{
		ID: "slow-content-that-drips", Name: "content that drips",
		Oracle: Ends, Slow: true, Within: slowPatience, Ref: "RFC 9110 §15.5.9", Content: `{x*100000}`,
		Wire: post + strings.Repeat(`
C: x\
~ 1s`, 60) + answer,
		Why: "One byte a second keeps a timeout that counts from the last byte from ever coming.",
	},
	{
		ID: "slow-a-chunk-that-stops", Name: "a chunk that stops",
		Oracle: Ends, Slow: true, Within: slowPatience, Ref: "RFC 9110 §15.5.9",
		Wire: postChunked + `
C: 5
C: hel\` + answer,
		Why: "A handler that waits for the rest waits with it.",
	},
	{
		ID: "slow-silence", Name: "silence",
		Oracle: Ends, Slow: true, Within: 2 * slowPatience, Wire: answer, Ref: "RFC 9112 §9.5",
		Why: "A connection that was opened and never used.",
	},
}
