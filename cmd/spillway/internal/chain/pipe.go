// One connection of the proxy's, and the backend's connection that belongs to it.

package chain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/spillway-go/spillway/server/servertest/dialogue"
)

type pipe struct {
	r     *relay
	proxy net.Conn
	done  sync.WaitGroup
	sent  chan struct{} // closed when the proxy has ended its direction
	over  context.Context
	stop  context.CancelFunc

	// The relay's lock guards what follows.
	seen   connection
	total  int       // bytes that the proxy has sent
	last   time.Time // when it sent the last of them
	handed int       // answers that have been handed on
	raw    []byte    // what the backend has sent and what has not been handed on
	gone   int64     // bytes that have been
}

func newPipe(r *relay, proxy net.Conn) *pipe {
	p := &pipe{r: r, proxy: proxy, sent: make(chan struct{})}
	over, stop := context.WithTimeout(context.Background(), mostTime)
	p.over, p.stop = over, func() { // whoever waits for a change looks again
		stop()
		r.mu.Lock()
		r.tell()
		r.mu.Unlock()
	}
	p.done.Go(p.run)
	return p
}

// run relays until both sides have ended, or the pipe is ended.
func (p *pipe) run() {
	defer p.proxy.Close()
	defer p.stop()
	if p.r.to == "" {
		p.done.Go(func() { p.fromProxy(nil) })
		p.standIn()
		return
	}
	d := net.Dialer{Timeout: p.r.patience}
	conn, err := d.DialContext(p.over, "tcp", p.r.to)
	if err != nil {
		close(p.sent)
		return
	}
	back := dialogue.New(tee{conn, p})
	back.SetPatience(p.r.patience)
	p.done.Go(func() { p.fromProxy(back) })
	p.toProxy(back)
	p.halfClose()
	select { // the proxy may want to read what it was sent before it ends
	case <-p.sent:
	case <-p.over.Done():
	}
	back.Close()
}

// fromProxy takes what the proxy sends, and hands it to the backend if there is one.
func (p *pipe) fromProxy(back *dialogue.Talker) {
	defer close(p.sent)
	buf := make([]byte, 16<<10)
	for {
		n, err := p.proxy.Read(buf)
		if n > 0 && !p.note(buf[:n]) {
			p.stop()
			return
		}
		if back != nil && n > 0 && back.Send(buf[:n]) != nil {
			err = io.ErrClosedPipe
		}
		if err == nil {
			continue
		}
		if back != nil && err == io.EOF {
			back.CloseWrite()
			return
		}
		p.stop()
		return
	}
}

// note writes down what the proxy sent. It reports whether that is not too much.
func (p *pipe) note(b []byte) bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.handed >= len(p.seen.Segments) && p.handed < mostAnswers {
		p.seen.Segments = append(p.seen.Segments, nil)
	}
	last := &p.seen.Segments[len(p.seen.Segments)-1]
	*last = append(*last, b...)
	p.total += len(b)
	p.last = time.Now()
	p.r.tell()
	return p.total <= mostForwarded
}

// toProxy hands the backend's answers on, one by one.
func (p *pipe) toProxy(back *dialogue.Talker) {
	defer context.AfterFunc(p.over, func() { back.Abort() })()
	early := false // the next answer began before the last one was handed on
	for range mostAnswers {
		if back.WaitBytes(mostTime) != nil {
			return
		}
		res, err := back.Next(p.method(), p.r.patience)
		if err != nil {
			p.handOn(mostHeld) // what is no whole answer goes on as it came
			return
		}
		if res.Interim() {
			p.handOn(res.End)
			continue
		}
		if p.answered(res.Status, early) {
			p.r.until(p.r.patience, func() bool { return !p.r.hold || p.asked() > p.handed || p.over.Err() != nil })
		}
		early = p.silent(back)
		p.r.mu.Lock()
		p.handed++ // before the proxy can see the answer and ask again
		p.r.tell()
		p.r.mu.Unlock()
		p.handOn(res.End)
	}
}

// asked is how many requests the proxy has sent, if each waited for the answer before. The relay's lock is held.
func (p *pipe) asked() int { return len(p.seen.Segments) }

// method returns that of the request whose answer is to be read, as far as it matters.
func (p *pipe) method() string {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if n := len(p.seen.Answers); n < p.asked() {
		return methodOf(p.seen.Segments[n])
	}
	return "GET"
}

