package gate

import (
	"log/slog"
	"sync"
	"time"
)

// refusalPause is for how long a kind of refusal is only counted after it was logged.
const refusalPause = time.Minute

// Refusals logs each kind of refusal at once, and then, while it lasts, once a minute with its number, the last ones
// too: a flood of them must not become a flood of lines.
type Refusals struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[string]*refusal
}

type refusal struct {
	count      int   // that is not logged yet
	attributes []any // of the last one
	pausing    bool
}

// NewRefusals makes the log of a server; nil discards it.
func NewRefusals(log *slog.Logger) *Refusals {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Refusals{log: log, kinds: map[string]*refusal{}}
}

// Warn reports a refusal of a kind, which is the message of the line. The attributes are those of slog.
func (r *Refusals) Warn(kind string, attributes ...any) {
	r.mu.Lock()
	k := r.kinds[kind]
	if k == nil {
		k = &refusal{}
		r.kinds[kind] = k
	}
	k.count++
	k.attributes = attributes
	pausing := k.pausing
	k.pausing = true
	r.mu.Unlock()
	if !pausing {
		r.say(kind, k)
	}
}

// say logs what was counted of a kind, and what will be at the end of the pause.
func (r *Refusals) say(kind string, k *refusal) {
	r.mu.Lock()
	n, attributes := k.count, k.attributes
	k.count, k.pausing = 0, n > 0
	r.mu.Unlock()
	if n == 0 {
		return
	}
	time.AfterFunc(refusalPause, func() { r.say(kind, k) })
	if n > 1 {
		attributes = append(attributes, "refused", n)
	}
	r.log.Warn(kind, attributes...)
}
