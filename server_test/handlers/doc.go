// Package handlers compares the optional packages for native handlers, server/route, server/content and their kin, with what
// net/http answers to the same requests. Where they differ, the package's comment says so, and a row here shows it.
package handlers
