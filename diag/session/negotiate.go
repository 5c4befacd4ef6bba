package session

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"time"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// errInternal marks failures of this machine, not of the peer or a server.
var errInternal = errors.New("internal")

func internal(err error) error { return fmt.Errorf("%w: %w", errInternal, err) }

// peerOptions wires the callbacks of the peer connection to the mailbox.
func (s *Session) peerOptions() peer.Options {
	c := s.o.Config
	now := s.replaced.Load()
	// once lets only the present peer connection do something: what is closed behind another one is none of the call.
	once := func(do func()) {
		if s.replaced.Load() == now {
			do()
		}
	}
	o := peer.Options{
		Emit:   func(d diag.Data) { once(func() { s.o.Feed.Append(d) }) },
		Phases: s.phases, ICEServers: c.ICEServers, TLS: s.o.TLS, Proxies: s.o.Proxies,
		RelayOnly: c.RelayOnly, PionDefaults: c.PionDefaults, Patient: c.Patient, NoMedia: c.NoMedia, Echo: c.Echo,
		Loopback: loopbackPolicy(c, net.InterfaceAddrs), Timeouts: s.o.Timeouts, Net: s.o.Net, Certificate: s.o.Certificate,
		NoChannels: c.MediaOnly, Channel: c.Channel, Flow: s.o.Flow, Limiter: s.o.Limiter,
		NoKinds: c.NoKinds, Codecs: c.Codecs, Clips: s.o.Clips, OneOfMany: s.o.OneOfMany,
		OnNoRelay:   func(url string) { s.do(s.probes.unserved[url].open) },
		OnGathered:  func() { s.do(func() { once(func() { s.sendWhole(false) }) }) },
		OnCandidate: func(x peer.Candidate) { s.do(func() { once(func() { s.gathered(x) }) }) },
		OnMessage:   func(label string, text bool, data []byte) { once(func() { s.received(label, text, data) }) },
		OnChannel:   s.speed.Incoming,
		OnOpen:      func(label string) { s.do(func() { once(func() { s.opened(label) }) }) },
		OnState: func(st peer.State) {
			s.do(func() { once(func() { s.handle(input{kind: peerInputs[st]}) }) })
		},
	}
	s.evidence.give(&o)
	if s.impaired != nil {
		o.Net = s.impaired
	}
	if o.Flow == peer.FlowBoth {
		o.Flow = map[diag.Direction]peer.Flow{diag.Outbound: peer.FlowSend, diag.Inbound: peer.FlowReceive}[c.Way]
	}
	if c.Speed != nil {
		o.Timeouts.KeepAlive = cmp.Or(o.Timeouts.KeepAlive, checksOfSpeed)
	}
	if s.o.Carry > 0 {
		// Checks begin with the local answer, and while a person carries that, no one answers them. Silence on an
		// established path is noticed by the deadline of the state instead.
		o.Timeouts.Failed, o.Timeouts.LastPair = s.o.Carry, s.o.Carry
	}
	return o
}

// pair begins the negotiation: both peers are there.
func pair(s *Session, in input) input {
	s.role = in.role
	s.paired = time.Now()
	s.setupBy = s.paired.Add(s.o.Setup + s.traits().Patience)
	s.phases.End(diag.PhaseWait, "", diag.OutcomeOK, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalPaired, Role: diagRole(in.role)})
	s.phases.Start(diag.PhaseOfferAnswer, "")
	if in.role == signal.RoleOfferer {
		return s.offer(false)
	}
	return input{}
}

// pairByOffer: an offer says that the peer is there, too.
func pairByOffer(s *Session, in input) input {
	pair(s, input{role: signal.RoleAnswerer})
	return in
}

func diagRole(r signal.Role) diag.Role {
	if r == signal.RoleOfferer {
		return diag.RoleOfferer
	}
	return diag.RoleAnswerer
}

func (s *Session) offer(restart bool) input {
	s.probes.begun.open()
	offer, err := s.peer.Offer(restart)
	if err != nil {
		return s.fail(internal(err))
	}
	return s.describe(signal.KindOffer, offer)
}

func answer(s *Session, in input) input {
	if !mayNegotiate(s, in) {
		return s.fail(errStorm)
	}
	if err := s.checkCertificate(in); err != nil {
		return s.fail(err)
	}
	s.probes.begun.open()
	answer, err := s.peer.Answer(peer.Description(*in.message.Description))
	if err != nil {
		if s.exchange != nil {
			signal.Refuse(s.exchange.channel, refusal(err))
		}
		return s.fail(err)
	}
	s.described = connectionOf(in)
	return s.describe(signal.KindAnswer, answer)
}

