// The table of routes: what the server, its own page, the command's help and the documentation are made from.

package lab

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/spillway-go/spillway/server"
)

// route is a row of the contract.
type route struct {
	target string // with the parameters that it needs
	does   string // what the handler does with the body
	reply  string
	try    string // a line for a shell that shows something: curl stands for itself, @ for the server's URL
	native func(*Lab, *server.Response, *server.Request) error
	stock  func(*Lab, http.ResponseWriter, *http.Request) error
}

// path returns the target without its parameters.
func (r *route) path() string {
	path, _, _ := strings.Cut(r.target, "?")
	return path
}

// table returns the routes.
func table() []route {
	return []route{
		{"/", "never touches it", "this list", "curl @/", (*Lab).index, (*Lab).stockIndex},
		{"/plaintext", "never touches it", "Hello, World!", "curl -i @/plaintext", (*Lab).plaintext, (*Lab).stockPlaintext},
		{"/consume", "reads it to the end", "consumed N bytes", "curl -d hello @/consume", (*Lab).consume, (*Lab).stockConsume},
		{"/ignore", "never touches it", "ignored", "curl -v -d 'GET / HTTP/1.1' @/ignore -: @/plaintext", (*Lab).ignore, (*Lab).stockIgnore},
		{"/fail", "panics before touching it", "500", "curl -v -d foo=bar @/fail -: @/plaintext", (*Lab).fail, (*Lab).stockFail},
		{"/partial?n=K", "reads K bytes, then leaves it", "read M bytes", "curl -d 0123456789 '@/partial?n=4'", (*Lab).partial, (*Lab).stockPartial},
		{"/reject?max=N", "stops as soon as more than N bytes are declared or have come", "413, or as /consume",
			"head -c 20000000 /dev/zero | curl -i -H Expect: --data-binary @- '@/reject?max=1000'", (*Lab).reject, (*Lab).stockReject},
		{"/echo", "copies it back as it comes", "the content, in chunks", "echo hello | curl --raw -T - @/echo", (*Lab).echo, (*Lab).stockEcho},
		{"/inspect", "reads it to the end", "JSON, what the parser made of the request", "curl -d hello '@/inspect?a=b'", (*Lab).inspect, (*Lab).stockInspect},
		{"/bytes?n=N", "never touches it", "N bytes, with their length", "curl -o /dev/null '@/bytes?n=100000000'", (*Lab).sized, (*Lab).stockSized},
		{"/stream?n=N&chunk=C", "never touches it", "N bytes in chunks, flushed every C bytes", "curl --raw '@/stream?n=10&chunk=4'", (*Lab).stream, (*Lab).stockStream},
		{"/status?code=C", "never touches it", "status C, empty", "curl -i '@/status?code=418'", (*Lab).status, (*Lab).stockStatus},
		{"/sleep?ms=M", "never touches it", "slept, after M ms", "curl '@/sleep?ms=1000'", (*Lab).sleep, (*Lab).stockSleep},
		{"/hijack", "takes the connection over", "101, then every byte comes back",
			"curl -i -m 1 -H 'Connection: Upgrade' -H 'Upgrade: echo' @/hijack", (*Lab).hijack, (*Lab).stockHijack},
		{"/uploads?id=ID", "never touches it", "JSON, what became of the upload with the X-Upload-Id ID",
			"curl -H 'X-Upload-Id: one' -d hello @/consume -: '@/uploads?id=one'", (*Lab).uploads, (*Lab).stockUploads},
		{"/health", "never touches it", "ok, or 503 once the server drains", "curl -i @/health", (*Lab).health, (*Lab).stockHealth},
	}
}

// base is where the lab is by default, and where a request's Host is not one to be copied into a shell.
const base = "127.0.0.1:8080"

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]{1,255}$`)

// Guide lists the routes of a lab that listens where it does by default.
func Guide() string { return new(Lab).guide(base) }

// guide lists the routes with lines to try, for a lab on this host.
func (l *Lab) guide(host string) string {
	if !plainHost.MatchString(host) {
		host = base
	}
	lines := strings.NewReplacer("@/", "http://"+host+"/")
	if l.TLS { // behind -: curl has forgotten its options
		lines = strings.NewReplacer("curl ", "curl -k ", " -: ", " -: -k ", "@/", "https://"+host+"/")
	}
	var b strings.Builder
	b.WriteString("Each route leaves the request's body in another state. What becomes of the body and of the connection is on the\n" +
		"lab's standard error if it was started with -trace; what the client sees of that, curl shows with -v.\n\n")
	for _, r := range table() {
		fmt.Fprintf(&b, "%s  %s: %s\n    %s\n", r.target, r.does, r.reply, lines.Replace(r.try))
	}
	return b.String()
}
