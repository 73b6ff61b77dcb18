// What spillway explain prints is shown as it prints it.

package docs_test

import (
	"os/exec"
	"strings"
	"testing"
)

func explained(t *testing.T) string {
	const input = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n`
	cmd := exec.Command("go", "run", "../../cmd/spillway", "explain")
	cmd.Stdin = strings.NewReader(strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(input))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("spillway explain: %v\n%s", err, out)
	}
	return "```\n$ printf '" + input + "' | spillway explain\n" + string(out) + "```"
}
