// Package transcript plays the transcripts in its testdata: numbered dialogues that are the documentation of what a
// connection does, in fake time, with native handlers and with those of net/http.
package transcript
