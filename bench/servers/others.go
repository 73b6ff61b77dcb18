// What the servers of bench/peers cannot do.

package servers

import "github.com/spillway-go/spillway/bench/cases"

func gnetLacks(c *cases.Case) string {
	switch {
	case c.TLS:
		return "has no TLS"
	case c.Content > 0:
		return "has no HTTP, and the little that was added knows no content"
	case c.Route != cases.Plaintext && c.Route != cases.Bytes:
		return "has no HTTP, and the little that was added has no such route"
	}
	return ""
}
