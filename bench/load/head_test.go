// What the generator reads of a response's head, and whose turn it is.

package load

import "testing"

func TestHeads(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	for _, test := range []struct {
		name, text string
		want       head
		fails      bool
	}{
		{"a length", ok + "hello", head{len(ok), 200, 5, false}, false},
		{"any spelling", "HTTP/1.1 413 \r\ncontent-LENGTH:0\r\nCONNECTION: Close\r\n\r\n", head{54, 413, 0, true}, false},
		{"until the end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", head{38, 200, untilEnd, true}, false},
		{"no length", "HTTP/1.1 200 OK\r\n\r\n", head{}, true},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", head{}, true},
		{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", head{}, true},
		{"no colon", "HTTP/1.1 200 OK\r\nContent-Length 1\r\n\r\n", head{}, true},
		{"no HTTP", "220 ready\r\n\r\n", head{}, true},
		{"1xx", "HTTP/1.1 100 Continue\r\n\r\n", head{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h heads
			for i := range 2 { // the second time from memory
				got, err := h.read([]byte(test.text))
				if got != test.want || (err != nil) != test.fails {
					t.Errorf("time %d: read = %+v, %v; want %+v", i+1, got, err, test.want)
				}
			}
		})
	}
	var h heads
	for i := range ok {
		if _, err := h.read([]byte(ok[:i])); err != errShort {
			t.Errorf("%d bytes of a head: %v", i, err)
		}
	}
	if _, err := h.read(make([]byte, headBytes+1)); err == nil || err == errShort {
		t.Errorf("a head without end: %v", err)
	}
}

func TestQueueKeepsOrder(t *testing.T) {
	var q queue
	q.fill(3)
	for want := int32(0); want < 10; want++ {
		got := q.pop()
		if got != want%3 || q.len() != 2 {
			t.Fatalf("pop = %d with %d left, want %d", got, q.len(), want%3)
		}
		q.push(got)
	}
}