// refusal is why an offer is not answered, in the terms of signaling.
func refusal(err error) error {
	var noCodec *peer.NoCodecError
	if errors.As(err, &noCodec) {
		return fmt.Errorf("%w: %w", signal.ErrNoCodec, noCodec)
	}
	return err
}

// startOver: the peer answers the local offer with one of its own, and pion cannot take an offer back.
func startOver(s *Session, in input) input {
	if err := s.replace(); err != nil {
		return s.fail(err)
	}
	return answer(s, in)
}

// accept sets the peer's answer.
func accept(s *Session, in input) input {
	if err := s.checkCertificate(in); err != nil {
		return s.fail(err)
	}
	if err := s.peer.SetAnswer(peer.Description(*in.message.Description)); err != nil {
		return s.fail(err)
	}
	s.described = connectionOf(in)
	return input{kind: inNegotiated}
}

func (s *Session) fail(err error) input {
	s.phases.End(diag.PhaseOfferAnswer, "", diag.OutcomeFailed, cause(err))
	return input{kind: inNegotiationFailed, err: err}
}

// agree notes that both peers have both descriptions. If people carried them, the setup has had no time until now, and
// an answer takes a person's time to the peer.
func agree(s *Session, _ input) input {
	if s.traits().Patience > 0 {
		s.setupBy = time.Now().Add(s.o.Setup)
		if s.role == signal.RoleAnswerer {
			s.setupBy = s.setupBy.Add(s.o.Carry)
		}
	}
	s.phases.End(diag.PhaseOfferAnswer, "", diag.OutcomeOK, "")
	s.o.Feed.Append(diag.SignalState{State: diag.SignalConnected, Role: diagRole(s.role)})
	return input{}
}

// gatherTime bounds how long a description waits for the candidates that it has to carry.
const gatherTime = 8 * time.Second

// describe sends the local description: at once, or if it has to be whole when gathering is over.
func (s *Session) describe(kind signal.Kind, d peer.Description) input {
	if s.exchange == nil {
		return input{}
	}
	if s.exchange.whole = s.traits().Whole; !s.exchange.whole {
		return s.sendDescription(kind, d)
	}
	s.exchange.unsent = kind
	s.deadlines.in(dueGather, gatherTime)
	return s.whole(false)
}

// sendWhole sends the description that waits, now or if gathering is over.
func (s *Session) sendWhole(now bool) { s.handle(s.whole(now)) }

func (s *Session) whole(now bool) input {
	x := s.exchange
	if x == nil || x.unsent == signal.KindUnknown || !now && !s.peer.Gathered() {
		return input{}
	}
	kind := x.unsent
	x.unsent = signal.KindUnknown
	s.deadlines.drop(dueGather)
	return s.sendDescription(kind, s.peer.Local())
}

func (s *Session) sendDescription(kind signal.Kind, d peer.Description) input {
	s.signal(signal.Message{Kind: kind, Description: &signal.Description{Type: d.Type, SDP: d.SDP}})
	if kind == signal.KindAnswer {
		return input{kind: inNegotiated}
	}
	return input{}
}

// gathered signals a local candidate, unless the description carries it.
func (s *Session) gathered(c peer.Candidate) {
	if s.exchange == nil || !s.exchange.whole {
		x := signal.Candidate(c)
		s.signal(signal.Message{Kind: signal.KindCandidate, Candidate: &x})
	}
}

// addCandidate passes a remote candidate on.
func addCandidate(s *Session, in input) input {
	s.peer.AddCandidate(peer.Candidate(*in.message.Candidate))
	return input{}
}

// connect starts what an established call needs.
func connect(s *Session, in input) input {
	s.end = ending{} // a path was found after all
	s.probes.settled.open()
	if s.diagnosis.because == diag.BecauseICEFailed {
		s.diagnosis.cancel()
	}
	s.held.since = time.Now()
	if s.impaired != nil {
		s.impaired.Connected()
		s.stressed.open()
	}
	s.setHold()
	s.deadlines.in(dueSample, time.Second)
	s.measuring.open()
	return resume(s, in)
}

// resume: the connection works, for the first time or again.
func resume(s *Session, _ input) input {
	s.fresh = false
	s.returned()
	s.deadlines.in(dueLinger, s.o.Linger)
	return input{}
}
