// Which requests allow another behind them.

package parser

import "testing"

func TestPersists(t *testing.T) {
	for _, row := range []struct {
		what, fields   string
		http10, http11 bool
	}{
		{"no Connection field", "", false, true},
		{"an empty one", "Connection:\r\n", false, true},
		{"close", "Connection: close\r\n", false, false},
		{"keep-alive", "Connection: keep-alive\r\n", true, true},
		{"any case", "CONNECTION: Keep-ALIVE\r\n", true, true},
		{"any case of close", "connection: CLOSE\r\n", false, false},
		{"close in a list", "Connection: upgrade, close\r\n", false, false},
		{"close in a list without spaces", "Connection: upgrade,close,te\r\n", false, false},
		{"keep-alive in a list", "Connection: te\t,\tkeep-alive\t,x\r\n", true, true},
		{"close wins over keep-alive", "Connection: keep-alive, close\r\n", false, false},
		{"close wins in another line", "Connection: close\r\nA: 1\r\nConnection: keep-alive\r\n", false, false},
		{"keep-alive in the second line", "Connection: te\r\nConnection: keep-alive\r\n", true, true},
		{"empty elements", "Connection: ,, keep-alive ,\r\n", true, true},
		{"words that begin or end alike", "Connection: closed, unclose, keep-aliv\r\n", false, true},
		{"two words are not an element", "Connection: close now, keep-alive x\r\n", false, true},
		{"quoted", "Connection: \"close\", \"keep-alive\"\r\n", false, true},
		{"a Kelvin sign", "Connection: \u212aeep-alive\r\n", false, true},
		{"the field Keep-Alive says nothing", "Keep-Alive: timeout=5\r\n", false, true},
		{"another field of ten letters", "Connectiom: close\r\n", false, true},
		{"Proxy-Connection says nothing", "Proxy-Connection: keep-alive\r\n", false, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			for _, v := range []struct {
				version string
				want    bool
			}{{"1.0", row.http10}, {"1.1", row.http11}, {"1.2", row.http11}} {
				h := accept(t, "GET / HTTP/"+v.version+"\r\nHost: a\r\n"+row.fields+"\r\n")
				if got := h.Persists(); got != v.want {
					t.Errorf("HTTP/%s persists: %v", v.version, got)
				}
			}
		})
	}
}

func TestConnectionHas(t *testing.T) {
	h := accept(t, get("Connection: Upgrade, X-a\r\nConnection: TE\r\n"))
	for option, want := range map[string]bool{
		"upgrade": true, "x-a": true, "te": true, "close": false, "x": false, "upgrade, x-a": false, "x-a, te": false, "": false,
	} {
		if got := h.ConnectionHas(option); got != want {
			t.Errorf("ConnectionHas(%q) is %v", option, got)
		}
	}
}

func TestExpectsContinue(t *testing.T) {
	for _, row := range []struct {
		what, fields string
		want         bool
		refusal      string
	}{
		{"no expectation", "", false, ""},
		{"100-continue", "Expect: 100-continue\r\n", true, ""},
		{"in any case", "expect: 100-CONTINUE\r\n", true, ""},
		{"twice", "Expect: 100-continue, 100-continue\r\n", true, ""},
		{"in two lines", "Expect: 100-continue\r\nExpect: 100-continue\r\n", true, ""},
		{"an empty list", "Expect:\r\n", false, ""},
		{"empty elements", "Expect: ,100-continue,\r\n", true, ""},
		{"something else", "Expect: 200-ok\r\n", false, `417 expectation "200-ok" (RFC 9110 §10.1.1)`},
		{"something else as well", "Expect: 100-continue, x=\"y\"\r\n", false, `417 expectation "x=\"y\"" (RFC 9110 §10.1.1)`},
		{"something else in another line", "Expect: 100-continue\r\nExpect: x\r\n", false, `417 expectation "x" (RFC 9110 §10.1.1)`},
		{"a parameter", "Expect: 100-continue;a=b\r\n", false, `417 expectation "100-continue;a=b" (RFC 9110 §10.1.1)`},
		{"a lookalike", "Expect: 100-continued\r\n", false, `417 expectation "100-continued" (RFC 9110 §10.1.1)`},
		{"another field of six letters", "Expecu: x\r\n", false, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			got, err := accept(t, get(row.fields)).ExpectsContinue()
			if text := refused(t, err); got != row.want || text != row.refusal {
				t.Errorf("%v, refused with %q", got, text)
			}
			if got, err := accept(t, "POST / HTTP/1.0\r\n"+row.fields+"\r\n").ExpectsContinue(); got || err != nil {
				t.Errorf("HTTP/1.0 has expectations: %v, %v", got, err)
			}
		})
	}
}
