package whip

import (
	"context"
	"errors"
	"net/http"
	"time"

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
	case len(c.pending) < maxCandidates && (candidate.UsernameFragment == nil || c.ufrag == "" ||
		*candidate.UsernameFragment == c.ufrag):
		c.pending = append(c.pending, candidate.Candidate)
	}
	c.mu.Unlock()
	c.wake()
}

func (c *Client) wake() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// trickle sends candidates when there are some and the session is known, until the channel is closed.
func (c *Client) trickle() {
	for {
		select {
		case <-c.closed:
			return
		case <-c.kick:
		}
		timer := time.NewTimer(collectTime)
		select {
		case <-c.closed:
			timer.Stop()
			return
		case <-timer.C:
		}
		// What comes of it is told to OnRequest; a candidate that is lost ends nothing.
		_ = c.alone(context.Background(), c.patch)
	}
}

// patch sends what has been collected.
func (c *Client) patch(ctx context.Context) error {
	c.mu.Lock()
	f := &Fragment{Ufrag: c.ufrag, Pwd: c.pwd, End: c.end}
	section := Section{Media: c.mid.Media, Mid: c.mid.Mid, Candidates: c.pending}
	session, etag := c.session, c.etag
	ready := session != nil && c.answer != "" && !c.untrickled && (len(c.pending) > 0 || c.end)
	if ready {
		c.pending, c.end = nil, false
	}
	c.mu.Unlock()
	if !ready {
		return nil
	}
	f.Sections = []Section{section}
	_, err := c.client.Do(ctx, web.Call{
		Op: "candidates", Method: http.MethodPatch, URL: session, ContentType: typeFragment, IfMatch: etag,
		Body: []byte(f.String()), Expect: []int{http.StatusNoContent, http.StatusOK},
	})
	var failed *signal.Error
	if errors.As(err, &failed) {
		switch failed.Status {
		case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType,
			http.StatusPreconditionRequired: // the last: it wants an entity-tag, and gave none
			c.mu.Lock()
			c.untrickled = true
			c.mu.Unlock()
		}
	}
	return err
}
