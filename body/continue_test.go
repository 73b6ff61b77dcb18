// When a reading handler makes the server ask for the content.

package body_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/body"
)

// The client is asked for content that it holds back when the first byte is wanted, once, and never if some has come.
func TestContinue(t *testing.T) {
	for _, row := range []struct {
		what   string
		before int // bytes received before the first read
		do     func(r *body.Reader)
		want   int
	}{
		{"a read", 0, func(r *body.Reader) { r.Read(make([]byte, 1)) }, 1},
		{"reads", 0, func(r *body.Reader) { readAll(t, r, 1) }, 1},
		{"WriteTo", 0, func(r *body.Reader) { r.WriteTo(io.Discard) }, 1},
		{"a read of nothing", 0, func(r *body.Reader) { r.Read(nil) }, 0},
		{"no read", 0, func(r *body.Reader) { r.Foresee(in5s(1000)); r.Remaining(); r.Trailers() }, 0},
		{"a read under a limit that the content keeps", 0, func(r *body.Reader) { r.Limit(11); r.Read(make([]byte, 1)) }, 1},
		{"reads when a byte has come already", 1, func(r *body.Reader) { readAll(t, r, 1) }, 0},
	} {
		for _, m := range messages {
			t.Run(row.what+", "+m.name, func(t *testing.T) {
				s := sends(t, strings.Split(m.wire, "")...).received(row.before)
				r := body.NewReader(s, m.framing, true, &limits)
				row.do(r)
				if s.asked != row.want {
					t.Errorf("asked %d times, not %d", s.asked, row.want)
				}
				if _, thrown := r.Settle(in5s(1000)); s.asked != row.want {
					t.Errorf("asked %d times, not %d, after %d bytes were thrown away", s.asked, row.want, thrown)
				}
			})
		}
	}
}

// A limit that is exceeded from the start is an answer too: the client is not asked for what will not be read.
func TestContinueIsNotSentOverTheLimit(t *testing.T) {
	s := sends(t)
	r := body.NewReader(s, 11, true, &limits)
	r.Limit(10)
	if _, err := r.Read(make([]byte, 1)); err == nil || s.asked > 0 {
		t.Errorf("%v, asked %d times", err, s.asked)
	}
	if l, _ := r.Settle(in5s(1000)); l != body.LeftoverUnasked {
		t.Errorf("leftover: %v", l)
	}
}

// When the client cannot be asked, it has gone.
func TestContinueFails(t *testing.T) {
	broken := errors.New("broken pipe")
	s := sends(t)
	s.refer = broken
	r := body.NewReader(s, 11, true, &limits)
	_, err := r.Read(make([]byte, 1))
	var cut *body.CutError
	if !errors.As(err, &cut) || !errors.Is(err, broken) || err.Error() != "body: peer closed after 0 of 11 bytes: broken pipe" {
		t.Errorf("%v", err)
	}
	if l, n := r.Settle(in5s(1000)); l != body.LeftoverCut || n != 0 {
		t.Errorf("leftover: %v, %d bytes", l, n)
	}
}
