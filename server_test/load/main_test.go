// What runs the tests of this room.

package load_test

import (
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

func TestMain(m *testing.M) { sockets.Main(m) }
