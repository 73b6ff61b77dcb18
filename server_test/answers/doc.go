// Package answers holds what makes a response arrive, whatever its client is still sending: early answers and refusals, over
// delayed links and wrapped sockets, and handlers that read and write in turns.
package answers
