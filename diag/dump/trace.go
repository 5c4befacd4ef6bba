package dump

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// trace takes a call of the API, or an event of it.
func (c *conn) trace(e entry) {
	if c.entries++; c.entries > maxEntries {
		c.d.fault(errTrace)
		return
	}
	e.value = decoded(e.value)
	name := strings.TrimPrefix(strings.ToLower(e.name), "on")
	switch {
	case c.traceFailure(e, name), c.traceState(e.at, name, e.value), c.traceDescription(e, name), c.traceICE(e, name),
		c.traceTrack(e, name):
	case strings.HasPrefix(name, "createoffer"), strings.HasPrefix(name, "createanswer"):
	case name == "create":
		if c.config == nil {
			c.config = e.value
		}
		if len(e.extra) > 0 {
			c.url = cmp.Or(c.url, withoutQuery(text(e.extra[0], 1000)))
		}
		c.emit(e.at, diag.SignalingState{State: "stable"})
	case name == "close", name == "stop":
		c.close(e.at)
		c.emit(e.at, diag.ConnectionState{State: "closed"})
	default:
		c.keep(e)
	}
}

// rejected are the entries of calls that the browser rejected.
var rejected = map[string]diag.APICall{
	"createofferonfailure": diag.CreateOffer, "createansweronfailure": diag.CreateAnswer,
	"setlocaldescriptiononfailure": diag.SetLocalDescription, "setremotedescriptiononfailure": diag.SetRemoteDescription,
	"addicecandidateonfailure": diag.AddICECandidate, "addicecandidatefailed": diag.AddICECandidate,
	"icecandidatefailed": diag.AddICECandidate,
}

// traceFailure takes a call that the browser rejected.
func (c *conn) traceFailure(e entry, name string) bool {
	call := rejected[name]
	if call == "" {
		return false
	}
	said := text(e.value, maxText)
	if kind, message := failureName(e.value); said == "" {
		said = strings.TrimSuffix(kind+": "+message, ": ")
	}
	if strings.Contains(said, "sdpMid: ") { // the candidate itself, as Chromium wrote it once
		said = ""
	}
	c.emit(e.at, diag.APIFailure{Call: call, Error: diag.Clean(withoutPassword(said), 300)})
	return true
}

// keep emits what has no translation as it is, within bounds.
func (c *conn) keep(e entry) {
	value := harmless(e.value)
	raw, err := json.Marshal(map[string]any{"value": value})
	if err == nil && len(raw) > maxKept {
		raw, err = json.Marshal(map[string]any{"value": diag.Clean(string(raw), maxKept), "cut": true})
	}
	if err == nil {
		c.emit(e.at, diag.Unknown{Name: diag.Type("browser." + identifier(e.name)), Raw: raw})
	}
}

// identifier makes a name fit for the type of an event.
func identifier(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '.':
			return r
		}
		return -1
	}, name)
	name = name[:min(len(name), 60)]
	if diag.Type("browser."+name).Known() || name == "" {
		name += "_"
	}
	return name
}

// traceState takes a change of a state.
func (c *conn) traceState(at float64, name string, value any) bool {
	state := strings.ToLower(text(value, 60))
	for _, prefix := range []string{"iceconnectionstate", "signalingstate", "icegatheringstate", "peerconnectionstate"} {
		state = strings.TrimPrefix(state, prefix) // as Chromium wrote it until 2020
	}
	switch name {
	case "iceconnectionstatechange":
		c.iceState(at, state)
	case "connectionstatechange":
		c.connectionState(at, state)
	case "icegatheringstatechange":
		if state == "gathering" {
			c.begin(at, diag.PhaseGather)
		} else if state == "complete" {
			c.end(at, diag.PhaseGather, diag.OutcomeOK)
		}
		c.emit(at, diag.GatheringState{State: state})
	case "signalingstatechange":
		if state == "closed" {
			c.close(at)
		}
		c.emit(at, diag.SignalingState{State: hyphenated(state)})
	default:
		return false
	}
	return true
}

// hyphenated is a signaling state with its hyphens, which old dumps leave out.
func hyphenated(state string) string {
	return cmp.Or(map[string]string{
		"havelocaloffer": "have-local-offer", "haveremoteoffer": "have-remote-offer",
		"havelocalpranswer": "have-local-pranswer", "haveremotepranswer": "have-remote-pranswer",
	}[state], state)
}

