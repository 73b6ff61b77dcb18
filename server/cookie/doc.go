// Package cookie reads the cookies of requests and sets those of responses (RFC 6265, and the draft that is to replace it,
// RFC 6265bis).
//
//	session, ok := cookie.Get(r, "__Host-session")
//	err := cookie.Set(w, cookie.Cookie{Name: "__Host-session", Value: id, Path: "/", Secure: true, HTTPOnly: true})
//
// # Differences from net/http
//
// Request cookies are read as net/http reads them, but for one thing. A cookie that is set is said as net/http says it, or is
// an error:
//
//   - number: any number of cookies is read, as nothing is kept of them; net/http reads none where there are more than 3,000.
//   - values: one with a byte that may not stand in a value is an error; net/http drops the byte, or quotes the value.
//   - names: one that is no token is an error; net/http sets no cookie, and says nothing.
//   - attributes: a path or a domain that cannot be is an error; net/http drops the byte or the attribute.
//   - expiry: a date that cannot be written is an error; net/http drops the attribute.
//   - secure: SameSite=None and Partitioned without Secure are an error, as browsers drop such cookies; net/http sets them.
//   - prefixes: a __Secure- or __Host- cookie that browsers drop is an error; net/http sets it.
//   - size: more than 4,096 bytes of name and value, or 1,024 of a path or domain, is an error, as browsers drop it; net/http
//     sets it.
package cookie
