// A value that is made of what files hold, and made anew when they hold something else.

package https

import (
	"bytes"
	"cmp"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// watched looks at its files when it is asked for its value, so that nothing runs while nobody asks. It compares what they
// hold and not their times, which may be the same before and after a change.
type watched[T any] struct {
	files *Files
	paths []string
	make  func(contents [][]byte) (T, error)
	value atomic.Pointer[T]

	mu     sync.Mutex
	looked time.Time
	seen   [][]byte // what the files held then; nil: they could not be read
	failed string   // why they could not be used then
}

// watch makes the value for the first time.
func watch[T any](f *Files, paths []string, make func([][]byte) (T, error)) (*watched[T], error) {
	w := &watched[T]{files: f, paths: paths, make: make}
	w.looked = time.Now()
	return w, w.look()
}

// get returns the value. Where others look at the files already it does not wait for them: what there is can still be used.
func (w *watched[T]) get() T {
	if w.mu.TryLock() {
		w.lookAgain()
		w.mu.Unlock()
	}
	return *w.value.Load()
}

// lookAgain looks if it is time to, and logs what is new and wrong. w.mu is held.
func (w *watched[T]) lookAgain() {
	now := time.Now()
	if now.Sub(w.looked) < cmp.Or(w.files.Every, time.Second) {
		return
	}
	w.looked = now
	err := w.look()
	if err == nil {
		w.failed = ""
		return
	}
	if w.failed == err.Error() {
		return
	}
	w.failed = err.Error()
	const message = "TLS files cannot be used; what they held before still is"
	if w.files.Log != nil {
		w.files.Log.Error(message, "error", err)
		return
	}
	log.Printf("%s: %v", message, err)
}

// look makes the value anew if the files hold something else than before. w.mu is held, or nobody else has w.
func (w *watched[T]) look() error {
	contents := make([][]byte, len(w.paths))
	for i, path := range w.paths {
		var err error
		if contents[i], err = os.ReadFile(path); err != nil {
			w.seen = nil
			return fmt.Errorf("https: %w", err)
		}
	}
	if w.seen != nil && w.failed == "" && slices.EqualFunc(w.seen, contents, bytes.Equal) {
		return nil
	}
	w.seen = contents
	v, err := w.make(contents)
	if err != nil {
		return err
	}
	w.value.Store(&v)
	return nil
}
