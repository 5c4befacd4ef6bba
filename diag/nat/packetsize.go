package nat

import (
	"cmp"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
)

// LeastSize is the shortest IP packet that the test of packet sizes sends, in bytes.
const LeastSize = 600

// sizeSlack are the bytes that an answer to a test of packet sizes may differ from what was asked for.
const sizeSlack = 8

// packetSizes are the sizes that are distinguished, in bytes, in ascending order: close to each other where tunnels
// have their MTU.
func packetSizes(most int) []int {
	var out []int
	for size := LeastSize; size < most; {
		out = append(out, size)
		switch {
		case size < 1200:
			size += 50
		case size < 1500:
			size += 20
		default:
			size = most
		}
	}
	return append(out, most)
}

// mostSize is the longest packet that leaves unfragmented: that of the interface, or of Ethernet.
func (s *State) mostSize() int {
	if s.Local.MTU >= LeastSize {
		return min(s.Local.MTU, UsualMTU)
	}
	return UsualMTU
}

// SizeTally is what one server's answers to requests of one kind say about packet sizes.
type SizeTally struct {
	Best  int         // the longest that was answered, 0 for none
	sends map[int]int // requests by size
	heard map[int]int // answers by size
	other bool        // the server answers them, and not at the length that was asked for
}

// sizes counts what is known of one server in one test. An answer to a request that asks for a long answer shows that
// the request has arrived; silence does not show that it has not.
func (s *State) sizes(server int, test diag.NATTest) SizeTally {
	t := SizeTally{sends: map[int]int{}, heard: map[int]int{}}
	for i := range s.Requests {
		r := &s.Requests[i]
		switch {
		case r.Server != server:
			continue
		case test == diag.TestSize && r.Test == diag.TestSizeBack && success(r):
			t.Best = max(t.Best, r.Bytes)
			continue
		case r.Test != test:
			continue
		}
		t.sends[r.Bytes]++
		switch {
		case r.Answer == nil:
		case !success(r), test == diag.TestSizeBack && !s.asLong(r):
			t.other = true
		default:
			t.Best = max(t.Best, r.Bytes)
			t.heard[r.Bytes]++
		}
	}
	return t
}

// loss counts as [State.Loss] does, and the requests of sizes that pass.
func (t *SizeTally) loss(sent, lost int) (int, int) {
	for size, n := range t.sends {
		if size <= t.Best {
			sent, lost = sent+n, lost+n-t.heard[size]
		}
	}
	return sent, lost
}

// lost counts the requests longer than Best that were not answered, and names the shortest size of them; 0 for none.
// Those longer than most do not count.
func (t *SizeTally) lost(most int) (n, worst int) {
	for size, sent := range t.sends {
		if size > t.Best && size <= most {
			n, worst = n+sent, min(cmp.Or(worst, size), size)
		}
	}
	return n, worst
}

// asLong reports whether an answer has the length that its request asked for.
func (s *State) asLong(r *Request) bool {
	differs := r.Answer.Size + headers(r.To.Addr().Is6()) - r.Bytes
	return differs >= -sizeSlack && differs <= sizeSlack
}

// headers are the bytes of an IP packet around the payload of UDP.
func headers(six bool) int {
	if six {
		return udpHeader + 40
	}
	return udpHeader + ipHeader
}

// next is the size to ask next; 0 when nothing more is to be learned.
func (t *SizeTally) next(most int, enough func(lost int) bool) int {
	lost, worst := t.lost(most)
	sizes := packetSizes(most)
	low, high := slices.Index(sizes, t.Best), slices.Index(sizes, worst)
	switch {
	case t.other, t.Best == most:
		return 0
	case len(t.sends) == 0:
		return most
	case t.Best == 0 && t.sends[LeastSize] < tries:
		return LeastSize
	case t.Best == 0: // the server does not answer such requests at all
		return 0
	case high-low > 1:
		return sizes[(low+high)/2]
	case !enough(lost) && t.sends[worst] < maxFurther:
		return worst
	}
	return 0
}

// maxSized is how many servers are asked with long packets.
const maxSized = 2

// sizing reports whether the server is one of those that are asked with long packets: those that have been, then those
// of RFC 5780.
func (p *plan) sizing() bool {
	var chosen []int
	for i := range p.o.Requests {
		if t := p.o.Requests[i].Test; t == diag.TestSize || t == diag.TestSizeBack {
			chosen = appendNew(chosen, p.o.Requests[i].Server)
		}
	}
	for _, server := range (further{p.o}).servers() {
		if len(chosen) < maxSized {
			chosen = appendNew(chosen, server)
		}
	}
	return p.all.Main() == p.o.FamilyOf(p.server) && slices.Contains(chosen, p.server)
}

