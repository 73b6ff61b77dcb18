// HTTP/2 behind the one changed line: one program, asked by curl, by gRPC's own client, and by Connect's, over TLS and without.

package ecosystem

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// program is what is moved by one line: pages, a gRPC service and a Connect service, by one handler.
func program() http.Handler {
	plain, calls, rpc := http.NewServeMux(), grpc.NewServer(), rpcs(nil)
	calls.RegisterService(&plainService, nil)
	plain.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, r.Proto, r.TLS != nil, n, err)
	})
	plain.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Host", fmt.Sprint(r.Host != ""))
		fmt.Fprintln(w, r.Proto, r.Method, r.URL.Path, r.TLS != nil)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/test.v1.Plain/"):
			calls.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/test.v1.Texts/"):
			rpc.ServeHTTP(w, r)
		default:
			plain.ServeHTTP(w, r)
		}
	})
}

// plainService is a gRPC service without generated code.
var plainService = grpc.ServiceDesc{
	ServiceName: "test.v1.Plain",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Reverse", Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var in text
		if err := decode(&in); err != nil {
			return nil, err
		}
		if in.Value == "" {
			return nil, status.Error(codes.InvalidArgument, "nothing to reverse")
		}
		grpc.SetTrailer(ctx, metadata.Pairs("x-length", fmt.Sprint(len(in.Value))))
		return wrapperspb.String(reverse(in.Value)), nil
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Chat", ServerStreams: true, ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		for {
			var in text
			if err := s.RecvMsg(&in); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := s.SendMsg(wrapperspb.String("you said " + in.Value)); err != nil {
				return err
			}
		}
	}}},
}

// startProgram runs the program on e, with TLS and without, until the test ends, and returns both addresses.
func startProgram(t *testing.T, e engine, h http.Handler) (secure, plain string) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	srv := e.server(&http.Server{Handler: h, Protocols: protocols, TLSConfig: &tls.Config{Certificates: certificate()}})
	overTLS, without := loopback(t), loopback(t)
	ended := make(chan error, 2)
	go func() { ended <- srv.ServeTLS(overTLS, "", "") }()
	go func() { ended <- srv.Serve(without) }()
	t.Cleanup(func() {
		srv.Close()
		for range 2 {
			if err := <-ended; err != http.ErrServerClosed {
				t.Errorf("%s: %v", e.name, err)
			}
		}
	})
	return overTLS.Addr().String(), without.Addr().String()
}

// curl returns what curl prints, the HTTP version and the status.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	args = append([]string{"-sk", "--max-time", "20", "-w", "%{http_version} %{http_code}"}, args...)
	out, err := exec.CommandContext(t.Context(), "curl", args...).CombinedOutput()
	if err != nil {
		t.Errorf("curl %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// grpcCalls returns what the gRPC service answers, over TLS or without.
func grpcCalls(t *testing.T, addr string, c credentials.TransportCredentials) (all []string) {
	t.Helper()
	cc, err := grpc.NewClient(addr, grpc.WithTransportCredentials(c))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	for _, said := range []string{"hello", "", strings.Repeat("long ", 100_000)} {
		var out text
		var trailer metadata.MD
		err := cc.Invoke(t.Context(), "/test.v1.Plain/Reverse", wrapperspb.String(said), &out, grpc.Trailer(&trailer))
		all = append(all, fmt.Sprintf("%.20q %d %v %v %v", out.Value, len(out.Value), trailer["x-length"], status.Code(err), err))
	}
	s, err := cc.NewStream(t.Context(), &plainService.Streams[0], "/test.v1.Plain/Chat")
	if err != nil {
		return append(all, err.Error())
	}
	for _, said := range []string{"one", "two", "three"} { // each is answered before the next is sent
		var out text
		err := errors.Join(s.SendMsg(wrapperspb.String(said)), s.RecvMsg(&out))
		all = append(all, fmt.Sprint(out.Value, " ", err))
	}
	return append(all, fmt.Sprint(s.CloseSend(), " ", s.RecvMsg(new(text))))
}

// connectCalls returns what the Connect service answers in HTTP/2.
func connectCalls(t *testing.T, url string, options ...connect.ClientOption) (all []string) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP2(strings.HasPrefix(url, "https"))
	protocols.SetUnencryptedHTTP2(strings.HasPrefix(url, "http:"))
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	res, err := connect.NewClient[text, text](client, url+reverseProc, options...).CallUnary(t.Context(), connect.NewRequest(wrapperspb.String("hello")))
	if err != nil {
		return append(all, told(err))
	}
	all = append(all, res.Msg.Value+" "+fields(res.Trailer()))
	counted, err := connect.NewClient[number, number](client, url+countProc, options...).CallServerStream(t.Context(), connect.NewRequest(wrapperspb.Int64(20)))
	if err != nil {
		return append(all, told(err))
	}
	defer counted.Close()
	sum := int64(0)
	for counted.Receive() {
		sum += counted.Msg().Value
	}
	chat := connect.NewClient[text, text](client, url+chatProc, options...).CallBidiStream(t.Context())
	closed := chat.CloseRequest() // which sends it
	_, err = chat.Receive()
	return append(all, fmt.Sprint(sum, " ", told(counted.Err())), fmt.Sprint(errors.Is(err, io.EOF), closed, chat.CloseResponse()))
}

// The program answers each of its clients as on net/http, after one line was changed.
func TestOneProgramInEveryProtocol(t *testing.T) {
	got := make(map[string]map[string]any)
	for _, e := range []engine{stock, spillway} {
		secure, plain := startProgram(t, e, program())
		got[e.name] = map[string]any{
			"curl --http2":                  curl(t, "--http2", "https://"+secure+"/a"),
			"curl --http1.1":                curl(t, "--http1.1", "https://"+secure+"/a"),
			"curl --http1.1, plain":         curl(t, "--http1.1", "http://"+plain+"/a"),
			"curl, prior knowledge":         curl(t, "--http2-prior-knowledge", "http://"+plain+"/a"),
			"curl, HEAD":                    curl(t, "--http2", "-I", "-o", "/dev/null", "https://"+secure+"/a"),
			"curl, upload":                  curl(t, "--http2", "--data-binary", strings.Repeat("x", 100_000), "https://"+secure+"/upload"),
			"curl, upload, prior knowledge": curl(t, "--http2-prior-knowledge", "--data-binary", strings.Repeat("x", 100_000), "http://"+plain+"/upload"),
			"gRPC":                          grpcCalls(t, secure, credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})),
			"gRPC without TLS":              grpcCalls(t, plain, insecure.NewCredentials()),
			"Connect":                       connectCalls(t, "https://"+secure),
			"Connect without TLS":           connectCalls(t, "http://"+plain),
			"Connect, gRPC's protocol":      connectCalls(t, "https://"+secure, connect.WithGRPC()),
		}
	}
	if diff := cmp.Diff(got[stock.name], got[spillway.name]); diff != "" {
		t.Errorf("net/http (-), spillway (+):\n%s", diff)
	}
	ours := got[spillway.name]
	for client, want := range map[string]string{
		"curl --http2": "HTTP/2.0 GET /a true\n2 200", "curl --http1.1": "HTTP/1.1 GET /a true\n1.1 200",
		"curl --http1.1, plain": "HTTP/1.1 GET /a false\n1.1 200", "curl, prior knowledge": "HTTP/2.0 GET /a false\n2 200",
	} {
		if ours[client] != want {
			t.Errorf("%s: %q, want %q", client, ours[client], want)
		}
	}
	for _, client := range []string{"gRPC", "gRPC without TLS"} {
		calls := ours[client].([]string)
		if len(calls) != 7 || !strings.HasPrefix(calls[0], `"olleh" 5 [5] OK`) || calls[4] != "you said two <nil>" {
			t.Errorf("%s: %q", client, calls)
		}
	}
	for _, client := range []string{"Connect", "Connect without TLS", "Connect, gRPC's protocol"} {
		want := []string{"olleh X-Length[5]", "78 out_of_range: never thirteen X-Sum[210] X-To[20]", "true <nil> <nil>"}
		if diff := cmp.Diff(want, ours[client]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", client, diff)
		}
	}
}

