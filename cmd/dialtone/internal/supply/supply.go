// Package supply gives calls ICE servers whose credentials have limited time, and renews them.
package supply

import (
	"context"
	"slices"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/session"
	"dialtone/signal"
	posting "dialtone/signal/post"
	"dialtone/signal/web"
)

// expiryMargin is how long before their end credentials are asked for anew.
const expiryMargin = time.Minute

// Supply gives the ICE servers of an address, and asks again before their credentials expire.
type Supply struct {
	source posting.Source
	length time.Duration // of a call: the credentials must outlast it
	failed func(error) error

	mu      sync.Mutex
	known   []diag.ICEServerAuth
	given   map[string]bool // URLs of all that were ever known
	asked   time.Time       // zero: not yet
	expires time.Time       // zero: never, or it is not known
}

// New makes a supply for calls of a length. failed makes the error of Renew of that of the request.
func New(source posting.Source, length time.Duration, failed func(error) error) *Supply {
	return &Supply{source: source, length: length, failed: failed, given: map[string]bool{}}
}

// Renew puts the servers of the supply in the place of those that it gave before.
func (s *Supply) Renew(ctx context.Context, have []diag.ICEServerAuth) ([]diag.ICEServerAuth, error) {
	if s == nil {
		return have, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked.IsZero() || !s.expires.IsZero() && time.Until(s.expires) < s.length+expiryMargin {
		if err := s.ask(ctx, have, nil); err != nil {
			return nil, s.failed(err)
		}
	}
	return append(s.others(have), s.known...), nil
}

// others are the servers that are not from the supply.
func (s *Supply) others(have []diag.ICEServerAuth) []diag.ICEServerAuth {
	return slices.DeleteFunc(slices.Clone(have), func(one diag.ICEServerAuth) bool { return s.given[one.URL] })
}

func (s *Supply) ask(ctx context.Context, have []diag.ICEServerAuth, onRequest func(signal.Request)) error {
	source, now := s.source, time.Now()
	source.OnRequest = onRequest
	servers, expires, err := source.Fetch(ctx)
	if err != nil {
		return err
	}
	s.known, s.expires, s.asked = Usable(servers, s.others(have)), expires, now
	for _, one := range s.known {
		s.given[one.URL] = true
	}
	return nil
}

// During is Keep for a call with these servers; nil for none.
func (s *Supply) During(have []diag.ICEServerAuth) func(context.Context, func(diag.Data), func([]diag.ICEServerAuth)) {
	if s == nil {
		return nil
	}
	return func(ctx context.Context, report func(diag.Data), use func([]diag.ICEServerAuth)) {
		s.Keep(ctx, have, report, use)
	}
}

// Between two requests during a call there is at least askLeast, if the lifetime is no longer than that, and askPause
// after one that failed.
const (
	askLeast = time.Second
	askPause = 15 * time.Second
)

// Keep asks again before the credentials expire, as long as a call lasts, and gives it the servers to use instead.
func (s *Supply) Keep(ctx context.Context, have []diag.ICEServerAuth, report func(diag.Data),
	use func([]diag.ICEServerAuth),
) {
	onRequest := func(r signal.Request) { report(session.RequestEvent(r)) }
	pause := time.Duration(0)
	for due := s.due(); !due.IsZero(); due = s.due() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(time.Until(due), pause, askLeast)):
		}
		pause = askPause
		if servers := s.refresh(ctx, due, have, onRequest); servers != nil {
			use(servers)
			pause = 0
		}
	}
}

// due is when the credentials are asked for anew during a call: a minute before their end, or when half of a shorter
// time is over; zero: never.
func (s *Supply) due() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dueAt()
}

func (s *Supply) dueAt() time.Time {
	if s.expires.IsZero() {
		return s.expires
	}
	return s.expires.Add(-min(expiryMargin, s.expires.Sub(s.asked)/2))
}

// refresh asks anew, unless another call has done that since they were due; nil: the server gave none.
func (s *Supply) refresh(ctx context.Context, due time.Time, have []diag.ICEServerAuth,
	onRequest func(signal.Request),
) []diag.ICEServerAuth {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dueAt().Equal(due) && s.ask(ctx, have, onRequest) != nil {
		return nil // the request is reported
	}
	return append(s.others(have), s.known...)
}

// Usable are the servers that a peer can ask and does not ask already.
func Usable(named []signal.ICEServer, have []diag.ICEServerAuth) []diag.ICEServerAuth {
	var out []diag.ICEServerAuth
	for _, n := range named {
		u, err := iceurl.Parse(n.URL)
		known := func(s diag.ICEServerAuth) bool { return s.URL == u.String() }
		if err != nil || u.Scheme.TURN() && (n.Username == "" || n.Credential == "") ||
			slices.ContainsFunc(have, known) || slices.ContainsFunc(out, known) {
			continue
		}
		server := diag.ICEServerAuth{URL: u.String()}
		if u.Scheme.TURN() {
			server.Username, server.Credential = n.Username, diag.Secret(n.Credential)
		}
		out = append(out, server)
	}
	return out
}

// NotNear leaves out servers of this machine and its link, unless the address that named them is there: no server
// elsewhere may make a call connect to them.
func NotNear(ctx context.Context, address string, named []diag.ICEServerAuth) (
	far []diag.ICEServerAuth, near []string,
) {
	if at, err := web.Endpoint(address); len(named) == 0 || err != nil || web.LeadsNear(ctx, at.Hostname()) {
		return named, nil
	}
	for _, server := range named {
		if u, err := iceurl.Parse(server.URL); err != nil || web.LeadsNear(ctx, u.Host) {
			near = append(near, server.URL)
			continue
		}
		far = append(far, server)
	}
	return far, near
}
