package association

import (
	"sync"
	"time"
)

// Opening is the report that a data channel is open, which comes before that of its first message and of its end. pion
// calls the handlers of both in goroutines: in any order, if a channel is closed as soon as it is open.
type Opening struct {
	once     sync.Once
	report   func()
	reported chan struct{}
}

// NewOpening makes the opening of one channel.
func NewOpening(report func()) *Opening {
	return &Opening{report: report, reported: make(chan struct{})}
}

// Happened reports it, unless it has been reported or the channel has ended.
func (o *Opening) Happened() {
	o.once.Do(func() {
		o.report()
		close(o.reported)
	})
}

// openingTime is how long the end of a channel waits for the opening, whose handler is at work if there was one.
const openingTime = 100 * time.Millisecond

// End waits for the opening, which is not reported any more from then on. It does not wait once done is closed.
func (o *Opening) End(done <-chan struct{}) {
	select {
	case <-o.reported:
	case <-done:
	case <-time.After(openingTime):
	}
	o.once.Do(func() {})
}