func (c *conn) iceState(at float64, state string) {
	if state == c.ice || state == "" {
		return
	}
	c.ice = state
	c.emit(at, diag.ICEState{State: state})
	switch state {
	case "checking":
		c.begin(at, diag.PhaseICE)
	case "connected", "completed":
		c.path = true
		c.end(at, diag.PhaseICE, diag.OutcomeOK)
		if !c.everConnected {
			c.begin(at, diag.PhaseDTLS)
		}
	case "failed":
		c.end(at, diag.PhaseICE, diag.OutcomeFailed)
	}
}

func (c *conn) connectionState(at float64, state string) {
	if state == c.connection || state == "" {
		return
	}
	c.connection = state
	switch state {
	case "connected":
		c.everConnected, c.up = true, at
		c.end(at, diag.PhaseDTLS, diag.OutcomeOK)
	case "failed":
		c.end(at, diag.PhaseICE, diag.OutcomeFailed)
		c.end(at, diag.PhaseDTLS, diag.OutcomeFailed)
	case "closed":
		c.close(at)
	}
	c.emit(at, diag.ConnectionState{State: state})
}

func (c *conn) close(at float64) { c.closed, c.closedAt = true, cmp.Or(c.closedAt, at) }

// traceDescription takes what sets descriptions.
func (c *conn) traceDescription(e entry, name string) bool {
	side := diag.Local
	switch {
	case strings.HasPrefix(name, "setlocaldescription"):
		name = strings.TrimPrefix(name, "setlocaldescription")
	case strings.HasPrefix(name, "setremotedescription"):
		side, name = diag.Remote, strings.TrimPrefix(name, "setremotedescription")
	default:
		return false
	}
	switch name {
	case "":
		c.pending[side] = e.value
		c.begin(e.at, diag.PhaseOfferAnswer)
	case "onsuccess":
		value := c.pending[side]
		if member(e.value, "sdp") != nil {
			value = e.value // it was made implicitly
		}
		delete(c.pending, side)
		c.describe(e.at, side, value)
	default:
		c.keep(e)
	}
	return true
}

// describe takes a description that was set.
func (c *conn) describe(at float64, side diag.Side, value any) {
	body, _ := member(value, "sdp").(string)
	kind := text(member(value, "type"), 20)
	if body == "" || kind == "" || kind == "rollback" {
		return
	}
	parsed := sdp.Parse(body)
	ufrag, _ := parsed.Attribute("ice-ufrag")
	restart := c.ufrag[side] != "" && ufrag != "" && ufrag != c.ufrag[side]
	if restart && kind == "offer" {
		by := diag.ByLocal
		if side == diag.Remote {
			by = diag.ByRemote
		}
		c.emit(at, diag.Restart{By: by, Reason: "asked"})
	}
	c.ufrag[side], c.described[side] = cmp.Or(ufrag, c.ufrag[side]), true
	for i := range parsed.Media {
		kind := parsed.Media[i].Kind
		c.media = c.media || slices.Contains(diag.Kinds, kind)
		c.data = c.data || kind == "application"
	}
	c.noteUfrag(side, ufrag)
	c.emit(at, parsed.Event(side, kind, restart))
	if c.role == "" {
		c.role = diag.RoleOfferer
		if (kind == "offer") != (side == diag.Local) {
			c.role = diag.RoleAnswerer
		}
		c.emit(at, diag.SignalState{State: diag.SignalPaired, Role: c.role})
	}
	for line := range parsed.Candidates() {
		c.candidate(at, side, line, "")
	}
	if c.described[diag.Local] && c.described[diag.Remote] && c.spans[diag.PhaseOfferAnswer] {
		c.end(at, diag.PhaseOfferAnswer, diag.OutcomeOK)
		c.emit(at, diag.SignalState{State: diag.SignalConnected, Role: c.role})
		if c.format == diag.DumpFirefox { // which does not say when checks begin
			c.begin(at, diag.PhaseICE)
		}
	}
}

func (c *conn) noteUfrag(side diag.Side, ufrag string) {
	list := &c.localUfrags
	if side == diag.Remote {
		list = &c.remoteUfrags
	}
	if ufrag != "" && len(*list) < 64 && !slices.Contains(*list, ufrag) {
		*list = append(*list, diag.Clean(ufrag, 260))
	}
}
