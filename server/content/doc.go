// Package content answers requests with what has a known size and can be read from anywhere: a file, an io.ReadSeeker, a
// directory of an fs.FS. It does what the client asks for: ranges, conditions, and a compressed variant.
//
//	dir, err := content.Open("/srv/www")
//	srv := &server.Server{Handler: dir}
//
// # Conditions
//
// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since and If-Range are evaluated in this order (RFC 9110
// §13.2.2), against the ETag that the handler has set in the response, and the time of the last modification. What fails is
// 412, and what the client has already is 304.
//
// # Ranges
//
// A GET may ask for ranges of bytes (RFC 9110 §14.2). One is sent as it is, several as multipart/byteranges, a part at a
// time. Ranges that are malformed, that lie behind the end, or are more than 64, are 416; ranges that together are more than
// the whole get the whole.
//
// # Types
//
// The Content-Type is what the handler has set, else what package mime knows of the name's extension, else
// application/octet-stream. Content is never looked at to guess its type: a file that a stranger has uploaded does not become
// HTML.
//
// # Files
//
// A file goes from the system to the socket without a detour, also in ranges, where the connection allows that. Open gives no
// way out of the directory, neither by dot-dot segments, which are 400, nor by symbolic links. Any fs.FS can be served with a
// [Dir]; files that cannot seek are sent whole. Only regular files are opened.
//
// # Differences from net/http
//
// Where this package does not do what ServeContent and FileServerFS do, it is one of these:
//
//   - type: without a known extension it is application/octet-stream; net/http guesses it from the content.
//   - other units: a Range in another unit than bytes is ignored (RFC 9110 §14.2); net/http answers 416.
//   - case of units: they are compared without it (RFC 9110 §14.1); net/http refuses BYTES.
//   - range numbers: are digits, however many (RFC 9110 §14.1.1); net/http takes spaces and a plus sign, and refuses numbers
//     beyond 63 bits.
//   - methods of ranges: Range counts for GET alone (RFC 9110 §14.2); net/http answers HEAD and POST with 206.
//   - empty suffix: the last 0 bytes are 416, and of empty content any range is all of it; net/http answers 206 with a range
//     that ends before it begins.
//   - many ranges: more than 64 are 416; net/http has no limit.
//   - Content-Range: stands in every 416; in net/http not where the Range is malformed.
//   - several lines: If-Match and If-None-Match may have several (RFC 9110 §5.3); net/http reads the first.
//   - 304: keeps Last-Modified beside an ETag; net/http takes it away.
//   - ETag: Dir makes one of the time of modification and the size; FileServerFS has none.
//   - methods: Dir answers GET and HEAD, and others with 405; FileServerFS answers all alike.
//   - dot-dot: is 400; FileServerFS cleans the path and serves what is left of it.
//   - listing: a directory without an index.html is 404 unless List is set; FileServerFS lists it.
//   - files without Seek: are sent whole; FileServerFS answers 500.
//   - redirects: Location is encoded; FileServerFS leaves in it what a client takes for a query, a fragment or a scheme.
//   - names: one that is too long, or has a zero byte, is 404; FileServerFS answers 500.
package content
