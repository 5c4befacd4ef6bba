package gate

import (
	"log/slog"
	"sync"
	"time"
)

// refusalPause is for how long a kind of refusal is only counted after it was logged.
const refusalPause = time.Minute

// Refusals logs each kind of refusal at once, and then, while it lasts, once a minute with its number: a flood of them
// must not become a flood of lines.
type Refusals struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[string]*refusal
}

type refusal struct {
	logged time.Time
	count  int // since then
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
	if time.Since(k.logged) < refusalPause {
		r.mu.Unlock()
		return
	}
	n := k.count
	k.logged, k.count = time.Now(), 0
	r.mu.Unlock()
	if n > 1 {
		attributes = append(attributes, "refused", n)
	}
	r.log.Warn(kind, attributes...)
}
