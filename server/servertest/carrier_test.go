// The matrix is tested on itself: the promises on every carrier, and a listener that breaks them is found out.

package servertest_test

import (
	"testing"

	"github.com/spillway-go/spillway/server/servertest"
)

func TestPromises(t *testing.T) {
	for _, c := range servertest.Carriers() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			servertest.TestListener(t, c)
		})
	}
}
