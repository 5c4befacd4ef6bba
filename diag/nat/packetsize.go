package nat

import (
	"slices"

	"dialtone/diag"
)

// LeastSize is the shortest IP packet that the test of packet sizes sends, in bytes.
const LeastSize = 600

// sizeSteps are the bytes that an answer to a test of packet sizes may differ from what was asked for.
const sizeSlack = 8

// packetSizes are the sizes that are told apart, in bytes, in ascending order: close to each other where tunnels have
// their MTU.
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
	if mtu := s.Local.MTU; mtu >= LeastSize && mtu < UsualMTU {
		return mtu
	}
	return UsualMTU
}

// SizeTally is what one server's answers to requests of one kind say about packet sizes.
type SizeTally struct {
	Best  int // the longest that was answered, 0 for none
	Worst int // the shortest that was not, and is longer than Best; 0 for none
	sends map[int]int
	lost  int  // requests longer than Best that were not answered
	other bool // the server answers them, and not at the length that was asked for
}

// sizes counts what is known of one server in one test.
func (s *State) sizes(server int, test diag.NATTest) SizeTally {
	t := SizeTally{sends: map[int]int{}}
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Server != server || r.Test != test {
			continue
		}
		t.sends[r.Bytes]++
		switch {
		case r.Answer == nil:
		case r.Answer.Code != 0, test == diag.TestSizeBack && !s.asLong(r):
			t.other = true
		default:
			t.Best = max(t.Best, r.Bytes)
		}
	}
	for size, n := range t.sends {
		if size > t.Best {
			t.lost += n
			if t.Worst == 0 || size < t.Worst {
				t.Worst = size
			}
		}
	}
	return t
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
	sizes := packetSizes(most)
	low, high := slices.Index(sizes, t.Best), slices.Index(sizes, t.Worst)
	switch {
	case t.other:
		return 0
	case len(t.sends) == 0:
		return most
	case t.Best == most:
		return 0
	case t.Best == 0 && t.sends[LeastSize] < tries:
		return LeastSize
	case t.Best == 0: // the server does not answer such requests at all
		return 0
	case high-low > 1:
		return sizes[(low+high)/2]
	case !enough(t.lost) && t.sends[t.Worst] < maxFurther:
		return t.Worst
	}
	return 0
}

// maxSized is how many servers are asked with long packets.
const maxSized = 2

// sized reports whether a server is one of those that are asked with long packets.
func (s *State) sized(server int) bool {
	var asked []int
	for i := range s.Requests {
		if r := &s.Requests[i]; r.Test == diag.TestSize {
			asked = appendNew(asked, r.Server)
		}
	}
	return slices.Contains(asked, server) || len(asked) < maxSized
}

// packetSize asks a server with requests of one packet's size, at first the longest: then with answers of that size,
// and, when long packets are lost, with such that may be fragmented.
func (p *plan) packetSize() []Question {
	if p.o.Main() != p.o.FamilyOf(p.server) || !p.o.sized(p.server) {
		return nil
	}
	most := p.o.mostSize()
	enough := func(lost int) bool {
		sent, gone := p.o.Loss(p.server)
		return allLost(lost, sent, gone) < Chance
	}
	ask := func(test diag.NATTest, use diag.SocketUse, bytes, size int) []Question {
		return []Question{{
			Server: p.server, Socket: p.socket(use), Test: test, To: p.asked, Tries: tries, Bytes: bytes, Size: size,
		}}
	}
	head := headers(p.asked.Addr().Is6())
	out := p.o.sizes(p.server, diag.TestSize)
	if size := out.next(most, enough); size > 0 {
		return ask(diag.TestSize, diag.SocketSize, size, size-head)
	}
	if out.Best == 0 {
		return nil
	}
	if split := p.o.sizes(p.server, diag.TestSizeAny); out.Best < most && split.Best == 0 && !enough(split.lost) &&
		split.lost < maxFurther {
		return ask(diag.TestSizeAny, diag.SocketSizeAny, most, most-head)
	}
	if !p.other.IsValid() {
		return nil // it does not know PADDING either
	}
	back := p.o.sizes(p.server, diag.TestSizeBack)
	plain := p.o.first(p.server, p.asked).Size
	if size := back.next(most, enough); size > 0 && size-plain+paddedHeader <= out.Best {
		return ask(diag.TestSizeBack, diag.SocketSize, size, size-head-plain+paddedHeader)
	}
	return nil
}

// paddedHeader is how much longer a request with PADDING is than what it adds to the answer: header and FINGERPRINT.
const paddedHeader = 28

// judgePacketSize reports which packets arrive whole. A server may drop long packets itself: one that supports RFC 5780
// is made for them, others count when two of them agree.
func (s *State) judgePacketSize() Behavior {
	most := s.mostSize()
	var evidence []Evidence
	var best, back []int
	limited, backLimited, split, graded := 0, 0, false, false
	for i := range s.Servers {
		out := s.sizes(i, diag.TestSize)
		if len(out.sends) == 0 || out.Best == 0 {
			continue
		}
		to := s.Servers[i].Address
		evidence = append(evidence, counted(KindSizePassed, out.Best).at(to))
		best = append(best, out.Best)
		sent, lost := s.Loss(i)
		if out.Best < most && allLost(out.lost, sent, lost) < Chance {
			limited++
			other, _ := s.Admitted(i)
			graded = graded || other.IsValid()
			evidence = append(evidence, counted(KindSizeLost, out.Worst, out.lost).at(to))
		}
		if any := s.sizes(i, diag.TestSizeAny); any.Best > 0 {
			split = true
			evidence = append(evidence, counted(KindSizeSplit, any.Best).at(to))
		}
		in := s.sizes(i, diag.TestSizeBack)
		if in.Best > 0 {
			back = append(back, in.Best)
			evidence = append(evidence, counted(KindSizeBack, in.Best).at(to))
			if in.Best < most && in.Worst > 0 && allLost(in.lost, sent, lost) < Chance {
				backLimited++
				evidence = append(evidence, counted(KindSizeBackLost, in.Worst, in.lost).at(to))
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
	b.Bytes = diag.Ptr(slices.Max(best))
	if len(back) > 0 {
		b.BytesBack = diag.Ptr(slices.Max(back))
	}
	backFull := b.BytesBack == nil || *b.BytesBack == most
	switch {
	case *b.Bytes == most && (backFull || backLimited == 0):
		return b
	case *b.Bytes == most:
		b.Value, b.Confidence = SizeLimited, Likely
	case limited == 0 || limited < 2 && !graded:
		b.Value, b.Confidence, b.Evidence = Unknown, NotKnown, append(evidence, of(KindSizeServer))
	case split && backLimited == 0:
		b.Value, b.Confidence = SizeFragmented, Likely
	default:
		b.Value, b.Confidence = SizeLimited, Likely
	}
	return b
}
