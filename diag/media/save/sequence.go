package save

import (
	"maps"
	"slices"
	"time"

	"github.com/pion/rtp"
)

const (
	// patience is how long a packet waits for one before it that may still come, reordered or retransmitted: longer than
	// a receiver asks for it.
	patience = time.Second
	// maxWaiting is how many packets wait at most.
	maxWaiting = 1024
	// maxJump is what is taken for loss or reordering (RFC 3550, appendix A.1); beyond it the source began anew.
	maxJump = 3000
)

// arrived is a packet with the name of its codec and the time of its arrival.
type arrived struct {
	*rtp.Packet
	codec string
	at    time.Time
}

// sequence puts packets in order, each once. The zero value is ready.
type sequence struct {
	started bool
	next    int64 // extended number of the packet that is due
	waiting map[int64]arrived
}

// add takes a packet and gives those that are due, with whether packets before it are missing. One that comes after its
// place was given up is left out.
func (q *sequence) add(p arrived, give func(p arrived, missing bool) error) error {
	step := int64(int16(p.SequenceNumber - uint16(q.next)))
	switch {
	case !q.started:
		q.started, q.next, step, q.waiting = true, int64(p.SequenceNumber), 0, map[int64]arrived{}
	case step < -maxJump || step > maxJump:
		if err := q.flush(give); err != nil {
			return err
		}
		q.next = int64(p.SequenceNumber)
		q.waiting[q.next] = p
		return q.give(true, give)
	case step < 0:
		return nil
	}
	if _, there := q.waiting[q.next+step]; !there {
		q.waiting[q.next+step] = p
	}
	if err := q.give(false, give); err != nil {
		return err
	}
	for len(q.waiting) > 0 {
		if first := q.first(); len(q.waiting) > maxWaiting || p.at.Sub(q.waiting[first].at) > patience {
			if err := q.skip(first, give); err != nil {
				return err
			}
			continue
		}
		return nil
	}
	return nil
}

// give gives the packets that are due.
func (q *sequence) give(missing bool, give func(p arrived, missing bool) error) error {
	for {
		p, there := q.waiting[q.next]
		if !there {
			return nil
		}
		delete(q.waiting, q.next)
		q.next++
		if err := give(p, missing); err != nil {
			return err
		}
		missing = false
	}
}

// skip gives up what is missing before a packet.
func (q *sequence) skip(to int64, give func(p arrived, missing bool) error) error {
	q.next = to
	return q.give(true, give)
}

// first is the number of the first packet that waits.
func (q *sequence) first() int64 {
	return slices.Min(slices.Collect(maps.Keys(q.waiting)))
}

// flush gives all packets that wait.
func (q *sequence) flush(give func(p arrived, missing bool) error) error {
	for len(q.waiting) > 0 {
		if err := q.skip(q.first(), give); err != nil {
			return err
		}
	}
	return nil
}
