// The names of a request's fields, in whatever case they come and however often.

package nethttp_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spillway-go/spillway/server/nethttp"
)

// A handler finds the fields under the same names, with the same values, as in a request that net/http has read.
func TestFieldNames(t *testing.T) {
	nc := dial(t, nethttp.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(r.Header)
	})}))
	names := strings.Fields("accept accept-encoding cookie content-type sec-fetch-mode sec-fetch-site sec-fetch-dest user-agent etag " +
		"x-request-id te dnt cf-ray x-b3-traceid accept-encodinh bccept x a x-unknown-name mode-fetch-sec sec-fetch-mose x_y a-b- -a " +
		"pragma cache-control access-control-request-headers x-a-name-that-is-longer-than-any-that-is-often-sent-by-anyone")
	spellings := []func(string) string{strings.ToLower, http.CanonicalHeaderKey, strings.ToUpper,
		func(s string) string { return strings.ToUpper(s[:len(s)/2]) + s[len(s)/2:] }}
	for first := range spellings {
		for second := range spellings {
			var b strings.Builder
			b.WriteString("GET / HTTP/1.1\r\nHost: a.test\r\n")
			for i, name := range names {
				fmt.Fprintf(&b, "%s: %d\r\n", spellings[(i+first)%len(spellings)](name), i)
			}
			for i, name := range names[first:] { // some come once
				fmt.Fprintf(&b, "%s: again %d\r\n", spellings[(i+second)%len(spellings)](name), i)
			}
			b.WriteString("\r\n")
			request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(b.String())))
			if err != nil {
				t.Fatal(err)
			}
			var got http.Header
			_, content := ask(t, nc, b.String())
			json.Unmarshal([]byte(content), &got)
			if diff := cmp.Diff(request.Header, got); diff != "" {
				t.Errorf("%s: fields as net/http has them (-), and as the handler has (+):\n%s", b.String(), diff)
			}
		}
	}
}