// packetSize asks a server with requests of one packet's size, the longest first: one that supports RFC 5780 for an
// answer of that size. When that is lost, requests show whether it is they; then such that may be fragmented.
func (p *plan) packetSize() []Question {
	if !p.sizing() {
		return nil
	}
	most := p.o.mostSize()
	out, back := p.o.sizes(p.server, diag.TestSize), p.o.sizes(p.server, diag.TestSizeBack)
	if p.other.IsValid() && len(back.sends) == 0 {
		return p.askSize(diag.TestSizeBack, most)
	}
	sent, lost := out.loss(p.o.Loss(p.server))
	enough := func(silent int) bool { return chance.NotLoss(silent, sent, lost) }
	if size := out.next(most, enough); size > 0 {
		return p.askSize(diag.TestSize, size)
	}
	if out.Best == 0 {
		return nil // it does not answer such requests at all
	}
	split := p.o.sizes(p.server, diag.TestSizeAny)
	if silent := split.sends[most]; out.Best < most && split.Best == 0 && !enough(silent) && silent < maxFurther {
		return p.askSize(diag.TestSizeAny, most)
	}
	if !p.other.IsValid() {
		return nil // it does not know PADDING either
	}
	if size := back.next(out.Best, enough); size > 0 { // longer requests do not arrive
		return p.askSize(diag.TestSizeBack, size)
	}
	if back.sends[out.Best] < tries && back.Best < out.Best && !back.other {
		return p.askSize(diag.TestSizeBack, out.Best)
	}
	return nil
}

// askSize asks with a packet of a size.
func (p *plan) askSize(test diag.NATTest, bytes int) []Question {
	q := Question{
		Server: p.server, Socket: p.socket(diag.SocketSize), Test: test, To: p.asked, Tries: tries, Bytes: bytes,
		Size: bytes - headers(p.asked.Addr().Is6()),
	}
	switch test {
	case diag.TestSizeAny:
		q.Socket = p.socket(diag.SocketSizeAny)
	case diag.TestSizeBack:
		const attribute = 4 // bytes of the header of PADDING
		q.Padding = max(0, q.Size-p.o.first(p.server, p.asked).Size-attribute)
	default:
	}
	return []Question{q}
}

// judgePacketSize reports which packets arrive whole. A server may drop long packets itself: one that supports RFC
// 5780 is made for them, others count when two of them agree.
func (s *State) judgePacketSize() Behavior {
	most := s.mostSize()
	var evidence []Evidence
	var best, back []int
	limited, backLimited, split, graded := 0, false, false, false
	for i := range s.Servers {
		out := s.sizes(i, diag.TestSize)
		if out.Best == 0 {
			continue
		}
		to := s.Servers[i].Address
		evidence = append(evidence, counted(KindSizePassed, out.Best).at(to))
		best = append(best, out.Best)
		sent, lost := out.loss(s.Loss(i))
		if silent, worst := out.lost(most); chance.NotLoss(silent, sent, lost) {
			limited++
			other, _ := s.Admitted(i)
			graded = graded || other.IsValid()
			evidence = append(evidence, counted(KindSizeLost, worst, silent).at(to))
		}
		if any := s.sizes(i, diag.TestSizeAny); any.Best > 0 {
			split = true
			evidence = append(evidence, counted(KindSizeSplit, any.Best).at(to))
		}
		in := s.sizes(i, diag.TestSizeBack)
		if in.Best > 0 {
			back = append(back, in.Best)
			evidence = append(evidence, counted(KindSizeBack, in.Best).at(to))
			if silent, worst := in.lost(out.Best); chance.NotLoss(silent, sent, lost) { // longer requests do not arrive
				backLimited = true
				evidence = append(evidence, counted(KindSizeBackLost, worst, silent).at(to))
			}
		}
	}
	b := Behavior{Value: SizeFull, Confidence: Proven, Evidence: evidence}
	switch {
	case len(best) == 0 && s.Pending():
		return unknown(of(KindAsking))
	case len(best) == 0:
		return unknown(of(KindSizeUnasked))
	}
	b.Bytes = new(slices.Max(best))
	if len(back) > 0 {
		b.BytesBack = new(slices.Max(back))
	}
	backFull := b.BytesBack == nil || *b.BytesBack == most
	switch {
	case *b.Bytes == most && (backFull || !backLimited):
		return b
	case *b.Bytes == most:
		b.Value, b.Confidence = SizeLimited, Likely
	case limited == 0 || limited < 2 && !graded:
		b.Value, b.Confidence, b.Evidence = Unknown, NotKnown, append(evidence, of(KindSizeServer))
	case split && !backLimited:
		b.Value, b.Confidence = SizeFragmented, Likely
	default:
		b.Value, b.Confidence = SizeLimited, Likely
	}
	return b
}
