// Package park waits for connections that have given up their goroutine, in as many goroutines for all of a server's as there are
// processors, up to 16, each with an epoll set. It also tells when clients go, whose requests are being served. Elsewhere than on
// Linux it refuses both.
//
// It knows nothing of connections but a descriptor, a number, and the two methods of a [Waiter].
package park

import "time"

// Waiter is one who can be parked.
type Waiter interface {
	// Until returns when the waiting has lasted for too long. It is called once for each parking, with the Set locked.
	Until() time.Time
	// Wake is called when something has come, or the time is over: the waiter is in no Set any more, or was woken already.
	Wake()
}
