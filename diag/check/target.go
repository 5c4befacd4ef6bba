package check

import (
	"context"
	"fmt"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/diag/report"
	"dialtone/diag/session"
	"dialtone/signal"
	"dialtone/signal/room"
)

// Target is what a check calls.
type Target interface {
	// Describe says what a report tells of it: kind, URL, room, role.
	Describe() report.Target
	// Place says how one run is dialled. It is called once for each run.
	Place() Placement
}

// Placement is how one run is dialled.
type Placement struct {
	Dial   session.Dialer // of the side that the report describes
	Answer session.Dialer // of the other side where it is in this process too; nil: it is somebody else's
	Flow   peer.Flow      // of media, for signalings that carry it one way
	// Guard, where it is set, looks at the channel of the described side; it may warn.
	Guard func(c signal.Channel, warn func(diag.Warning)) signal.Channel
}

// Loopback calls from one peer in this process to another, with messages handed over in memory.
type Loopback struct{}

// Describe implements Target.
func (Loopback) Describe() report.Target { return report.Target{Kind: "loopback", Role: "offer"} }

// Place implements Target.
func (Loopback) Place() Placement {
	offerer, answerer := signal.Pipe()
	at := func(c signal.Channel) session.Dialer {
		return func(context.Context, func(diag.SignalRequest)) (signal.Channel, error) { return c, nil }
	}
	return Placement{Dial: at(offerer), Answer: at(answerer)}
}

// Roles of a check in a room.
const (
	RoleOffer  = "offer"
	RoleAnswer = "answer"
	RoleAny    = "any"
)

// Room dials a code at a signaling server and waits for the other party.
type Room struct {
	Options room.Options
	Role    string // RoleOffer, RoleAnswer, or RoleAny: the part that the server gives is taken
}

// Describe implements Target.
func (r Room) Describe() report.Target {
	return report.Target{Kind: "room", URL: r.Options.Server, Room: r.Options.Code, Role: r.Role}
}

// Place implements Target.
func (r Room) Place() Placement {
	p := Placement{Dial: session.Room(r.Options)}
	switch r.Role {
	case RoleOffer:
		p.Guard = only(signal.RoleOfferer)
	case RoleAnswer:
		p.Guard = only(signal.RoleAnswerer)
	}
	return p
}

// only lets a channel be used in one role. In a room the order of dialling gives the roles, so nothing can be done
// about a wrong one but to say so.
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
	return signal.Message{}, &signal.Error{Op: "pairing", Reason: signal.ReasonRejected,
		Err: fmt.Errorf("wrong role: %s instead of %s", m.Role, g.want)}
}

// Traits passes on those of the channel inside.
func (g *roleGuard) Traits() signal.Traits { return signal.TraitsOf(g.Channel) }
