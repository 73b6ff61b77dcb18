// What runs the tests of this room.

package command_test

import (
	"testing"

	"github.com/spillway-go/spillway/server_test/internal/command"
)

func TestMain(m *testing.M) { command.Main(m) }
