// What the kit's own tests reach that its users do not.

package servertest

import "testing"

// TryPromise tries one promise on a carrier, with any testing.TB.
func TryPromise(t testing.TB, name string, c Carrier) {
	for _, p := range promises {
		if p.name == name {
			p.try(&ground{t, c})
			return
		}
	}
	t.Fatalf("no promise %q", name)
}
