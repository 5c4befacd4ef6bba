package judge

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/speed"
)

const second, ms = time.Second, time.Millisecond

// idsOf are the IDs of findings with their severities.
func idsOf(found []Finding) (out []string) {
	for _, f := range found {
		out = append(out, string(f.Severity)+" "+f.ID)
	}
	return out
}

// TestOwnSilence: this machine explains a silence while it had no network or did not run, and five seconds longer.
func TestOwnSilence(t *testing.T) {
	over := call.Machine{Outages: []call.Outage{{From: 10 * second, To: diag.Ptr(20 * second)}}}
	lasts := call.Machine{Outages: []call.Outage{{From: 10 * second}}}
	stopped := call.Machine{Pauses: []call.PauseRow{{Paused: diag.Paused{DurationMs: diag.Millis(10 * second)}, At: 20 * second}}}
	for name, tt := range map[string]struct {
		machine call.Machine
		at      time.Duration
		want    bool
	}{
		"before":                  {over, 10*second - ms, false},
		"as it began":             {over, 10 * second, true},
		"soon after":              {over, 25 * second, true},
		"too late":                {over, 25*second + ms, false},
		"before one that lasts":   {lasts, 10*second - ms, false},
		"while it lasts":          {lasts, time.Hour, true},
		"before it stopped":       {stopped, 10*second - ms, false},
		"as it stopped":           {stopped, 10 * second, true},
		"soon after it went on":   {stopped, 25 * second, true},
		"long after it went on":   {stopped, 25*second + ms, false},
		"nothing of that was so":  {call.Machine{}, 10 * second, false},
		"as one that lasts began": {lasts, 10 * second, true},
	} {
		if got := ownSilence(&call.Call{Machine: tt.machine}, tt.at); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// lostAt is a call of an hour that lost its peer at a time.
func lostAt(at time.Duration) *call.Call {
	return &call.Call{
		ConnectedAt: diag.Ptr(second), EchoAt: &at, DownAt: 1, Now: time.Hour, Ended: &diag.CallEnded{Reason: diag.EndPeerLost},
	}
}

// TestBrokenByAnOutage: an outage has ended a call that lost its peer meanwhile, or within five seconds.
func TestBrokenByAnOutage(t *testing.T) {
	for at, want := range map[time.Duration]bool{
		5*second - ms: false, 5 * second: true, 15 * second: true, 25 * second: true, 25*second + ms: false,
	} {
		if got := brokeAt(lostAt(at), 10*second, 20*second); got != want {
			t.Errorf("lost after %v: %t", at, got)
		}
	}
	hung := lostAt(15 * second)
	hung.Ended.Reason = diag.EndHangup
	dialed := lostAt(15 * second)
	dialed.Ended.Code = diag.CodeCertificate
	lasts := lostAt(15 * second)
	lasts.Ended = nil
	for name, c := range map[string]*call.Call{"hung up": hung, "another peer dialed": dialed, "it goes on": lasts} {
		if brokeAt(c, 10*second, 20*second) {
			t.Errorf("%s: an outage has ended it", name)
		}
	}
}

// TestLongestOutage: of several outages and pauses the one that ended the call counts, else the longest since it was
// connected.
func TestLongestOutage(t *testing.T) {
	from := func(from, length time.Duration) call.Outage {
		return call.Outage{From: from, To: diag.Ptr(from + length)}
	}
	for name, tt := range map[string]struct {
		outages []call.Outage
		lost    time.Duration
		want    time.Duration // when it began; 0: none
		ended   bool
	}{
		"a short one":                    {[]call.Outage{from(60*second, second-ms)}, time.Minute, 0, false},
		"a second":                       {[]call.Outage{from(60*second, second)}, time.Minute, 60 * second, false},
		"three seconds":                  {[]call.Outage{from(60*second, 3*second)}, time.Minute, 60 * second, true},
		"before the call":                {[]call.Outage{from(second/2, second/2-ms), from(0, second-1)}, time.Minute, 0, false},
		"the longer one":                 {[]call.Outage{from(100*second, 4*second), from(200*second, 5*second)}, time.Minute, 200 * second, false},
		"the longer one is first":        {[]call.Outage{from(100*second, 5*second), from(200*second, 4*second)}, time.Minute, 100 * second, false},
		"the one that ended it":          {[]call.Outage{from(100*second, 9*second), from(200*second, 4*second)}, 201 * second, 200 * second, true},
		"the one that ended it is first": {[]call.Outage{from(100*second, 4*second), from(200*second, 9*second)}, 101 * second, 100 * second, true},
		"the longer of two that did":     {[]call.Outage{from(100*second, 4*second), from(106*second, 5*second)}, 105 * second, 106 * second, true},
	} {
		c := lostAt(tt.lost)
		c.Machine.Outages = tt.outages
		o, ended := offline(c)
		if began := time.Duration(0); o != nil {
			if began = o.From; began != tt.want || ended != tt.ended {
				t.Errorf("%s: from %v, %t", name, began, ended)
			}
		} else if tt.want != 0 {
			t.Errorf("%s: none", name)
		}
		c = lostAt(tt.lost)
		for _, o := range tt.outages {
			c.Machine.Pauses = append(c.Machine.Pauses, call.PauseRow{Paused: diag.Paused{DurationMs: diag.Millis(*o.To - o.From)}, At: *o.To})
		}
		if p, ended := paused(c); tt.want > 61*second && (p == nil || p.At-p.DurationMs.Duration() != tt.want || ended != tt.ended) {
			t.Errorf("%s: paused %+v, %t", name, p, ended)
		}
	}
}

// TestBoundsOfLengths: nine of ten long packets, and one of ten short ones, of at least eight each.
func TestBoundsOfLengths(t *testing.T) {
	for _, tt := range []struct {
		short, shortMissed, long, longMissed uint32
		want                                 bool
	}{
		{10, 1, 10, 9, true}, {10, 2, 10, 9, false}, {10, 1, 10, 8, false}, {8, 0, 8, 8, true}, {7, 0, 8, 8, false}, {8, 0, 7, 7, false},
	} {
		e := longPackets([]diag.PacketSizes{{Bytes: 200, Sent: tt.short, Missed: tt.shortMissed}, {Bytes: 1200, Sent: tt.long, Missed: tt.longMissed}})
		if (e != nil) != tt.want {
			t.Errorf("%+v: %+v", tt, e)
		}
	}
}

// TestUnagreedPackets: fewer than 50 were under way when the codec changed; more than half of a stream fail a check that
// wants it.
func TestUnagreedPackets(t *testing.T) {
	wanted := Expectation{Media: []call.MediaKind{{Direction: diag.Inbound, Kind: "audio"}}}
	for _, tt := range []struct {
		packets, all uint64
		x            Expectation
		want         []string
	}{
		{49, 60, wanted, nil}, {50, 100, wanted, []string{"warning media.payload_type"}}, {51, 100, wanted, []string{"error media.payload_type"}},
		{51, 100, Expectation{}, []string{"warning media.payload_type"}},
	} {
		c := &call.Call{Samples: []call.SampleRow{{Sample: diag.Sample{Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 1, PacketsReceived: &tt.all, Unagreed: &diag.UnagreedPayload{Packets: tt.packets}},
		}}}}}
		if diff := cmp.Diff(tt.want, idsOf(payloadFindings(c, tt.x))); diff != "" {
			t.Errorf("%d of %d: %s", tt.packets, tt.all, diff)
		}
	}
}