// answered notes a final answer, and reports whether it is one too many.
func (p *pipe) answered(status int, early bool) (extra bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.seen.Answers = append(p.seen.Answers, status)
	if extra = early || len(p.seen.Answers) > p.asked(); extra {
		p.seen.Extra++
	}
	p.r.tell()
	return extra
}

// silent waits until neither side has sent anything for a while. It reports whether the backend has.
func (p *pipe) silent(back *dialogue.Talker) (early bool) {
	for end := time.Now().Add(p.r.patience); time.Now().Before(end); {
		if err := back.WaitBytes(quiet); err != dialogue.ErrSilent {
			return err == nil
		}
		p.r.mu.Lock()
		done := time.Since(p.last) >= quiet
		p.r.mu.Unlock()
		if done {
			break
		}
	}
	return false
}

// handOn sends the proxy what the backend has sent up to an offset.
func (p *pipe) handOn(end int64) {
	p.r.mu.Lock()
	n := min(end-p.gone, int64(len(p.raw)))
	piece := bytes.Clone(p.raw[:n])
	p.raw = append(p.raw[:0], p.raw[n:]...)
	p.gone += n
	p.r.mu.Unlock()
	p.write(piece)
}

func (p *pipe) write(b []byte) {
	p.proxy.SetWriteDeadline(time.Now().Add(p.r.patience))
	if _, err := p.proxy.Write(b); err != nil {
		p.stop()
	}
}

// standIn answers in the backend's place: whatever the proxy has sent when it falls silent is one request. A proxy that
// waits for a 100 (Continue) gets one.
func (p *pipe) standIn() {
	continued := -1
	for n := 0; n < mostAnswers; {
		for {
			if !p.r.until(mostTime, func() bool { return p.asked() > n || p.over.Err() != nil }) || p.over.Err() != nil {
				return
			}
			p.r.mu.Lock()
			rest := quiet - time.Since(p.last)
			p.r.mu.Unlock()
			if rest <= 0 {
				break
			}
			time.Sleep(rest)
		}
		p.r.mu.Lock()
		request := bytes.Clone(p.seen.Segments[n])
		if continued < n && waits(request) {
			p.last = time.Now()
			p.r.mu.Unlock()
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
			continued = n
			continue
		}
		n++
		p.seen.Answers = append(p.seen.Answers, 200)
		p.handed++
		p.r.mu.Unlock()
		p.write(standInAnswer(request))
	}
}

// waits reports whether a request's head is all that has come, and asks for a 100 (Continue).
func waits(request []byte) bool {
	head, ok := bytes.CutSuffix(bytes.ToLower(request), []byte("\r\n\r\n"))
	return ok && !bytes.Contains(head, []byte("\r\n\r\n")) && bytes.Contains(head, []byte("\r\nexpect:"))
}

// standInAnswer has the request's target as its content, so that two pages differ.
func standInAnswer(request []byte) []byte {
	_, rest, _ := bytes.Cut(firstLine(request), []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(target))
	if methodOf(request) == "HEAD" {
		return []byte(head)
	}
	return append([]byte(head), target...)
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// halfClose ends what the proxy can read. It answers by ending its own direction, if it is one that keeps connections.
func (p *pipe) halfClose() {
	if c, ok := p.proxy.(*net.TCPConn); ok {
		c.CloseWrite()
	}
}

// end waits a little for the proxy to end its direction, and then ends the pipe whatever it does.
func (p *pipe) end(within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.sent:
	case <-timer.C:
	}
	p.stop()
	p.proxy.Close()
	p.done.Wait()
}

// tee keeps what is read from the backend until it has been handed on.
type tee struct {
	net.Conn
	p *pipe
}

var errTooMuch = errors.New("the answer is too large")

func (t tee) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.p.r.mu.Lock()
	defer t.p.r.mu.Unlock()
	if len(t.p.raw)+n > mostHeld {
		return 0, errTooMuch
	}
	t.p.raw = append(t.p.raw, b[:n]...)
	return n, err
}

// CloseWrite and SetLinger let the Talker end and reset the connection.
func (t tee) CloseWrite() error       { return t.Conn.(*net.TCPConn).CloseWrite() }
func (t tee) SetLinger(sec int) error { return t.Conn.(*net.TCPConn).SetLinger(sec) }
