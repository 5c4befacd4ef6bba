package monitor

import (
	"maps"
	"slices"
	"sync"
)

// results are the last ones.
type results struct {
	most int

	mu     sync.Mutex
	number int
	last   []*result            // the newest last
	latest map[Schedule]*result // of each scheduled target
}

func newResults(most int) *results { return &results{most: most, latest: map[Schedule]*result{}} }

// keep numbers a result, makes its page, and keeps both.
func (s *results) keep(r *result) {
	r.render()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	r.Number = s.number
	s.last = append(s.last, r.withoutReport())
	s.last = slices.Delete(s.last, 0, max(0, len(s.last)-s.most))
}

// withoutReport is the result with the page of its report only.
func (r *result) withoutReport() *result {
	kept := *r
	kept.Report = nil
	return &kept
}

// scheduled notes the latest result of a scheduled target.
func (s *results) scheduled(of Schedule, r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest[of] = r.withoutReport()
}

// forget drops what is no longer scheduled.
func (s *results) forget(now []Schedule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of := range s.latest {
		if !slices.Contains(now, of) {
			delete(s.latest, of)
		}
	}
}

// find is a result by its number; nil if it is not kept.
func (s *results) find(number int) *result {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range [][]*result{s.last, s.ofSchedule()} {
		if i := slices.IndexFunc(list, func(r *result) bool { return r.Number == number }); i >= 0 {
			return list[i]
		}
	}
	return nil
}

// ofSchedule lists the latest results of scheduled targets. The lock is held.
func (s *results) ofSchedule() []*result {
	var list []*result
	for _, r := range s.latest {
		list = append(list, r)
	}
	return list
}

// view is all that a page shows: the last results, the newest first, and what came last of each scheduled target.
func (s *results) view() (last []*result, latest map[Schedule]*result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last = slices.Clone(s.last)
	slices.Reverse(last)
	latest = map[Schedule]*result{}
	maps.Copy(latest, s.latest)
	return last, latest
}
