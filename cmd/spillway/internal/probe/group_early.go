// Uploads that are answered before they are over: the client must get to read the answer.

package probe

import "strings"

// An upload in eleven pieces over 1.1 s.
var slowUpload = post + strings.Repeat(`
C: {x*65536}\
~ 100ms`, 11) + `
C: {x*65536}\` + answer + next

// An upload whose second half waits for what the server makes of the first.
const upload16MiB = post + `
C: {x*4194304}\
~ 200ms
C: {x*12582912}\` + answer + next

// goingOn is an upload in chunks whose client hears an answer early and goes on: $content is what it sends then.
const goingOn = `
C: 10000\r\n{x*65536}\r\n\
S: <early>
C: $chunked\` + answer + next

var uploads = []Scenario{
	{
		ID: "early-1-mib-read-when-all-is-sent", Name: "1 MiB, read when all is sent",
		Oracle: Keep, Late: true, Content: `{x*1048576}`, Wire: whole, Ref: "RFC 9112 §9.6",
		Why: "Many clients send the whole upload before they look for the answer.",
	},
	{
		ID: "early-8-mib-read-when-all-is-sent", Name: "8 MiB, read when all is sent",
		Oracle: Keep, Late: true, Content: `{x*8388608}`, Wire: whole, Ref: "RFC 9112 §9.6",
		Why: "More than all buffers hold: a server that stops reading stops this client.",
	},
	{
		ID: "early-8-mib-chunked-read-when-all-is-sent", Name: "8 MiB chunked, read when all is sent",
		Oracle: Keep, Late: true, Content: `{x*8388608}`, Wire: wholeChunked, Ref: "RFC 9112 §9.6",
		Why: "No length says how much is to come.",
	},
	{
		ID: "early-8-mib-read-meanwhile", Name: "8 MiB, read meanwhile",
		Oracle: Keep, Content: `{x*8388608}`, Wire: whole, Ref: "RFC 9112 §9.6",
		Why: "A client that sees the answer early still writes, and must not be reset.",
	},
	{
		ID: "early-16-mib-answered-after-4", Name: "16 MiB, answered after 4",
		Level: Policy, Oracle: Early, Content: `{x*16777216}`, Wire: upload16MiB, Ref: "RFC 9112 §9.6",
		Why: "What nobody wants is read up to a limit, or an endless upload keeps the server busy for ever.",
	},
	{
		ID: "early-chunked-answered-and-2-mib-more", Name: "chunked, answered, and 2 MiB more",
		Oracle: Keep, Content: `{x*2097152}`, Ref: "RFC 9112 §9.6", Wire: postChunked + goingOn,
		Why: "The answer comes before anybody knows how much is to come; without close, it says that the next request is welcome.",
	},
	{
		ID: "early-chunked-answered-and-100-kib-more", Name: "chunked, answered, and 100 KiB more",
		Oracle: Keep, Content: `{x*102400}`, Ref: "RFC 9112 §9.6", Wire: postChunked + goingOn,
		Why: "The answer comes before anybody knows how much is to come; without close, it says that the next request is welcome.",
	},
	{
		ID: "early-chunked-answered-and-2-mib-of-requests", Name: "chunked, answered, and 2 MiB of requests",
		Oracle: Keep, Content: `{$smuggled*27000}`, Ref: "RFC 9112 §9.6", Wire: postChunked + goingOn,
		Why: "A server that has lost interest in the content must not find a request in it.",
	},
	{
		ID: "early-fixed-length-answered-and-2-mib-more", Name: "fixed length, answered, and 2 MiB more",
		Oracle: Keep, Content: `{x*2162688}`, Ref: "RFC 9112 §9.6",
		Wire: post + `
C: {x*65536}\
S: <early>
C: {x*2097152}\` + answer + next,
		Why: "The length tells how much is to come: a server that does not want it can say close in time.",
	},
	{
		ID: "early-8-mib-with-connection-close", Name: "8 MiB with Connection: close",
		Oracle: Once, Late: true, Content: `{x*8388608}`, Ref: "RFC 9112 §9.6",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Connection: close
C: Content-Length: $size
C:
C: $content\` + answer,
		Why: "The connection ends anyway, which is no reason to end it with a reset.",
	},
	{
		ID: "early-1-mib-from-http-1.0", Name: "1 MiB from HTTP/1.0",
		Oracle: Old, Late: true, Content: `{x*1048576}`, Ref: "RFC 9112 §9.6",
		Wire: `
C: POST $post HTTP/1.0
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer,
		Why: "An HTTP/1.0 connection ends behind the answer, and its content is on its way.",
	},
	{
		ID: "early-8-mib-for-what-is-not-there", Name: "8 MiB for what is not there",
		Oracle: Keep, Late: true, Content: `{x*8388608}`, Ref: "RFC 9112 §9.6",
		Wire: `
C: POST /spillway-nowhere HTTP/1.1
C: Host: $host
C: Content-Length: $size
C:
C: $content\` + answer + next,
		Why: "A 404 must reach a client that is busy sending.",
	},
	{
		ID: "early-768-kib-in-1.1-s", Name: "768 KiB in 1.1 s",
		Oracle: Keep, Content: `{x*786432}`, Wire: slowUpload, Ref: "RFC 9112 §9.6",
		Why: "A server that reads on for half a second and closes then resets everyone whose line is slow.",
	},
	{
		ID: "early-1-mib-behind-a-bad-head", Name: "1 MiB behind a bad head",
		Oracle: Refuse, Late: true, Content: `{x*1048576}`, Ref: "RFC 9112 §9.6",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Bad Name: x
C: Content-Length: $size
C:
C: $content\` + answer,
		Why: "The server's own refusals must be read, too.",
	},
	{
		ID: "early-1-mib-in-an-unknown-coding", Name: "1 MiB in an unknown coding",
		Level: Must, Oracle: Conflict, Late: true, Content: `{x*1048576}`, Ref: "RFC 9112 §6.1",
		Wire: `
C: POST $post HTTP/1.1
C: Host: $host
C: Transfer-Encoding: spillway-probe
C:
C: $content\` + answer + next,
		Why: "A 501 must be read, and nothing behind it be taken for a request.",
	},
}
