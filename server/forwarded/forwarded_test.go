// Clients that are found, and those that hide or lie.

package forwarded

import (
	"net/netip"
	"testing"
)

var trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}

func TestFor(t *testing.T) {
	for _, test := range []struct {
		remote string
		values []string
		want   string // "": not valid
	}{
		{"192.0.2.1:1234", nil, "192.0.2.1"},
		{"192.0.2.1:1234", []string{"for=203.0.113.7"}, "192.0.2.1"},
		{"10.0.0.1:1234", nil, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"for=203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1", []string{"for=203.0.113.7"}, "203.0.113.7"},
		{"[::ffff:10.0.0.1]:80", []string{"for=203.0.113.7"}, "203.0.113.7"},
		{"[2001:db8:1::1]:80", []string{"for=203.0.113.7"}, "203.0.113.7"},
		{"@", []string{"for=203.0.113.7"}, ""},
		{"10.0.0.1:1", []string{`for="203.0.113.7:4711"`}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"for=203.0.113.7:4711"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{`For="[2001:db8::7]:4711"`}, "2001:db8::7"},
		{"10.0.0.1:1", []string{`FOR="[2001:db8::7]"; proto=http ;by="\"a,b;c\\"`}, "2001:db8::7"},
		{"10.0.0.1:1", []string{`for="203.0.113.7:_hidden"`}, "203.0.113.7"},
		{"10.0.0.1:1", []string{`for="203.0.113.\7"`}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"for=192.0.2.99, for=203.0.113.7;proto=https, for=10.1.1.1"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"for=192.0.2.99", "for=203.0.113.7", "for=10.1.1.1"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"for=10.0.0.3,,for=10.0.0.2, "}, "10.0.0.3"},
		{"10.0.0.1:1", []string{"for=192.0.2.99, for=unknown"}, ""},
		{"10.0.0.1:1", []string{"for=192.0.2.99, for=_gazonk"}, ""},
		{"10.0.0.1:1", []string{"for=192.0.2.99, proto=https"}, ""},
		{"10.0.0.1:1", []string{"for=192.0.2.99;for=203.0.113.7"}, ""},
		{"10.0.0.1:1", []string{`for="unterminated, for=203.0.113.7`}, ""},
		{"10.0.0.1:1", []string{`for="unterminated\`}, ""},
		{"10.0.0.1:1", []string{`for="lies`, "for=203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:1", []string{"for=203.0.113.7 for=203.0.113.8"}, ""},
		{"10.0.0.1:1", []string{"for =203.0.113.7"}, ""},
		{"10.0.0.1:1", []string{"for"}, ""},
		{"10.0.0.1:1", []string{"for="}, ""},
		{"10.0.0.1:1", []string{"for=2001:db8::7"}, "2001:db8::7"},
		{"10.0.0.1:1", []string{`for="fe80::1%eth0"`}, ""},
		{"10.0.0.1:1", []string{`for="[203.0.113.7]:80"`}, ""},
		{"10.0.0.1:1", []string{`for="[203.0.113.7]"`}, ""},
		{"10.0.0.1:1", []string{`for="[2001:db8::7]80"`}, ""},
		{"10.0.0.1:1", []string{`for="[2001:db8::7]:123456"`}, ""},
		{"10.0.0.1:1", []string{`for="[2001:db8::7"`}, ""},
		{"10.0.0.1:1", []string{`for="203.0.113.7:port"`}, ""},
		{"10.0.0.1:1", []string{`for="203.0.113.7:"`}, ""},
		{"10.0.0.1:1", []string{""}, "10.0.0.1"},
	} {
		got := For(test.remote, test.values, trusted)
		if got.IsValid() != (test.want != "") || got.IsValid() && got.String() != test.want {
			t.Errorf("%s %q: %v, want %q", test.remote, test.values, got, test.want)
		}
	}
}

func TestXFor(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   string
	}{
		{[]string{"203.0.113.7"}, "203.0.113.7"},
		{[]string{"192.0.2.99, 203.0.113.7,10.1.1.1 , 10.1.1.2"}, "203.0.113.7"},
		{[]string{"192.0.2.99", "203.0.113.7, 10.1.1.1", "10.1.1.2"}, "203.0.113.7"},
		{[]string{"2001:db8::7"}, "2001:db8::7"},
		{[]string{"[2001:db8::7]"}, "2001:db8::7"},
		{[]string{"[2001:db8::7]:80"}, "2001:db8::7"},
		{[]string{"203.0.113.7:80"}, "203.0.113.7"},
		{[]string{"203.0.113.7, unknown"}, ""},
		{[]string{"203.0.113.7, <script>"}, ""},
		{[]string{"203.0.113.7, 10.0.0.2 10.0.0.3"}, ""},
		{[]string{" , "}, "10.0.0.1"},
	} {
		got := XFor("10.0.0.1:1", test.values, trusted)
		if got.IsValid() != (test.want != "") || got.IsValid() && got.String() != test.want {
			t.Errorf("%q: %v, want %q", test.values, got, test.want)
		}
	}
}

// FuzzFor looks that nobody but a trusted proxy is believed: what stands before an address that is not trusted changes nothing.
func FuzzFor(f *testing.F) {
	for _, seed := range []string{"for=192.0.2.99", `for="[2001:db8::7]:80";by=a`, `for="`, ",;=", `for=a\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lies string) {
		const honest = "203.0.113.7"
		if got := For("10.0.0.1:1", []string{lies, "for=" + honest}, trusted); got.String() != honest {
			t.Errorf("Forwarded: %v", got)
		}
		if got := XFor("10.0.0.1:1", []string{lies + ", " + honest}, trusted); got.String() != honest {
			t.Errorf("X-Forwarded-For: %v", got)
		}
		got := For("10.0.0.1:1", []string{lies + ", for=" + honest}, trusted)
		if got.IsValid() && got.String() != honest {
			t.Errorf("Forwarded in one line: %v", got)
		}
	})
}
