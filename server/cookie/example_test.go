// A session's cookie.

package cookie_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/cookie"
)

func Example() {
	visit := func(w *server.Response, r *server.Request) error {
		session, ok := cookie.Get(r, "__Host-session")
		if !ok {
			session = rand.Text()
			if err := cookie.Set(w, cookie.Cookie{
				Name: "__Host-session", Value: session, Path: "/", MaxAge: 24 * time.Hour,
				Secure: true, HTTPOnly: true, SameSite: cookie.SameSiteLax,
			}); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "a visit in session %s\n", session)
		return err
	}
	_ = &server.Server{Handler: server.HandlerFunc(visit)}
}
