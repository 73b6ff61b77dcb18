// connect-go: its own protocol, gRPC-Web and gRPC as far as HTTP/1.1 carries it.

package ecosystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type (
	text   = wrapperspb.StringValue
	number = wrapperspb.Int64Value
)

// The procedures that are served.
const (
	reverseProc = "/test.v1.Texts/Reverse" // unary
	failProc    = "/test.v1.Texts/Fail"    // unary
	waitProc    = "/test.v1.Texts/Wait"    // unary; until its context's end
	countProc   = "/test.v1.Texts/Count"   // server streaming
	joinProc    = "/test.v1.Texts/Join"    // client streaming
	chatProc    = "/test.v1.Texts/Chat"    // in both directions, which HTTP/1.1 has not
)

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// rpcs returns the service. Each context that has ended while its handler waited is told.
func rpcs(ended chan<- error) http.Handler {
	mux := http.NewServeMux()
	small := connect.WithReadMaxBytes(1 << 20)
	mux.Handle(reverseProc, connect.NewUnaryHandler(reverseProc,
		func(ctx context.Context, req *connect.Request[text]) (*connect.Response[text], error) {
			res := connect.NewResponse(wrapperspb.String(reverse(req.Msg.Value)))
			res.Header().Set("X-Method", req.HTTPMethod())
			res.Header().Set("X-Asked", req.Header().Get("X-Ask"))
			res.Trailer().Set("X-Length", fmt.Sprint(len(req.Msg.Value)))
			return res, nil
		}, connect.WithIdempotency(connect.IdempotencyNoSideEffects), small))
	mux.Handle(failProc, connect.NewUnaryHandler(failProc,
		func(ctx context.Context, req *connect.Request[emptypb.Empty]) (*connect.Response[text], error) {
			err := connect.NewError(connect.CodeResourceExhausted, errors.New("no more"))
			if detail, e := connect.NewErrorDetail(durationpb.New(3 * time.Second)); e == nil {
				err.AddDetail(detail)
			}
			err.Meta().Set("X-Retry", "3")
			return nil, err
		}))
	mux.Handle(waitProc, connect.NewUnaryHandler(waitProc,
		func(ctx context.Context, req *connect.Request[emptypb.Empty]) (*connect.Response[text], error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}))
	mux.Handle(countProc, connect.NewServerStreamHandler(countProc,
		func(ctx context.Context, req *connect.Request[number], stream *connect.ServerStream[number]) error {
			stream.ResponseHeader().Set("X-To", fmt.Sprint(req.Msg.Value))
			stream.ResponseTrailer().Set("X-Sum", fmt.Sprint(req.Msg.Value*(req.Msg.Value+1)/2))
			if req.Msg.Value < 0 { // for ever
				for n := int64(1); ctx.Err() == nil; n++ {
					if err := stream.Send(wrapperspb.Int64(n)); err != nil {
						break
					}
				}
				<-ctx.Done()
				ended <- ctx.Err()
				return ctx.Err()
			}
			for n := int64(1); n <= req.Msg.Value; n++ {
				if n == 13 {
					return connect.NewError(connect.CodeOutOfRange, errors.New("never thirteen"))
				}
				if err := stream.Send(wrapperspb.Int64(n)); err != nil {
					return err
				}
			}
			return nil
		}))
	mux.Handle(joinProc, connect.NewClientStreamHandler(joinProc,
		func(ctx context.Context, stream *connect.ClientStream[text]) (*connect.Response[text], error) {
			var all strings.Builder
			for stream.Receive() {
				all.WriteString(stream.Msg().Value)
				if strings.HasSuffix(all.String(), "stop") {
					return nil, connect.NewError(connect.CodeAborted, errors.New("stopped"))
				}
			}
			if err := stream.Err(); err != nil {
				return nil, err
			}
			return connect.NewResponse(wrapperspb.String(all.String())), nil
		}))
	mux.Handle(chatProc, connect.NewBidiStreamHandler(chatProc,
		func(ctx context.Context, stream *connect.BidiStream[text, text]) error { return nil }))
	return mux
}

