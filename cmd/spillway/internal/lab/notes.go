// What became of uploads, for those who look from outside.

package lab

import (
	"slices"
	"strings"
	"sync"
)

// mostNotes is how many notes are kept: the newest.
const mostNotes = 1024

// note is what a handler was given of one upload. Its JSON is part of the contract.
type note struct {
	ID    string `json:"id"`
	Bytes int64  `json:"bytes"`
	Error string `json:"error"` // that ended the reading; "" for a clean end
}

// notes are the newest notes by their ids.
type notes struct {
	mu    sync.Mutex
	byID  map[string]note
	order []string // the ids, the oldest first
}

// add keeps a note, in place of one with the same id.
func (s *notes) add(id string, bytes int64, err error) {
	n := note{ID: strings.Clone(id), Bytes: bytes} // the id alone, not the head that it stands in
	if err != nil {
		n.Error = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[string]note)
	}
	if i := slices.Index(s.order, n.ID); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	} else if len(s.order) == mostNotes {
		delete(s.byID, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
	s.order = append(s.order, n.ID)
	s.byID[n.ID] = n
}

func (s *notes) get(id string) (note, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.byID[id]
	return n, ok
}