// TestChangesOfSSRC: how often the streams of a kind changed, and to what at last.
func TestChangesOfSSRC(t *testing.T) {
	c := &call.Call{Unannounced: []diag.UnannouncedSSRC{{Kind: "audio", SSRC: 2, Previous: 1}, {Kind: "audio", SSRC: 3, Previous: 2}}}
	found := ssrcFindings(c, Expectation{})
	if len(found) != 1 || found[0].Evidence != (SSRCChanged{Kind: "audio", Times: 2, Previous: 2, SSRC: 3}) {
		t.Errorf("%+v", found)
	}
}

// TestLeaving: a peer that leaves before an answer was due, and a user who hangs up at once, leave no fault.
func TestLeaving(t *testing.T) {
	for name, tt := range map[string]struct {
		open, ended time.Duration // since the pairing, which was the beginning
		by          diag.EndedBy
		want        bool
	}{
		"before a second":      {100 * ms, 100*ms + second - ms, diag.ByRemote, true},
		"after a second":       {100 * ms, 100*ms + second, diag.ByRemote, false},
		"a slow setup":         {3 * second, 6*second - ms, diag.ByRemote, true},
		"as long as the setup": {3 * second, 6 * second, diag.ByRemote, false},
		"a very slow setup":    {9 * second, 14*second - ms, diag.ByRemote, true},
		"five seconds are due": {9 * second, 14 * second, diag.ByRemote, false},
		"this side left":       {100 * ms, 200 * ms, diag.ByLocal, false},
	} {
		c := &call.Call{OpenAt: &tt.open, EndedAt: tt.ended, Ended: &diag.CallEnded{By: tt.by}}
		if got := leftEarly(c); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if leftEarly(&call.Call{EndedAt: second, Ended: &diag.CallEnded{By: diag.ByRemote}}) {
		t.Error("a call without a channel was left early")
	}
	for name, tt := range map[string]struct {
		change func(*call.Call)
		want   bool
	}{
		"at once":           {func(*call.Call) {}, true},
		"after a second":    {func(c *call.Call) { c.EndedAt, c.Now = 1100*ms, 1100*ms }, false},
		"time was over":     {func(c *call.Call) { c.Ended.Reason = diag.EndDuration }, false},
		"the peer hung up":  {func(c *call.Call) { c.Ended.By = diag.ByRemote }, false},
		"never connected":   {func(c *call.Call) { c.ConnectedAt = nil }, false},
		"a channel is open": {func(c *call.Call) { c.OpenAt = diag.Ptr(200 * ms) }, false},
	} {
		c := &call.Call{
			ConnectedAt: diag.Ptr(100 * ms), EndedAt: 1100*ms - 1, Now: 1100*ms - 1, Ended: &diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal},
		}
		tt.change(c)
		if got := leftAtOnce(c); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestRemoteClasses: what a candidate of the peer came to.
func TestRemoteClasses(t *testing.T) {
	row := func(address, protocol string) call.CandidateRow {
		r := call.CandidateRow{}
		r.ID, r.Address, r.Port, r.Protocol = "r", address, 5000, protocol
		return r
	}
	resolved := &call.Call{}
	resolved.Remote = make([]call.CandidateRow, 1)
	resolved.Remote[0].Name = "a.example"
	for name, tt := range map[string]struct {
		c         *call.Call
		candidate call.CandidateRow
		checks    remoteChecks
		want      remoteClass
	}{
		"answered":            {&call.Call{}, row("198.51.100.1", "udp"), remoteChecks{sent: 1, answered: 1}, remoteAnswering},
		"public":              {&call.Call{}, row("198.51.100.1", "udp"), remoteChecks{sent: 1}, remotePublic},
		"private":             {&call.Call{}, row("10.0.0.1", "udp"), remoteChecks{sent: 1}, remotePrivate},
		"not checked":         {&call.Call{}, row("10.0.0.1", "udp"), remoteChecks{}, remoteAnswering},
		"nothing was sent":    {&call.Call{}, row("10.0.0.1", "udp"), remoteChecks{failed: 1}, remoteUnroutable},
		"loopback":            {&call.Call{}, row("127.0.0.1", "udp"), remoteChecks{}, remotePrivate},
		"link-local":          {&call.Call{}, row("169.254.0.1", "udp"), remoteChecks{}, remotePrivate},
		"any address":         {&call.Call{}, row("0.0.0.0", "udp"), remoteChecks{}, remoteUnusable},
		"TCP":                 {&call.Call{}, row("198.51.100.1", "tcp"), remoteChecks{sent: 1}, remoteTCP},
		"mDNS":                {&call.Call{}, row("1.local", "udp"), remoteChecks{}, remoteMDNS},
		"mDNS, checked":       {&call.Call{}, row("1.local", "udp"), remoteChecks{sent: 1}, remotePrivate},
		"a name":              {&call.Call{}, row("a.example", "udp"), remoteChecks{}, remoteUnresolved},
		"a name, resolved":    {resolved, row("a.example", "udp"), remoteChecks{}, remoteResolved},
		"another name":        {resolved, row("b.example", "udp"), remoteChecks{}, remoteUnresolved},
		"sent, and some fail": {&call.Call{}, row("198.51.100.1", "udp"), remoteChecks{sent: 1, failed: 1}, remotePublic},
	} {
		if got := classOf(tt.c, tt.candidate, tt.checks); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// TestRemoteNamed: a finding names four candidates and four errors, and those of RTP only.
func TestRemoteNamed(t *testing.T) {
	c := &call.Call{Ended: &diag.CallEnded{Reason: diag.EndICE}, Local: []call.CandidateRow{{}}}
	for i, text := range []string{"a", "b", "c", "d", "e", "e"} {
		r := call.CandidateRow{}
		r.ID, r.Address, r.Port, r.Protocol, r.Component = string(rune('0'+i)), "198.51.100.1", uint16(i+1), "udp", 1
		c.Remote = append(c.Remote, r)
		c.Pairs = append(c.Pairs, diag.Pair{RemoteCandidateID: r.ID, RequestsFailed: 1, SendError: text})
	}
	for _, change := range []func(*call.CandidateRow){
		func(r *call.CandidateRow) { r.Component = 2 }, func(r *call.CandidateRow) { r.TCPType = "active" },
	} {
		r := c.Remote[0]
		change(&r)
		c.Remote = append(c.Remote, r)
	}
	found := remoteFindings(c, Expectation{})
	if len(found) != 1 || found[0].ID != "ice.remote_unroutable" {
		t.Fatalf("%+v", found)
	}
	e := found[0].Evidence.(RemoteCandidates)
	if e.N != 6 || e.Of != 6 || len(e.Candidates) != maxNamed || !slices.Equal(e.Errors, []string{"a", "b", "c", "d"}) {
		t.Errorf("%+v", e)
	}
}

// TestSpeedFindings: what is said of a measurement: how it ended, what bounded it, and queues that it found.
func TestSpeedFindings(t *testing.T) {
	trip := func(all ...time.Duration) (out []diag.Millis) {
		for range 20 {
			for _, d := range all {
				out = append(out, diag.Millis(d))
			}
		}
		return out
	}
	plan := diag.SpeedPlan{Tests: []diag.SpeedTest{{Way: diag.SpeedIdle}, {Way: diag.SpeedUp}}}
	state := func(loaded time.Duration, end diag.SpeedEndReason) *speed.State {
		arrived := []diag.SpeedInterval{{Direction: diag.Outbound, ToMs: diag.Millis(second), Bytes: 1e6, Messages: 1000}}
		s := &speed.State{Start: diag.SpeedStart{Plan: plan}, Tests: []speed.Test{
			{SpeedTest: diag.SpeedTest{Way: diag.SpeedIdle}, Pings: trip(10 * ms), STUN: trip(10 * ms), Checks: trip(10 * ms), Complete: true, Over: true},
			{SpeedTest: diag.SpeedTest{Way: diag.SpeedUp, ForMs: diag.Millis(second)}, Intervals: arrived, Pings: trip(loaded), STUN: trip(loaded), Checks: trip(loaded), Over: true, Senders: []diag.SpeedSender{{Cores: 4, BytesSpent: end == ""}}},
		}}
		if end != "" {
			s.End = &diag.SpeedEnd{Reason: end}
		}
		return s
	}
	serves := state(10*ms, diag.SpeedLost)
	serves.Start.Serves = true
	for name, tt := range map[string]struct {
		state *speed.State
		want  []string
	}{
		"nothing measured": {nil, nil},
		"done":             {state(10*ms, diag.SpeedDone), nil},
		"cancelled":        {state(10*ms, diag.SpeedCancelled), nil},
		"the peer is lost": {state(10*ms, diag.SpeedLost), []string{"error speed." + string(diag.SpeedLost)}},
		"the peer's":       {serves, nil},
		"bytes are spent":  {state(10*ms, ""), []string{"info speed.bytes_spent"}},
		"a short queue":    {state(105*ms, diag.SpeedDone), nil},
		"a long queue":     {state(115*ms, diag.SpeedDone), []string{"warning speed.queue"}},
	} {
		c := &call.Call{}
		c.Speed = tt.state
		if diff := cmp.Diff(tt.want, idsOf(speedFindings(c, Expectation{}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
