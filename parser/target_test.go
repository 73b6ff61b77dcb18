// Request-targets and Host fields, in the forms that are allowed and others.

package parser

import "testing"

func TestTarget(t *testing.T) {
	for _, row := range []struct {
		what, line, hostField string
		form                  Form
		host, path, query     string
	}{
		{"origin-form", "GET /a/b", "h.test", OriginForm, "h.test", "/a/b", ""},
		{"the root", "GET /", "h.test", OriginForm, "h.test", "/", ""},
		{"a query", "GET /a?b=c&d", "h.test", OriginForm, "h.test", "/a", "b=c&d"},
		{"an empty query", "GET /a?", "h.test", OriginForm, "h.test", "/a", ""},
		{"the first question mark counts", "GET /a?b?c", "h.test", OriginForm, "h.test", "/a", "b?c"},
		{"nothing is decoded or cleaned", "GET /%2e/../a//b%00", "h.test", OriginForm, "h.test", "/%2e/../a//b%00", ""},
		{"two slashes are a path, no authority", "GET //b.test/a", "h.test", OriginForm, "h.test", "//b.test/a", ""},
		{"a URI in the path", "GET /http://b.test/", "h.test", OriginForm, "h.test", "/http://b.test/", ""},

		{"absolute-form wins over Host", "GET http://b.test/a?q", "h.test", AbsoluteForm, "b.test", "/a", "q"},
		{"https", "GET https://b.test:8443/a", "h.test", AbsoluteForm, "b.test:8443", "/a", ""},
		{"a scheme in upper case", "GET HTTP://B.test/", "h.test", AbsoluteForm, "B.test", "/", ""},
		{"absolute-form without a path", "GET http://b.test", "h.test", AbsoluteForm, "b.test", "/", ""},
		{"absolute-form with a query only", "GET http://b.test?q", "h.test", AbsoluteForm, "b.test", "/", "q"},
		{"absolute-form with an empty query", "OPTIONS http://b.test?", "h.test", AbsoluteForm, "b.test", "/", ""},
		{"an empty port", "GET http://b.test:/", "h.test", AbsoluteForm, "b.test:", "/", ""},
		{"a literal address", "GET http://[::1]:80/", "h.test", AbsoluteForm, "[::1]:80", "/", ""},
		{"an at sign behind the authority", "GET http://b.test/@c", "h.test", AbsoluteForm, "b.test", "/@c", ""},
		{"an encoded host stays as it is", "GET http://%800", "h.test", AbsoluteForm, "%800", "/", ""},
		{"absolute-form beside an empty Host", "GET http://b.test/", "", AbsoluteForm, "b.test", "/", ""},
		{"OPTIONS of a whole server", "OPTIONS http://b.test:8001", "h.test", AbsoluteForm, "b.test:8001", "*", ""},

		{"authority-form", "CONNECT b.test:443", "h.test", AuthorityForm, "b.test:443", "", ""},
		{"authority-form with the last port", "CONNECT b.test:65535", "h.test", AuthorityForm, "b.test:65535", "", ""},
		{"authority-form with an address", "CONNECT [2001:db8::1]:443", "h.test", AuthorityForm, "[2001:db8::1]:443", "", ""},
		{"asterisk-form", "OPTIONS *", "h.test", AsteriskForm, "h.test", "*", ""},
		{"asterisk-form and an empty Host", "OPTIONS *", "", AsteriskForm, "", "*", ""},
		{"OPTIONS of a resource", "OPTIONS /a", "h.test", OriginForm, "h.test", "/a", ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			h := accept(t, row.line+" HTTP/1.1\r\nHost: "+row.hostField+"\r\n\r\n")
			if h.Form != row.form || h.Host != row.host || h.Path != row.path || h.Query != row.query {
				t.Errorf("form %d, host %q, path %q, query %q", h.Form, h.Host, h.Path, h.Query)
			}
		})
	}
}

