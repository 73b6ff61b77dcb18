// The rate that a client must keep is that of its content, also where TLS stands between.

package https_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/servertest"
)

// slowly is content that comes a piece at a time, after a pause each.
type slowly struct {
	pieces, size int
	pause        time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.pieces == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	s.pieces--
	return copy(p, strings.Repeat("x", s.size)), nil
}

// An upload that is steadily faster than the least rate is read to its end, however long it takes, and one that is steadily
// slower is not; however the handler reads it, and in the records of TLS as without it.
func TestRateOfAnUpload(t *testing.T) {
	const least, grace, pieces = 100, time.Second, 60
	for _, secure := range []bool{false, true} {
		for _, chunked := range []bool{false, true} {
			for name, read := range map[string]func(r *server.Request) (int64, error){
				"in large reads": func(r *server.Request) (int64, error) { return io.Copy(io.Discard, struct{ io.Reader }{r.Body}) },
				"in small reads": func(r *server.Request) (n int64, err error) {
					for p := make([]byte, 16); err == nil; {
						var got int
						got, err = r.Body.Read(p)
						n += int64(got)
					}
					if err == io.EOF {
						err = nil
					}
					return n, err
				},
				"copied": func(r *server.Request) (int64, error) { return io.Copy(io.Discard, r.Body) },
			} {
				for size, status := range map[int]int{least / 5: 200, least / 50: 408} { // in a tenth of a second each; chunks have five bytes more
					t.Run(fmt.Sprintf("TLS %v/chunked %v/%s/%d bytes", secure, chunked, name, size), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							defer time.Sleep(pieces * grace) // until the client has given up, too
							l := servertest.Listen()
							srv := &server.Server{Log: &logged{}, Handler: server.HandlerFunc(func(w *server.Response, r *server.Request) error {
								n, err := read(r)
								if err == nil && n != int64(pieces*size) {
									t.Errorf("%d bytes were read", n)
								}
								if status == 408 && !errors.Is(err, conn.ErrMinRate) {
									t.Errorf("the read ended with %v", err)
								}
								return err
							}), Limits: server.Limits{MinReadRate: least, RateGrace: grace, ReadTimeout: -1}}
							dial := l.DialContext
							transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
							url := "http://rate.test/"
							if secure {
								srv.TLS, url = https.Config(&tls.Config{Certificates: []tls.Certificate{certificate()}}), "https://rate.test/"
							}
							go srv.Serve(l)
							defer srv.Close()
							defer transport.CloseIdleConnections()
							req, err := http.NewRequest("POST", url, &slowly{pieces, size, grace / 10})
							if err != nil {
								t.Fatal(err)
							}
							if req.ContentLength = int64(pieces * size); chunked {
								req.ContentLength = -1
							}
							res, err := transport.RoundTrip(req)
							if err != nil {
								t.Fatal(err)
							}
							res.Body.Close()
							if res.StatusCode != status {
								t.Errorf("status %d, not %d", res.StatusCode, status)
							}
						})
					})
				}
			}
		}
	}
}
