// What the servers of bench/peers cannot do.

package servers

import "github.com/spillway-go/spillway/bench/cases"

func gnetLacks(c *cases.Case) string {
	for _, part := range c.Parts() {
		switch {
		case part.TLS:
			return "has no TLS"
		case part.Content > 0:
			return "has no HTTP, and the little that was added knows no content"
		case part.Route != cases.Plaintext && part.Route != cases.Bytes:
			return "has no HTTP, and the little that was added has no such route"
		}
	}
	return ""
}
