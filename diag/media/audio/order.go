package audio

import "time"

// window is how many packets a receiver waits for one that is missing: 100 ms of packets of 20 ms.
const window = 5

// Packet is one of a stream.
type Packet struct {
	At          time.Time // of its arrival
	Seq         int64     // extended
	Timestamp   uint32
	Codec       string // the name of its encoding; "CN" is comfort noise (RFC 3389)
	ClockRate   uint32
	Payload     []byte // is not kept
	Level       uint8  // stated by the sender, −dBov (RFC 6464); 127 is silence
	LevelStated bool
}

// order passes packets on in the order of their numbers. Whatever is missing for longer than the window is left out.
type order struct {
	started bool
	next    int64 // number of the next packet to be passed on
	newest  int64
	slots   [2 * window]slot
}

type slot struct {
	used bool
	p    Packet
}

func (o *order) at(seq int64) *slot { return &o.slots[uint64(seq)%uint64(len(o.slots))] } // #nosec G115 -- a remainder

// restart forgets the packets: the stream began anew.
func (o *order) restart() {
	o.started = false
	for i := range o.slots {
		o.slots[i].used = false
	}
}

// add takes a packet and calls play for those whose turn it is, with the number of those left out before it.
func (o *order) add(p Packet, play func(p *Packet, missing int64)) {
	if o.started && p.Seq-o.next >= int64(len(o.slots)) { // an outage
		o.flush(play)
		if missing := p.Seq - o.next; missing > 0 {
			o.next = p.Seq
			play(&p, missing)
			o.next++
			o.newest = p.Seq
			return
		}
	}
	if !o.started {
		o.started, o.next, o.newest = true, p.Seq, p.Seq
	}
	s := o.at(p.Seq)
	if p.Seq < o.next || s.used {
		return
	}
	payload := append(s.p.Payload[:0], p.Payload...)
	s.used, s.p = true, p
	s.p.Payload = payload
	o.newest = max(o.newest, p.Seq)
	o.pass(play, window)
}

// flush passes on what is there.
func (o *order) flush(play func(p *Packet, missing int64)) { o.pass(play, 0) }

// pass passes on what is due, and what is not more than wait packets ahead of a missing one waits.
func (o *order) pass(play func(p *Packet, missing int64), wait int64) {
	missing := int64(0)
	for o.next <= o.newest {
		s := o.at(o.next)
		switch {
		case s.used:
			play(&s.p, missing)
			s.used, missing = false, 0
		case missing == 0 && o.newest-o.next < wait:
			return
		default:
			missing++
		}
		o.next++
	}
}
