package post

import (
	"context"
	"errors"
	"net/http"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

// collectTime is how long candidates are collected for one request: they come in bursts.
const collectTime = 20 * time.Millisecond

// maxCandidates bounds the candidates that wait, and those of one answer.
const maxCandidates = 256

// queue keeps a candidate (nil: the end of them) until it can be sent.
func (c *Client) queue(candidate *signal.Candidate) {
	c.mu.Lock()
	switch {
	case !c.trickles() || c.countered || c.untrickled:
	case candidate == nil:
		c.end = true
	case len(c.pending) < maxCandidates && (candidate.UsernameFragment == nil || c.local.Ufrag == "" ||
		*candidate.UsernameFragment == c.local.Ufrag):
		c.pending = append(c.pending, *candidate)
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
		_ = c.alone(context.Background(), c.sendCandidates)
	}
}

// sendCandidates sends what has been collected.
func (c *Client) sendCandidates(ctx context.Context) error {
	r := c.shape.Candidates
	c.mu.Lock()
	ready := c.values.has(r) && c.remote != "" && !c.untrickled && (len(c.pending) > 0 || c.end && r.uses("fragment"))
	if ready {
		c.setCandidates()
	}
	c.mu.Unlock()
	if !ready {
		return nil
	}
	err := c.make(ctx, r)
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

// setCandidates makes the placeholders of what has been collected, under the lock.
func (c *Client) setCandidates() {
	f := sdp.Fragment{Ufrag: c.local.Ufrag, Pwd: c.local.Pwd, End: c.end}
	first := sdp.FragmentSection{}
	if len(c.local.Sections) > 0 {
		first = c.local.Sections[0]
	}
	var list []any
	first.Candidates = nil
	for _, x := range c.pending {
		first.Candidates = append(first.Candidates, x.Candidate)
		v := values{"candidate": x.Candidate, "mid": first.Mid, "index": 0, "ufrag": f.Ufrag}
		if x.SDPMid != nil && *x.SDPMid != "" {
			v["mid"] = *x.SDPMid
		}
		if x.SDPMLineIndex != nil {
			v["index"] = *x.SDPMLineIndex
		}
		list = append(list, v.object(c.shape.Each["candidates"]))
	}
	f.Sections = []sdp.FragmentSection{first}
	c.values["fragment"], c.values["candidates"] = f.String(), list
	c.pending, c.end = nil, false
}

// maxLost is how many polls in a row may fail before the session is given up.
const maxLost = 3

// poll keeps the session alive and reads what the server says, until the channel is closed or the session has ended.
func (c *Client) poll() {
	ctx, done := web.Until(context.Background(), c.Closed())
	defer done()
	for lost := 0; ; {
		call, err := c.call(c.shape.Poll)
		if err == nil {
			call.Read = func(a *web.Answer, report *signal.Request) error {
				_, err := c.read(c.shape.Poll, a, report)
				return err
			}
			_, err = c.client.Do(ctx, call)
		}
		switch {
		case ctx.Err() != nil, errors.Is(err, errEnded):
			return
		case err == nil:
			lost = 0
		default:
			if lost++; lost >= maxLost {
				c.Finish(err)
				return
			}
		}
		if web.Sleep(ctx, pollPause) != nil {
			return
		}
	}
}
