package whip

import (
	"context"
	"errors"
	"net/http"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

// collectTime is how long candidates are collected for one PATCH: they come in bursts.
const collectTime = 20 * time.Millisecond

// queue keeps a candidate (nil: the end of them) until it can be sent.
func (c *Client) queue(candidate *signal.Candidate) {
	c.mu.Lock()
	switch {
	case !c.o.Trickle || c.countered || c.untrickled:
	case candidate == nil:
		c.end = true
	case len(c.pending) < maxCandidates && (candidate.UsernameFragment == nil || c.local.Ufrag == "" ||
		*candidate.UsernameFragment == c.local.Ufrag):
		c.pending = append(c.pending, candidate.Candidate)
	}
	c.mu.Unlock()
	c.notify()
}

func (c *Client) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// trickle sends candidates when there are some and the session is known, until the channel is closed.
func (c *Client) trickle() {
	for {
		select {
		case <-c.Closed():
			return
		case <-c.wake:
		}
		timer := time.NewTimer(collectTime)
		select {
		case <-c.Closed():
			timer.Stop()
			return
		case <-timer.C:
		}
		// OnRequest gets the result; a lost candidate ends nothing.
		_ = c.alone(context.Background(), c.patch)
	}
}

// patch sends what has been collected.
func (c *Client) patch(ctx context.Context) error {
	c.mu.Lock()
	f := sdp.Fragment{Ufrag: c.local.Ufrag, Pwd: c.local.Pwd, End: c.end}
	for _, s := range c.local.Sections {
		f.Sections = []sdp.FragmentSection{{Media: s.Media, Mid: s.Mid, Candidates: c.pending}}
	}
	session, etag := c.session, c.etag
	ready := session != nil && c.answer != "" && !c.untrickled && (len(c.pending) > 0 || c.end)
	if ready {
		c.pending, c.end = nil, false
	}
	c.mu.Unlock()
	if !ready {
		return nil
	}
	_, err := c.client.Do(ctx, web.Call{
		Op: "candidates", Method: http.MethodPatch, URL: session, ContentType: typeFragment, IfMatch: etag,
		Body: []byte(f.String()), Expect: []int{http.StatusNoContent, http.StatusOK},
	})
	var failed *signal.Error
	if errors.As(err, &failed) {
		switch failed.Status {
		case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusUnprocessableEntity,
			http.StatusUnsupportedMediaType, http.StatusPreconditionRequired: // the last: it wants an entity-tag, and gave none
			c.mu.Lock()
			c.untrickled = true
			c.mu.Unlock()
		}
	}
	return err
}
