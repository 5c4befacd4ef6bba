package call

import (
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/browser"
)

// applyBrowser folds what only a dump of a browser says.
func (c *Call) applyBrowser(e diag.Event) (mine bool) {
	c.Browser, mine = browser.Apply(c.Browser, e)
	return mine
}

// BrowserFacts are what the rules about dumps need to know of the call; empty for a call of dialtone.
func (c *Call) BrowserFacts() browser.Facts {
	if c.Browser == nil {
		return browser.Facts{}
	}
	f := browser.Facts{
		Ended: c.EndedAt, RelayOnly: c.Start.RelayOnly, Relay: HasType(c.Local, diag.Relay),
		Gathered: c.Gathering == "complete", Connected: c.ConnectedAt != nil, NoPath: c.NoPath(),
	}
	agreed := slices.ContainsFunc(MediaKinds, func(m MediaKind) bool { return c.Agreed(m.Direction, m.Kind) })
	f.Uncounted = f.Connected && (c.Start.Media && agreed || c.Browser.Start.Partial) && c.MediaUnknown()
	slow := !f.NoPath && !c.Browser.Start.Partial && // gathering begins with the first local description
		slices.ContainsFunc(c.Descriptions, func(d DescriptionRow) bool {
			return d.Side == diag.Local && c.EndedAt-d.At >= browser.GatherPatience
		})
	if offer, _, agreed := c.latestExchange(); f.Connected && !agreed && offer != nil && offer.Side == diag.Local &&
		c.Signaling == "have-local-offer" && !c.Browser.Start.Partial {
		f.Unanswered = c.EndedAt - offer.At
	}
	if since, waits := c.describedAt(); waits && !f.Connected && !f.NoPath && !c.Browser.Start.Partial {
		switch c.Stage() {
		case StageNegotiating:
			f.Unanswered = c.EndedAt - since
		case StageUnpaired:
			if len(c.Remote) == 0 {
				f.Unreached = c.EndedAt - since
			}
		default: // something of the peer is there
		}
	}
	for _, kind := range diag.Kinds {
		if !c.Agreed(diag.Outbound, kind) {
			f.Unsent = append(f.Unsent, kind)
		}
	}
	for _, s := range c.Start.ICEServers {
		failed := func(r ServerRow) bool { return r.URL == s.URL && r.Failed() != nil }
		if strings.HasPrefix(s.URL, "turn") {
			f.TURN = true
			f.Waiting = f.Waiting || !slow && !slices.ContainsFunc(c.Servers, failed)
		}
	}
	for _, s := range c.Samples {
		f.Samples, f.Times = append(f.Samples, s.Sample), append(f.Times, s.At)
	}
	return f
}

// describedAt is when the first description of each side was there, as far as there is one of this side.
func (c *Call) describedAt() (at time.Duration, ok bool) {
	var sides []diag.Side
	for _, d := range c.Descriptions {
		if !slices.Contains(sides, d.Side) {
			sides, at = append(sides, d.Side), d.At
		}
	}
	return at, slices.Contains(sides, diag.Local)
}

// ChannelSeen reports whether the statistics of a browser prove that a data channel was open, or say nothing of
// channels that were not.
func (c *Call) ChannelSeen() bool {
	if c.Browser == nil {
		return false
	}
	last := c.Latest()
	return len(c.Channels) > 0 || last == nil || len(last.Channels) == 0
}