func TestTargetRefused(t *testing.T) {
	const noURI = "is neither a path nor an http URI (RFC 9112 §3.2)"
	for _, row := range []struct{ what, line, want string }{
		{"a path without its slash", "GET a", `400 request-target "a" ` + noURI},
		{"a query alone", "GET ?a", `400 request-target "?a" ` + noURI},
		{"another scheme", "GET ftp://b.test/", `400 request-target "ftp://b.test/" ` + noURI},
		{"one slash", "GET http:/b.test/", `400 request-target "http:/b.test/" ` + noURI},
		{"no scheme", "GET ://b.test/", `400 request-target "://b.test/" ` + noURI},
		{"authority-form without CONNECT", "GET b.test:80", `400 request-target "b.test:80" ` + noURI},
		{"asterisk-form without OPTIONS", "GET *", `400 request-target * with the method "GET" (RFC 9112 §3.2.4)`},
		{"asterisk-form with options", "options *", `400 request-target * with the method "options" (RFC 9112 §3.2.4)`},
		{"more than an asterisk", "OPTIONS **", `400 request-target "**" ` + noURI},
		{"a fragment", "GET /a#b", "400 a fragment in the request-target (RFC 9112 §3.2)"},
		{"a fragment of a URI", "GET http://b.test/#", "400 a fragment in the request-target (RFC 9112 §3.2)"},

		{"no authority", "GET http:///a", `400 authority "" in the request-target (RFC 9110 §4.2.4)`},
		{"a port alone", "GET http://:80/", `400 authority ":80" in the request-target (RFC 9110 §4.2.4)`},
		{"userinfo", "GET http://u:p@b.test/", `400 authority "u:p@b.test" in the request-target (RFC 9110 §4.2.4)`},
		{"userinfo without a password", "GET http://u@b.test/", `400 authority "u@b.test" in the request-target (RFC 9110 §4.2.4)`},
		{"a backslash in the authority", `GET http://b.test\a`, `400 authority "b.test\\a" in the request-target (RFC 9110 §4.2.4)`},
		{"an authority outside ASCII", "GET http://b\xc3\xa9/", `400 authority "b\u00e9" in the request-target (RFC 9110 §4.2.4)`},
		{"a port that is no number", "GET http://b.test:8o/", `400 authority "b.test:8o" in the request-target (RFC 9110 §4.2.4)`},

		{"CONNECT to a path", "CONNECT /", `400 "/" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT without a port", "CONNECT b.test", `400 "b.test" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT with an empty port", "CONNECT b.test:", `400 "b.test:" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT to a port beyond", "CONNECT b.test:65536", `400 CONNECT to "b.test:65536", whose port is beyond 65535 (RFC 9110 §9.3.6)`},
		{"CONNECT to a port far beyond", "CONNECT b.test:18446744073709551617", `400 CONNECT to "b.test:18446744073709551617", whose port is beyond 65535 (RFC 9110 §9.3.6)`},
		{"CONNECT without a host", "CONNECT :80", `400 ":80" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT to a URI", "CONNECT http://b.test/", `400 "http://b.test/" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT with a path", "CONNECT b.test:80/", `400 "b.test:80/" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT with userinfo", "CONNECT u@b.test:80", `400 "u@b.test:80" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
		{"CONNECT to everything", "CONNECT *", `400 "*" is not the host:port that CONNECT needs (RFC 9112 §3.2.3)`},
	} {
		t.Run(row.what, func(t *testing.T) {
			checkRefusal(t, refusal(t, row.line+" HTTP/1.1\r\nHost: h.test\r\n\r\n"), row.want)
		})
	}
}

func TestHost(t *testing.T) {
	for _, host := range []string{
		"", "a", "A.test", "a.test.", "a.test:80", "a.test:", "a.test:08080", "-", "_", "127.0.0.1", "127.0.0.1:80", "1.2.3.4.5",
		"a-b_c~d!$&'()*+,;=e", "%41", "a%c3%A9b:1", "%ff%00", // reg-name
		"[::]", "[::1]", "[::1]:80", "[::1]:", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1::8]", "[ABCD::ef01]",
		"[::ffff:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]",
		"[v1.a]", "[vF0.a:b!$&'()*+,;=-._~]:80", "[V1.::]", // IPvFuture
	} {
		if h := accept(t, "GET / HTTP/1.1\r\nHost:  "+host+"\t\r\n\r\n"); h.Host != host {
			t.Errorf("Host %q is read as %q", host, h.Host)
		}
	}
}

func TestHostRefused(t *testing.T) {
	for _, host := range []string{
		":", ":80", "a:b", "a:80:80", "a:+80", "a:-1", "a: 80", "a:80a", "a b", "a\tb", "a, b", "a/", "/", "a/b", "a?b", "a#b", "a@b", "u:p@a:80",
		`a\b`, `"a"`, "a<b>", "a{b}", "a|b", "a^b", "a`b", "a]", "a[b]", "http://a",
		"%", "%4", "%g1", "%1g", "a%", "a%4", "%%41", "%4:80", "é", "a\x80",
		"[", "[]", "[::1", "::1", "::1]", "[::1]a", "[::1]]", "[[::1]]", "[::1]80", "[::1]:x", "[::1:]", "[:1]", "[:::]", "[1::2::3]",
		"[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1::3:4:5:6:7:8:9]", "[12345::]", "[g::]", "[127.0.0.1]", "[a.test]", "[::1.2.3]",
		"[::1.2.3.256]", "[::1.2.3.04]", "[1.2.3.4::]", "[fe80::1%eth0]", "[fe80::1%25eth0]", "[::1%]", "[ ::1]", "[::1 ]",
		"[v1]", "[v.a]", "[v1.]", "[vg.a]", "[v1.a/b]", "[v1.%41]", "[v1.a@b]", "[x1.a]",
	} {
		want := "400 invalid Host " + quote(host) + " (RFC 9112 §3.2)"
		checkRefusal(t, refusal(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n"), want)
		checkRefusal(t, refusal(t, "GET / HTTP/1.0\r\nHost: "+host+"\r\n\r\n"), want)
	}
}

func TestHowManyHosts(t *testing.T) {
	for _, row := range []struct{ what, head, want string }{
		{"none in HTTP/1.1", "GET / HTTP/1.1\r\nA: 1\r\n\r\n", "400 no Host in an HTTP/1.1 request (RFC 9112 §3.2)"},
		{"none in HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", "400 no Host in an HTTP/1.1 request (RFC 9112 §3.2)"},
		{"none in HTTP/1.0", "GET / HTTP/1.0\r\nA: 1\r\n\r\n", ""},
		{"none beside an absolute-form", "GET http://a/ HTTP/1.1\r\n\r\n", "400 no Host in an HTTP/1.1 request (RFC 9112 §3.2)"},
		{"none beside an absolute-form in HTTP/1.0", "GET http://a/ HTTP/1.0\r\n\r\n", ""},
		{"none beside an authority-form", "CONNECT a:80 HTTP/1.1\r\n\r\n", "400 no Host in an HTTP/1.1 request (RFC 9112 §3.2)"},
		{"one in HTTP/1.0", "GET / HTTP/1.0\r\nHOST: a\r\n\r\n", ""},
		{"an invalid one beside an absolute-form", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", `400 invalid Host "a b" (RFC 9112 §3.2)`},
		{"two", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 2 Host fields (RFC 9112 §3.2)"},
		{"the same twice", "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nhost: a\r\n\r\n", "400 2 Host fields (RFC 9112 §3.2)"},
		{"an empty one too", "GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n", "400 2 Host fields (RFC 9112 §3.2)"},
		{"three in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\nHost: a\r\n\r\n", "400 3 Host fields (RFC 9112 §3.2)"},
		{"two beside an absolute-form", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400 2 Host fields (RFC 9112 §3.2)"},
	} {
		t.Run(row.what, func(t *testing.T) {
			if got := refusal(t, row.head); got != row.want {
				t.Errorf("refused with %q\n          want %q", got, row.want)
			}
		})
	}
}
