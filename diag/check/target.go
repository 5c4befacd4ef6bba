package check

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal"
)

// Target is what a check calls.
type Target interface {
	// Describe says what a report reports of it: kind, URL, room, role.
	Describe() report.Target
	// Place says how the n-th run is dialed. It is called once for each run.
	Place(n int) Placement
}

// Placement is how one run is dialed.
type Placement struct {
	Dial       session.Dialer       // of the side that the report describes
	Answer     session.Dialer       // of the peer where it is in this process too; nil: it is somebody else's
	Flow       peer.Flow            // of media, for signalings that carry it one way
	iceServers []diag.ICEServerAuth // renewed for this run; nil: those of the configuration
	// Guard, where it is set, looks at the channel of the described side; it may warn.
	Guard func(c signal.Channel, warn func(diag.Warning)) signal.Channel
}

// Loopback calls from one peer in this process to another, with messages handed over in memory.
type Loopback struct{}

// Describe implements Target.
func (Loopback) Describe() report.Target {
	return report.Target{Kind: report.KindLoopback, Role: "offer"}
}

// Place implements Target.
func (Loopback) Place(int) Placement {
	offerer, answerer := signal.Pipe()
	at := func(c signal.Channel) session.Dialer {
		return func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return c, nil }
	}
	return Placement{Dial: at(offerer), Answer: at(answerer)}
}

// Remote calls a peer elsewhere over a way of signaling.
type Remote struct {
	Way   signal.Way
	Setup signal.Setup
	Shown string // the address, fit to be shown
	Role  string // of ways that are coded: RoleOffer, RoleAnswer, or RoleAny: the one that the server gives
}

// Describe implements Target.
func (r Remote) Describe() report.Target {
	t := report.Target{Kind: r.Way.Name, URL: r.Shown, Role: RoleOffer}
	if r.Way.Offered {
		t.Role = RoleAnswer
	}
	if r.Way.Coded {
		t.Room, t.Role = r.Setup.Code, r.Role
	}
	return t
}

// Place implements Target.
func (r Remote) Place(int) Placement {
	p := Placement{Dial: session.Over(r.Way, r.Setup), Flow: session.Flow(r.Way, false)}
	switch {
	case !r.Way.Coded:
	case r.Role == RoleOffer:
		p.Guard = only(signal.RoleOfferer)
	case r.Role == RoleAnswer:
		p.Guard = only(signal.RoleAnswerer)
	}
	return p
}

// Each calls a peer of its own with each call: {n} in an address or a flag of the way is the number of the call. In
// rooms both peers are here, and their code is that of the target with the number.
type Each struct{ Remote }

// Place implements Target.
func (e Each) Place(n int) Placement {
	r := e.Remote
	number := func(s string) string { return strings.ReplaceAll(s, "{n}", strconv.Itoa(n)) }
	r.Setup.Address, r.Setup.Values = number(r.Setup.Address), maps.Clone(r.Setup.Values)
	for name, value := range r.Setup.Values {
		r.Setup.Values[name] = number(value)
	}
	if !r.Way.Coded {
		return r.Place(n)
	}
	r.Setup.Code += "-" + strconv.Itoa(n)
	p := r.Place(n)
	p.Answer = session.Over(r.Way, r.Setup)
	return p
}

// Roles of a check.
const (
	RoleOffer  = "offer"
	RoleAnswer = "answer"
	RoleAny    = "any"
)

// only lets a channel be used in one role. In a room the order of dialing gives the roles, so nothing can be done about
// a wrong one but to report it.
func only(want signal.Role) func(signal.Channel, func(diag.Warning)) signal.Channel {
	return func(c signal.Channel, warn func(diag.Warning)) signal.Channel {
		return &roleGuard{Channel: c, want: want, warn: warn}
	}
}

// roleGuard refuses the wrong role.
type roleGuard struct {
	signal.Channel
	want signal.Role
	warn func(diag.Warning)
}

// Receive implements signal.Channel.
func (g *roleGuard) Receive(ctx context.Context) (signal.Message, error) {
	m, err := g.Channel.Receive(ctx)
	if err != nil || m.Kind != signal.KindPaired || m.Role == g.want {
		return m, err
	}
	g.warn(diag.Warning{ID: "signal.wrong_role", Subject: m.Role.String()})
	return signal.Message{}, &signal.Error{
		Op: "pairing", Reason: signal.ReasonRejected, Code: "not_" + g.want.String(),
		Err: fmt.Errorf("wrong role: %s instead of %s", m.Role, g.want),
	}
}

// Traits passes on those of the channel inside.
func (g *roleGuard) Traits() signal.Traits { return signal.TraitsOf(g.Channel) }
