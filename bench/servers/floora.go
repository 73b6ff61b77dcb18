// Floor A: what a goroutine per connection costs when nothing is parsed.

package servers

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
)

func serveFloorA(l net.Listener, env *Env) error {
	x := exchangeOf(env.Case)
	x.reply = bytes.Repeat(x.reply, env.Case.MostPipelined())
	if env.TLS != nil {
		l = tls.NewListener(l, env.TLS)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go floorA(c, x, env)
	}
}

// floorA writes as many replies as whole requests have come, and as few times as that needs.
func floorA(c net.Conn, x exchange, env *Env) {
	defer c.Close()
	most := env.Case.MostPipelined()
	one := len(x.reply) / most
	buf := make([]byte, bufferFor(x.request*most))
	for have := 0; ; {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		have += n
		if have < x.request {
			continue
		}
		if env.Case.Route == cases.Sleep {
			time.Sleep(cases.SleepFor)
		}
		for have >= x.request && err == nil {
			k := min(have/x.request, most)
			have -= k * x.request
			_, err = c.Write(x.reply[:k*one])
		}
		if env.Case.Route == cases.File && err == nil {
			err = copyTo(c, filepath.Join(env.Dir, FileFile))
		}
		if err != nil {
			return
		}
	}
}

func copyTo(c net.Conn, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(c, f)
	return err
}