// fields returns those of some header fields that the handlers have set.
func fields(h http.Header) string {
	var lines []string
	for name, values := range h {
		if strings.HasPrefix(name, "X-") {
			lines = append(lines, fmt.Sprint(name, values))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// told says what an error tells the client.
func told(err error) string {
	var e *connect.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	s := fmt.Sprintf("%s: %s", e.Code(), e.Message())
	for _, d := range e.Details() {
		v, err := d.Value()
		s += fmt.Sprintf(" (%v %v)", v, err)
	}
	return s + " " + fields(e.Meta())
}

// The kinds of calls that HTTP/1.1 allows, in each protocol and encoding that connect has.
func TestConnect(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []connect.ClientOption
	}{
		{"connect", nil},
		{"connect, JSON", []connect.ClientOption{connect.WithProtoJSON()}},
		{"connect, gzip", []connect.ClientOption{connect.WithSendGzip()}},
		{"connect, GET", []connect.ClientOption{connect.WithHTTPGet(), connect.WithHTTPGetMaxURLSize(8000, true)}},
		{"gRPC-Web", []connect.ClientOption{connect.WithGRPCWeb()}},
		{"gRPC", []connect.ClientOption{connect.WithGRPC()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sameOutcome(t, func() http.Handler { return rpcs(nil) }, func(t *testing.T, s site) []string {
				return callRPCs(t, s, c.options)
			})
			long := fmt.Sprint(len(longText))
			method := "POST"
			if c.name == "connect, GET" {
				method = "GET"
			}
			want := []string{
				"olleh <nil> X-Asked[me] X-Method[" + method + "] X-Length[5]",
				"true <nil> X-Length[" + long + "]",
				"3 [1 2 3] <nil> X-To[3] X-Sum[6]",
				"12 out_of_range: never thirteen",
				"abc <nil>",
				"aborted: stopped",
			}
			for i, w := range want {
				for part := range strings.SplitSeq(w, " ") {
					if !strings.Contains(got[i], part) {
						t.Errorf("%q is without %q", got[i], part)
					}
				}
			}
		})
	}
}

var longText = strings.Repeat("0123456789abcdef", 10_000)

func callRPCs(t *testing.T, s site, options []connect.ClientOption) (seen []string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	say := func(format string, args ...any) { seen = append(seen, fmt.Sprintf(format, args...)) }

	unary := connect.NewClient[text, text](s.Client, s.URL+reverseProc,
		append(slices.Clip(options), connect.WithIdempotency(connect.IdempotencyNoSideEffects))...)
	for _, value := range []string{"hello", longText} {
		req := connect.NewRequest(wrapperspb.String(value))
		req.Header().Set("X-Ask", "me")
		res, err := unary.CallUnary(ctx, req)
		if err != nil {
			say("%s", told(err))
			continue
		}
		short := res.Msg.Value
		if len(short) > 100 {
			short = fmt.Sprint(short == reverse(value))
		}
		say("%s %v %s %s", short, err, fields(res.Header()), fields(res.Trailer()))
	}

	counter := connect.NewClient[number, number](s.Client, s.URL+countProc, options...)
	for _, to := range []int64{3, 20} {
		stream, err := counter.CallServerStream(ctx, connect.NewRequest(wrapperspb.Int64(to)))
		if err != nil {
			say("%s", told(err))
			continue
		}
		var numbers []int64
		for stream.Receive() {
			numbers = append(numbers, stream.Msg().Value)
		}
		say("%d %v %s %s %s", len(numbers), numbers, told(stream.Err()), fields(stream.ResponseHeader()), fields(stream.ResponseTrailer()))
		stream.Close()
	}

	joiner := connect.NewClient[text, text](s.Client, s.URL+joinProc, options...)
	for _, parts := range [][]string{{"a", "b", "c"}, {"a", "stop"}} {
		stream := joiner.CallClientStream(ctx)
		for _, part := range parts {
			if err := stream.Send(wrapperspb.String(part)); err != nil && !errors.Is(err, io.EOF) {
				t.Errorf("Send: %v", err)
			}
		}
		res, err := stream.CloseAndReceive()
		if err != nil {
			say("%s", told(err))
			continue
		}
		say("%s %v", res.Msg.Value, err)
	}

	_, err := connect.NewClient[emptypb.Empty, text](s.Client, s.URL+failProc, options...).
		CallUnary(ctx, connect.NewRequest(&emptypb.Empty{}))
	say("%s", told(err))
	_, err = connect.NewClient[text, text](s.Client, s.URL+reverseProc, options...).
		CallUnary(ctx, connect.NewRequest(wrapperspb.String(strings.Repeat("x", 2<<20))))
	say("%s", told(err))
	_, err = connect.NewClient[text, text](s.Client, s.URL+"/test.v1.Texts/None", options...).
		CallUnary(ctx, connect.NewRequest(wrapperspb.String("")))
	say("%s", told(err))
	return seen
}

// A client's deadline and a client that gives up end the handler's context.
func TestConnectEnds(t *testing.T) {
	var ended chan error
	got := sameOutcome(t, func() http.Handler {
		ended = make(chan error, 3)
		return rpcs(ended)
	}, func(t *testing.T, s site) []string {
		var seen []string
		waiter := connect.NewClient[emptypb.Empty, text](s.Client, s.URL+waitProc)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := waiter.CallUnary(ctx, connect.NewRequest(&emptypb.Empty{}))
		seen = append(seen, connect.CodeOf(err).String())
		receive(t, "the first handler's context ends", ended) // by the deadline in the request, or because the client has gone

		ctx, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		stream, err := connect.NewClient[number, number](s.Client, s.URL+countProc).
			CallServerStream(ctx, connect.NewRequest(wrapperspb.Int64(-1)))
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if !stream.Receive() {
				t.Fatal(stream.Err())
			}
		}
		giveUp()
		for stream.Receive() {
		}
		seen = append(seen, connect.CodeOf(stream.Err()).String(), receive(t, "the second handler's context ends", ended).Error())
		stream.Close()
		return seen
	})
	if diff := cmp.Diff([]string{"deadline_exceeded", "canceled", "context canceled"}, got); diff != "" {
		t.Error(diff)
	}
}

// What is no call is answered as on net/http: a stream in both directions, another method, another content.
func TestConnectRefusals(t *testing.T) {
	got := sameOutcome(t, func() http.Handler { return rpcs(nil) }, func(t *testing.T, s site) []answer {
		return callAll(t, s, []call{
			{Line: "POST " + chatProc, Fields: "Content-Type: application/connect+proto", Body: "\x00\x00\x00\x00\x00"},
			{Line: "PUT " + reverseProc, Fields: "Content-Type: application/proto", Body: "x"},
			{Line: "POST " + reverseProc, Fields: "Content-Type: text/html", Body: "<p>"},
			{Line: "POST " + reverseProc, Fields: "Content-Type: application/json", Body: "{"},
			{Line: "POST " + reverseProc, Fields: "Content-Type: application/json\nConnect-Timeout-Ms: soon", Body: `"x"`},
			{Line: "POST " + reverseProc, Fields: "Content-Type: application/json", Body: `"abc"`},
			{Line: "GET " + reverseProc + "?encoding=json&message=%22abc%22"},
			{Line: "POST " + joinProc, Fields: "Content-Type: application/connect+json", Body: "\x00\x00\x00\x00\x09\"ab"},
			{Line: "POST " + failProc, Fields: "Content-Type: application/json", Body: `{}`},
		})
	})
	var statuses []int
	for _, a := range got {
		statuses = append(statuses, a.Status)
	}
	if diff := cmp.Diff([]int{505, 405, 415, 400, 400, 200, 200, 200, 429}, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
