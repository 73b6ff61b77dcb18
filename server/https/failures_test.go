// Why handshakes failed is counted, and told when the connection ends; and what they agreed on is told with every event.

package https_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
)

func TestFailedHandshakesAreCounted(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(nc net.Conn)
		want server.Handshake
	}{
		{"another protocol", func(nc net.Conn) { io.WriteString(nc, "SSH-2.0-OpenSSH_9.2\r\n") }, server.HandshakeNotTLS},
		{"plain HTTP", func(nc net.Conn) { io.WriteString(nc, request) }, server.HandshakeHTTP},
		{"a port scan", func(nc net.Conn) { nc.Close() }, server.HandshakeGone},
		{"a client that resets", func(nc net.Conn) {
			io.WriteString(nc, "\x16\x03")
			nc.(*net.TCPConn).SetLinger(0)
			nc.Close()
		}, server.HandshakeGone},
		{"a client that is silent", func(net.Conn) {}, server.HandshakeTimeout},
		{"versions that nobody shares", func(nc net.Conn) {
			tls.Client(nc, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}).Handshake()
		}, server.HandshakeRefused},
		{"a client that does not trust the certificate", func(nc net.Conn) {
			tls.Client(nc, &tls.Config{ServerName: "example.test"}).Handshake()
		}, server.HandshakeRefused},
		{"a protocol that nobody serves", func(nc net.Conn) {
			tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"other"}}).Handshake()
		}, server.HandshakeProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			closed := make(chan server.Event, 1)
			cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"other"}}
			srv := &server.Server{TLS: https.Config(cfg), Limits: server.Limits{ReadHeaderTimeout: time.Second}, Trace: func(e server.Event) {
				if e.Kind == server.EventClosed {
					closed <- e
				}
			}}
			nc, err := net.Dial("tcp", serve(t, srv, func(l net.Listener) net.Listener { return l }))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			test.do(nc)
			e := <-closed
			var want [conn.Handshakes]int64
			want[test.want] = 1
			if got := srv.Stats().Handshakes; got != want || e.Err == nil {
				t.Errorf("counted %v, want one of %v; told %v", got, test.want, e.Err)
			}
		})
	}
}

func TestEventsTellTheVersion(t *testing.T) {
	events := make(chan server.Event, 10)
	srv := &server.Server{Handler: server.HandlerFunc(told), TLS: https.Config(&tls.Config{Certificates: []tls.Certificate{certificate()}}),
		Trace: func(e server.Event) { events <- e }}
	nc, err := tls.Dial("tcp", serve(t, srv, func(l net.Listener) net.Listener { return l }), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, request)
	if _, err := bufio.NewReader(nc).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for e := range events {
		if e.Kind != server.EventAccepted && e.TLS.String() != "1.2" {
			t.Errorf("%v: version %q", e, e.TLS)
		}
		if e.Kind == server.EventSettled {
			return
		}
	}
}
