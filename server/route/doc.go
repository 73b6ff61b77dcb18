// Package route finds the handler of a request by its method, host and path, with the patterns of net/http's ServeMux:
//
//	var mux route.Mux
//	mux.HandleFunc("GET /files/{name}", func(w *server.Response, r *server.Request, p route.Params) error {
//		_, err := w.WriteString(p.Get("name"))
//		return err
//	})
//	srv := &server.Server{Handler: &mux}
//
// # Patterns
//
// A pattern is [METHOD] [HOST]/[PATH]. Without a method it takes all methods, and GET takes HEAD too. Without a host it takes
// all hosts; the request's port does not count. Of the path's segments, {name} takes one whatever it is, {name...} at the end
// takes all that are left, also none, and {$} at the end takes the slash before it and nothing more. A path that ends with a
// slash takes all below it, too. Segments are compared when both have been decoded.
//
// Where several patterns take a request, one with the request's host comes before one without; then the more specific pattern
// does, which is the one that takes fewer requests. Two patterns of which neither is more specific conflict, and the second
// of them is refused with an error that names both.
//
// # What the Mux answers itself
//
// A path with empty, single-dot or double-dot segments is redirected to the clean one, and one that only lacks a slash at its
// end to the path with it, both by 307. Where patterns take the path and none of them the method, an OPTIONS is answered with
// 204 and all others with 405, both with the methods in Allow; else it is 404. A path whose percent-encoding is broken is
// 400. What is not a redirect or an OPTIONS's answer is returned as a *server.StatusError, so that a function around the Mux
// can put another page in its place.
//
// # Middleware
//
// Middleware is a function that makes a handler of a handler. Around the Mux it is called for every request; around the
// routes of a [Group], for those requests that they take. What a pattern's wildcards have taken is computed from the pattern
// and the request when a handler asks for it, so there is nothing that middleware would have to pass on, and nothing is
// allocated.
//
// # Differences from net/http
//
// Where this package does not do what ServeMux does, it is one of these:
//
//   - Allow: names OPTIONS too, which the Mux answers itself; ServeMux answers it with 405.
//   - OPTIONS *: gets 204 with the methods of all routes; net/http's server answers it with 200 for itself.
//   - case of hosts: hosts are compared without it (RFC 9110 §4.2.3); ServeMux compares the bytes.
//   - encoded slash: %2F is part of its segment; ServeMux takes a segment that is only %2F for the path's last slash, and
//     decodes it in redirects.
//   - encoded redirect: the path in Location is encoded once; ServeMux encodes the percent signs of a path that it cleans
//     again.
//   - empty path: that of an absolute-form is the same as / (RFC 9110 §4.2.3); ServeMux redirects to it.
//   - absolute redirect: Location is right under a prefix that Mount has taken away; below StripPrefix that of ServeMux lacks
//     it.
//   - page of redirects: there is none; ServeMux answers GET with a line of HTML.
//   - unclean patterns: are refused with any method and with none, as no request can match them; ServeMux takes them without
//     a method, for CONNECT.
//   - late patterns: are refused when the Mux has served a request; ServeMux takes them at any time.
package route
