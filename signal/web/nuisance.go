package web

import (
	"net/http"
	"sync"
	"time"

	"dialtone/signal/gate"
)

const (
	// freeFailures are the calls of a client that may fail one after another before it has to wait.
	freeFailures = 2
	// firstPenalty is for how long it is refused then; each further failure doubles it up to longestPenalty.
	firstPenalty   = time.Second
	longestPenalty = time.Minute
	// penalties bounds how many clients are remembered.
	penalties = 1024
)

// Nuisances make clients wait whose calls come to nothing, so that they neither occupy an answerer nor keep others out.
// The zero value is ready.
type Nuisances struct {
	mu     sync.Mutex
	of     map[string]*penalty
	caller gate.Client // of the call that goes on
	early  bool        // a call failed whose request has not been answered yet
}

type penalty struct {
	failures int // one after another
	until    time.Time
	seen     time.Time
}

// Handler refuses clients that have to wait, and notes whose offer is answered.
func (n *Nuisances) Handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := gate.ClientAt(r.RemoteAddr)
		if r.Method != http.MethodPost {
			h.ServeHTTP(w, r)
			return
		}
		if wait := n.wait(client); wait > 0 && !client.Local { // a proxy of this machine speaks for many
			Refuse(w, Problem{
				Status: http.StatusTooManyRequests, Title: "the last calls from this address came to nothing",
				Detail: "Call again later.", Retry: wait,
			})
			return
		}
		watched, ok := w.(*watchedWriter)
		if !ok {
			watched = &watchedWriter{ResponseWriter: w, answering: func() {}}
		}
		h.ServeHTTP(watched, r)
		if watched.took() {
			n.note(client)
		}
	})
}

// took reports whether a call began with the request, even if its answer came too late.
func (w *watchedWriter) took() bool {
	switch w.status {
	case http.StatusNotAcceptable, http.StatusUnprocessableEntity, http.StatusGatewayTimeout:
		return true
	case http.StatusServiceUnavailable:
		return w.problem != Busy().Title
	}
	return w.status/100 == 2
}

// note remembers whose call it is that goes on, or has ended already.
func (n *Nuisances) note(client gate.Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.early {
		n.early = false
		n.count(client)
		return
	}
	n.caller = client
}

func (n *Nuisances) wait(c gate.Client) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.of[c.Groups[0].Key]; p != nil {
		return time.Until(p.until)
	}
	return 0
}

// Ended says that the call has ended, and whether it was connected.
func (n *Nuisances) Ended(connected bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	client := n.caller
	n.caller = gate.Client{}
	switch {
	case connected && len(client.Groups) > 0:
		delete(n.of, client.Groups[0].Key)
	case connected:
	case len(client.Groups) == 0:
		n.early = true
	default:
		n.count(client)
	}
}

// count counts a call of a client that came to nothing.
func (n *Nuisances) count(client gate.Client) {
	key := client.Groups[0].Key
	p := n.of[key]
	if p == nil {
		n.forgetOldest()
		p = &penalty{}
		n.of[key] = p
	}
	p.failures++
	p.seen = time.Now()
	if late := p.failures - freeFailures; late > 0 {
		p.until = p.seen.Add(min(firstPenalty<<min(late-1, 10), longestPenalty))
	}
}

// forgetOldest makes room for a client.
func (n *Nuisances) forgetOldest() {
	if n.of == nil {
		n.of = map[string]*penalty{}
	}
	if len(n.of) < penalties {
		return
	}
	oldest := ""
	for key, p := range n.of {
		if oldest == "" || p.seen.Before(n.of[oldest].seen) {
			oldest = key
		}
	}
	delete(n.of, oldest)
}