// gin's UseH2C, which is h2c.NewHandler's, serves clients that know.
func TestGinUseH2C(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	got := make(map[string]string)
	for _, e := range []engine{stock, spillway} {
		router := gin.New()
		router.UseH2C = true
		router.GET("/*any", func(c *gin.Context) { c.String(200, c.Request.Proto) })
		l := loopback(t)
		srv := e.server(&http.Server{Handler: router.Handler()})
		go srv.Serve(l)
		got[e.name] = curl(t, "--http2-prior-knowledge", "http://"+l.Addr().String()+"/") + ", " + curl(t, "--http1.1", "http://"+l.Addr().String()+"/")
		srv.Close()
	}
	if got[spillway.name] != got[stock.name] || got[spillway.name] != "HTTP/2.02 200, HTTP/1.11.1 200" {
		t.Errorf("%q", got)
	}
}

// A framework that has the *http.Server, and calls its Shutdown, lets an HTTP/2 stream end whole.
func TestTheWrappedServersShutdownLetsAStreamEnd(t *testing.T) {
	for _, e := range []engine{stock, spillway} {
		t.Run(e.name, func(t *testing.T) {
			running, release := make(chan bool), make(chan bool)
			protocols := new(http.Protocols)
			protocols.SetUnencryptedHTTP2(true)
			h := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(running)
				<-release
				io.WriteString(w, "whole")
			})}
			l := loopback(t)
			ended := make(chan error, 1)
			srv := e.server(h)
			go func() { ended <- srv.Serve(l) }()
			defer srv.Close()
			transport := &http.Transport{Protocols: protocols}
			defer transport.CloseIdleConnections()
			answer := make(chan string, 1)
			go func() {
				res, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String())
				if err != nil {
					answer <- err.Error()
					return
				}
				defer res.Body.Close()
				content, err := io.ReadAll(res.Body)
				answer <- fmt.Sprint(string(content), " ", err)
			}()
			receive(t, "the stream", running)
			stopped := make(chan error, 1)
			go func() { stopped <- h.Shutdown(t.Context()) }()
			if err := receive(t, "the end of Serve", ended); err != http.ErrServerClosed {
				t.Errorf("Serve: %v", err)
			}
			if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
				c.Close()
				t.Error("the port is open")
			}
			close(release)
			if got := receive(t, "the answer", answer); got != "whole <nil>" {
				t.Error(got)
			}
			if err := receive(t, "the end of Shutdown", stopped); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		})
	}
}
