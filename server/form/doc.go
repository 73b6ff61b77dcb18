// Package form reads the forms that browsers send: pairs of names and values, and multipart content with files, which it
// streams. What it holds is bounded, whatever a client sends.
//
//	values, err := form.Parse(r, form.Limits{})
//	if err != nil {
//		return err // becomes a 400, 408, 413 or 415
//	}
//
// The fields of a query are read by Request.Query; no function here mixes them with those of the content.
//
// # Differences from net/http
//
// Where this package does not do what ParseForm and ParseMultipartForm do with the same content, it is one of these:
//
//   - type: content that is no form, or says no type, is 415; ParseForm takes it for an empty form.
//   - methods: content is read whatever the method; ParseForm reads that of POST, PUT and PATCH.
//   - pairs: more than 1,000 are 413; ParseForm has no limit but one of bytes.
//   - bytes: more than 1 MiB are 413; ParseForm takes 10 MiB.
//   - part heads: of more than 16 KiB are 413; ParseMultipartForm takes 10 MiB.
package form
