// The keys of responses' headers in their order, which is found out once for those that are often the same.

package nethttp

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	listedKeys = 16 // how many keys a list has at most
	keyLists   = 64
)

// lists are lists of keys that responses had, each at its place. They are never changed, and the connections share them, so that one
// that is idle holds none of its own.
type lists [keyLists]atomic.Pointer[[]string]

// keysOf returns the header's keys, sorted, which are mostly those of the connection's last response. It is called with the native
// response locked.
func (c *connection) keysOf(h http.Header) []string {
	if len(h) > listedKeys {
		return sortedKeys(nil, h)
	}
	if c.keys == nil || !hasKeys(h, *c.keys) {
		var few [listedKeys]string
		c.keys = c.lists.list(sortedKeys(few[:0], h))
	}
	return *c.keys
}

// hasKeys reports whether the header has these keys and no others.
func hasKeys(h http.Header, keys []string) bool {
	if len(h) != len(keys) {
		return false
	}
	for _, key := range keys {
		if _, ok := h[key]; !ok {
			return false
		}
	}
	return true
}

// list returns the list of these keys. A new one takes the place of another, and keeps nothing that the handler's strings are cut from.
func (l *lists) list(keys []string) *[]string {
	place := 0
	for i, key := range keys {
		place += (i + 1) * int(placeOf(key))
	}
	at := &l[place%keyLists]
	if known := at.Load(); known != nil && slices.Equal(*known, keys) {
		return known
	}
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = strings.Clone(key)
	}
	at.Store(&list)
	return &list
}
