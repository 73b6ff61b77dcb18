// This file is added to a copy of testdeps, which every test binary links: so each of them links spillway.

package testdeps

import _ "internal/spillwayworld"
