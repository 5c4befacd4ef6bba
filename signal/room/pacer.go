package room

import "time"

// The times of polling a server that does not hold polls.
const (
	firstPause     = 100 * time.Millisecond // after news
	waitingPause   = time.Second            // at most, until the pair is connected
	connectedPause = 3 * time.Second        // at most, afterwards: as often as the page
	// replyPause applies while the local offer or answer is due: each poll would only ask
	// for it again, and one in 10 s keeps the pair alive.
	replyPause = 2500 * time.Millisecond
	// shortHold is asked of a server that may hold polls but has not announced that
	// they may overlap with posts, while candidates may have to be sent.
	shortHold = 50 * time.Millisecond
	// provingHold is the shortest hold whose answer shows whether the server holds.
	provingHold = time.Second
	minHold     = time.Second
)

// phase is what the client is waiting for, and what it may have to send.
type phase uint8

const (
	phaseWaiting   phase = iota // for the peer; nothing can be sent
	phaseReply                  // the local offer or answer is due
	phaseSettling               // sent; candidates may follow in both directions
	phaseConnected              // the pair is connected; late candidates may follow
)

// pacer decides how long each poll is held and when the next is made. It is
// pure but for its own memory.
type pacer struct {
	longest   time.Duration // hold to ask for; 0: never
	announced bool          // the server has announced that it holds
	holds     bool          // it has been seen to hold, or has announced it
	holdless  bool          // it has been seen not to hold
	pause     time.Duration
}

func newPacer(longest, announced time.Duration) *pacer {
	p := &pacer{longest: max(0, longest), announced: announced > 0, holds: announced > 0, pause: firstPause}
	if p.announced {
		p.longest = min(p.longest, announced)
	}
	return p
}

// hold is what to ask for in the next poll. quiet: nothing local
// is going to be sent.
func (p *pacer) hold(ph phase, quiet bool) time.Duration {
	switch {
	case p.holdless, ph == phaseReply:
		return 0
	case p.announced, ph == phaseWaiting, quiet:
		return p.longest
	}
	return min(shortHold, p.longest)
}

// answered takes note of a poll that was asked to be held for hold and answered
// after took, and gives the pause until the next one.
func (p *pacer) answered(ph phase, hold, took time.Duration, news bool) time.Duration {
	early := took < hold/2
	if hold >= provingHold && !p.announced {
		p.holds = p.holds || took > provingHold && !early
		p.holdless = p.holdless || early && !news
	}
	switch {
	case news:
		p.pause = firstPause
		if ph != phaseReply {
			return 0
		}
		return replyPause
	case ph == phaseReply:
		return replyPause
	case hold > 0 && p.holds && !early:
		return 0
	}
	pause := p.pause
	limit := waitingPause
	if ph == phaseConnected {
		limit = connectedPause
	}
	p.pause = min(p.pause*5/4, limit)
	return pause
}

// hurry begins again with short pauses: a local message has just been sent, and
// an answer to it is expected.
func (p *pacer) hurry() { p.pause = firstPause }

// failed takes note of a poll that failed: where something on the way does not
// let a poll be held so long, shorter ones get through.
func (p *pacer) failed(hold, took time.Duration) {
	if hold > minHold && took >= minHold {
		p.longest = max(minHold, p.longest/2)
	}
}

// backoff is the pause before attempt number n+1 after n failures.
func backoff(n int) time.Duration {
	return min(firstPause<<min(n-1, 5), waitingPause)
}
