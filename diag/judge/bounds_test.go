package judge

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/call"
	"dialtone/diag/finding"
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

// TestOwnSilence: this machine explains a silence while it had no network or did not run, and eight seconds longer.
func TestOwnSilence(t *testing.T) {
	over := call.Machine{Outages: []call.Outage{{From: 10 * second, To: new(20 * second)}}}
	lasts := call.Machine{Outages: []call.Outage{{From: 10 * second}}}
	stopped := call.Machine{Pauses: []call.PauseRow{{Paused: diag.Paused{DurationMs: diag.Millis(10 * second)}, At: 20 * second}}}
	for name, tt := range map[string]struct {
		machine call.Machine
		at      time.Duration
		want    bool
	}{
		"before":                  {over, 10*second - ms, false},
		"as it began":             {over, 10 * second, true},
		"soon after":              {over, 28 * second, true},
		"too late":                {over, 28*second + ms, false},
		"before one that lasts":   {lasts, 10*second - ms, false},
		"while it lasts":          {lasts, time.Hour, true},
		"before it stopped":       {stopped, 10*second - ms, false},
		"as it stopped":           {stopped, 10 * second, true},
		"soon after it went on":   {stopped, 28 * second, true},
		"long after it went on":   {stopped, 28*second + ms, false},
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
		ConnectedAt: new(second), EchoAt: &at, DownAt: 1, Now: time.Hour, Ended: &diag.CallEnded{Reason: diag.EndPeerLost},
	}
}

// TestBrokenByAnOutage: an outage has ended a call that lost its peer meanwhile, or within eight seconds.
func TestBrokenByAnOutage(t *testing.T) {
	for at, want := range map[time.Duration]bool{
		2*second - ms: false, 2 * second: true, 15 * second: true, 28 * second: true, 28*second + ms: false,
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
		return call.Outage{From: from, To: new(from + length)}
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
		{49, 60, wanted, nil},
		{50, 100, wanted, []string{"warning media.payload_type"}},
		{51, 100, wanted, []string{"error media.payload_type"}},
		{51, 100, Expectation{}, []string{"warning media.payload_type"}},
	} {
		c := &call.Call{Samples: []call.SampleRow{{Sample: diag.Sample{Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 1, PacketsReceived: &tt.all, Unagreed: &diag.UnagreedPayload{Packets: tt.packets}},
		}}}}}
		if diff := cmp.Diff(tt.want, idsOf(made(payloadFindings, c, tt.x))); diff != "" {
			t.Errorf("%d of %d: %s", tt.packets, tt.all, diff)
		}
	}
}

// TestChangesOfSSRC: how often the streams of a kind changed, and to what at last.
func TestChangesOfSSRC(t *testing.T) {
	c := &call.Call{Unannounced: []diag.UnannouncedSSRC{{Kind: "audio", SSRC: 2, Previous: 1}, {Kind: "audio", SSRC: 3, Previous: 2}}}
	found := made(ssrcFindings, c, Expectation{})
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
		"before a second":       {100 * ms, 100*ms + second - ms, diag.ByRemote, true},
		"after a second":        {100 * ms, 100*ms + second, diag.ByRemote, false},
		"a slow setup":          {3 * second, 6*second - ms, diag.ByRemote, true},
		"as long as the setup":  {3 * second, 6 * second, diag.ByRemote, false},
		"a very slow setup":     {9 * second, 14*second - ms, diag.ByRemote, true},
		"eight seconds are due": {9 * second, 14 * second, diag.ByRemote, false},
		"this side left":        {100 * ms, 200 * ms, diag.ByLocal, false},
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
		"a channel is open": {func(c *call.Call) { c.OpenAt = new(200 * ms) }, false},
	} {
		c := &call.Call{
			ConnectedAt: new(100 * ms), EndedAt: 1100*ms - 1, Now: 1100*ms - 1, Ended: &diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal},
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
	found := made(remoteFindings, c, Expectation{})
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
			{SpeedTest: diag.SpeedTest{Way: diag.SpeedIdle}, Pings: trip(10 * ms), STUN: trip(10 * ms), Checks: trip(10 * ms), Complete: true},
			{SpeedTest: diag.SpeedTest{Way: diag.SpeedUp, ForMs: diag.Millis(second)}, Intervals: arrived, Pings: trip(loaded), STUN: trip(loaded), Checks: trip(loaded), Senders: []diag.SpeedSender{{Cores: 4, BytesSpent: end == ""}}},
		}}
		if end != "" {
			s.End = &diag.SpeedEnd{Reason: end}
		}
		return s
	}
	serves := state(10*ms, diag.SpeedLost)
	serves.Start.Serves = true
	first, bare, unchecked := state(10*ms, diag.SpeedDone), state(10*ms, diag.SpeedDone), state(10*ms, diag.SpeedDone)
	first.Tests[0].Senders = []diag.SpeedSender{{BytesSpent: true}}
	bare.Tests[1].Pings, unchecked.Tests[1].STUN = nil, nil
	empty, spent, straddling := state(10*ms, diag.SpeedDone), state(10*ms, diag.SpeedDone), state(10*ms, diag.SpeedDone)
	for _, s := range []*speed.State{empty, spent, straddling} {
		s.Tests[1].Complete, s.Tests[1].WarmUpMs = true, diag.Millis(300*ms)
	}
	empty.Tests[1].Intervals, spent.Tests[1].Intervals = nil, nil
	spent.Tests[1].Senders[0].BytesSpent = true
	changed := state(10*ms, diag.SpeedDone)
	changed.Tests[1].Intervals, changed.Tests[1].Senders[0].Direction = nil, diag.Outbound
	for i := range 10 {
		wire := uint64(1000 * (1 + i/5)) // twice as much in the second half
		changed.Tests[1].Intervals = append(changed.Tests[1].Intervals, diag.SpeedInterval{
			Direction: diag.Outbound, FromMs: diag.Millis(i) * diag.Millis(second/10), ToMs: diag.Millis(i+1) * diag.Millis(second/10),
			Bytes: wire, Messages: 1, WireBytes: &wire, Packets: new(uint64),
		})
	}
	for name, tt := range map[string]struct {
		state *speed.State
		want  []string
	}{
		"the rate changed": {changed, []string{"warning speed.changed"}},
		"nothing measured": {nil, nil},
		"nothing arrived":  {empty, []string{"error speed.no_result"}},
		"one long count":   {straddling, []string{"error speed.no_result"}},
		"nothing, spent":   {spent, []string{"info speed.bytes_spent"}},
		"done":             {state(10*ms, diag.SpeedDone), nil},
		"cancelled":        {state(10*ms, diag.SpeedCancelled), nil},
		"the peer is lost": {state(10*ms, diag.SpeedLost), []string{"error speed." + string(diag.SpeedLost)}},
		"the peer's":       {serves, nil},
		"bytes are spent":  {state(10*ms, ""), []string{"info speed.bytes_spent"}},
		"the first bytes":  {first, []string{"info speed.bytes_spent"}},
		"no round trips":   {bare, nil},
		"no checks":        {unchecked, nil},
		"a short queue":    {state(105*ms, diag.SpeedDone), nil},
		"a long queue":     {state(115*ms, diag.SpeedDone), []string{"warning speed.queue"}},
	} {
		c := &call.Call{}
		c.Speed = tt.state
		if diff := cmp.Diff(tt.want, idsOf(made(speedFindings, c, Expectation{}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSenderOfAFlow: a direction that the sender bounded is described by its test, and not by those at a set rate.
func TestSenderOfAFlow(t *testing.T) {
	test := func(way diag.SpeedWay, rate float64, cores int) speed.Test {
		return speed.Test{SpeedTest: diag.SpeedTest{Way: way, Rate: rate}, Senders: []diag.SpeedSender{{Cores: cores}}}
	}
	s := &speed.State{Tests: []speed.Test{test(diag.SpeedUp, 0, 4), test(diag.SpeedDown, 0, 2), test(diag.SpeedUp, 1e6, 8)}}
	if e := speedBound(s, "up", speed.Flow{Goodput: 7}); e.Cores != 4 || e.Goodput != 7 {
		t.Errorf("%+v", e)
	}
}

// TestWhatExplainsAnExit: problems of the family of the exit code explain it, warnings never do.
func TestWhatExplainsAnExit(t *testing.T) {
	media, ice := Finding{ID: "media.none", Severity: Problem}, Finding{ID: "ice.no_path", Severity: Problem}
	for name, tt := range map[string]struct {
		v    Verdict
		f    Finding
		want bool
	}{
		"of the family":               {Verdict{Exit: diag.ExitMedia}, media, true},
		"of another":                  {Verdict{Exit: diag.ExitMedia}, ice, false},
		"a warning":                   {Verdict{Exit: diag.ExitMedia}, Finding{ID: "media.none", Severity: Warn}, false},
		"it passed":                   {Verdict{Exit: diag.ExitPass}, media, false},
		"no path":                     {Verdict{Exit: diag.ExitICE}, ice, true},
		"interrupted":                 {Verdict{Exit: diag.ExitInterrupted}, ice, false},
		"a dump, never connected":     {Verdict{Exit: diag.ExitInterrupted, Outcome: Outcome{Dump: true}}, ice, true},
		"a dump, that was connected":  {Verdict{Exit: diag.ExitInterrupted, Outcome: Outcome{Dump: true, Connected: true}}, ice, false},
		"a call, that was connected":  {Verdict{Exit: diag.ExitInterrupted, Outcome: Outcome{Connected: true}}, ice, false},
		"an assertion of another one": {Verdict{Exit: diag.ExitAssertion}, Finding{ID: "path.ipv6_lost", Severity: Problem}, true},
	} {
		if got := tt.v.Explains(tt.f); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestHandshakes: a certificate is the wrong one only where both are known.
func TestHandshakes(t *testing.T) {
	for name, tt := range map[string]struct{ announced, presented, want string }{
		"the same":       {"sha-256 AB", "sha-256 ab", "dtls.timeout"},
		"another":        {"sha-256 AB", "sha-256 CD", "dtls.fingerprint_mismatch"},
		"none announced": {"", "sha-256 CD", "dtls.timeout"},
		"none presented": {"sha-256 AB", "", "dtls.timeout"},
	} {
		c := &call.Call{Ended: &diag.CallEnded{Reason: diag.EndDTLS}, Descriptions: make([]call.DescriptionRow, 1)}
		c.Descriptions[0].Side, c.Descriptions[0].Fingerprint = diag.Remote, tt.announced
		c.DTLS.RemoteFingerprint = tt.presented
		if found := made(dtlsFindings, c, Expectation{}); len(found) != 1 || found[0].ID != tt.want {
			t.Errorf("%s: %v", name, idsOf(found))
		}
	}
	for name, tt := range map[string]struct {
		pair diag.Pair
		want bool
	}{
		"answered, and not used": {diag.Pair{ID: "p", ResponsesReceived: 1}, true},
		"not answered":           {diag.Pair{ID: "p"}, false},
		"used by the peer":       {diag.Pair{ID: "p", ResponsesReceived: 1, RequestsReceived: 1}, false},
		"another pair":           {diag.Pair{ID: "q", ResponsesReceived: 1}, false},
	} {
		c := &call.Call{Selected: &diag.Selected{PairID: "p"}, Pairs: []diag.Pair{tt.pair}}
		if got := unusedPair(c) != nil; got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestServersOfACall: what is wrong with servers that a call used.
func TestServersOfACall(t *testing.T) {
	const before, later = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
	server := func(expires string, f *diag.Failure, redirects ...string) diag.Server {
		return diag.Server{URL: "turn:a", TURN: true, Transport: "udp", Address: "9.9.9.9:3478", Redirects: redirects, Stages: []diag.Stage{
			{Name: diag.StageConfig, CredentialExpires: expires, Clock: later}, {Name: diag.StageAllocate, Failure: f},
		}}
	}
	silent, wrong := &diag.Failure{Cause: diag.CauseTimeout}, &diag.Failure{Cause: diag.CauseAuth, Code: 401}
	for name, tt := range map[string]struct {
		server diag.Server
		want   []string
	}{
		"good":                     {server("", nil), nil},
		"redirected":               {server("", nil, "9.9.9.8:3478"), []string{"warning server.try_alternate"}},
		"redirected in vain":       {server("", silent, "9.9.9.8:3478"), []string{"warning server.timeout"}},
		"silent":                   {server("", silent), []string{"warning server.timeout"}},
		"silent, and expired":      {server(before, silent), []string{"warning server.timeout", "warning turn.credentials_expired"}},
		"rejected, as expired":     {server(before, wrong), []string{"warning turn.credentials_expired"}},
		"accepted though expired":  {server(before, nil), nil},
		"rejected, and not so old": {server("2027-01-01T00:00:00Z", wrong), []string{"warning turn.unauthorized"}},
	} {
		c := &call.Call{Servers: make([]call.ServerRow, 1)}
		c.Servers[0].Server = tt.server
		if diff := cmp.Diff(tt.want, idsOf(made(serverFindings, c, Expectation{}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestInjectedFindings: what a call did to its own packets explains silence and loss, and no answer of anybody.
func TestInjectedFindings(t *testing.T) {
	for name, tt := range map[string]struct {
		f    Finding
		want bool
	}{
		"no path":              {Finding{ID: "ice.no_path", Severity: Problem}, true},
		"nothing came back":    {Finding{ID: "channel.not_echoed", Severity: Problem, Evidence: ChannelNotEchoed{}}, true},
		"something else did":   {Finding{ID: "channel.not_echoed", Severity: Warn, Evidence: ChannelNotEchoed{Answer: "hi"}}, false},
		"loss":                 {Finding{ID: "media.loss", Severity: Problem}, false},
		"media stopped":        {Finding{ID: "media.stopped", Severity: Warn}, true},
		"a remark":             {Finding{ID: "media.stopped", Severity: Info}, false},
		"a relay is silent":    {Finding{ID: "turn.relay_silent", Severity: Warn}, true},
		"one remark of it":     {Finding{ID: "turn.relay_untested", Severity: Info}, false},
		"a wrong password":     {Finding{ID: "turn.unauthorized", Severity: Warn}, false},
		"the peer vanished":    {Finding{ID: "call.peer_lost", Severity: Problem}, true},
		"nobody came":          {Finding{ID: "call.nobody_came", Severity: Problem}, false},
		"signaling has failed": {Finding{ID: "signal.failed", Severity: Problem}, false},
	} {
		found := []Finding{tt.f}
		markInjected(&call.Call{}, found)
		if found[0].Injected {
			t.Errorf("%s: injected by nothing", name)
		}
		markInjected(&call.Call{Impaired: &diag.Impaired{Inbound: diag.ImpairedPackets{Lost: 1}}}, found)
		if found[0].Injected != tt.want {
			t.Errorf("%s: %t", name, found[0].Injected)
		}
	}
}

// TestUpTimeOfDumps: the dump of a browser tells how long a connection was up if it traces the change, or a sample shows
// that it still was.
func TestUpTimeOfDumps(t *testing.T) {
	const at = 100 * second // that it went down
	for name, tt := range map[string]struct {
		reason diag.EndReason
		format diag.DumpFormat
		sample time.Duration
		now    time.Duration
		want   time.Duration // 0: not known
	}{
		"lost, traced":                   {diag.EndPeerLost, "", 0, at, 0},
		"a goodbye, and no sample":       {diag.EndPeerHangup, "", 0, at, 0},
		"a goodbye, an old sample":       {diag.EndPeerHangup, "", at - 10*second, at, 0},
		"a goodbye, nearly all is known": {diag.EndPeerHangup, "", at - 9*second, at, 99 * second},
		"a goodbye, a later sample":      {diag.EndPeerHangup, "", at, at, 0},
		"a hang-up":                      {diag.EndHangup, "", 0, at, 99 * second},
		"never up":                       {diag.EndHangup, "", 0, second, 0},
	} {
		c := &call.Call{
			ConnectedAt: new(second), DownAt: at, Now: tt.now, EndedAt: tt.now, Ended: &diag.CallEnded{Reason: tt.reason},
			Browser: &browser.State{Start: diag.DumpStart{Format: tt.format}},
		}
		if tt.sample != 0 {
			c.Samples = []call.SampleRow{{At: tt.sample}}
		}
		up := upTime(c)
		if tt.reason == diag.EndPeerLost {
			if up == nil {
				t.Errorf("%s: not known", name)
			}
			c.Browser.Start.Format = diag.DumpFirefox
			if up = upTime(c); up != nil {
				t.Errorf("%s: Firefox traces nothing, and %v is known", name, *up)
			}
			continue
		}
		if got := diag.OrZero(up); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestObstaclesOfDumps: browsers do not report each check, so that without pairs nothing is known, unless a side has no
// candidates in a dump that is whole.
func TestObstaclesOfDumps(t *testing.T) {
	one := []call.CandidateRow{{}}
	for name, tt := range map[string]struct {
		local, remote []call.CandidateRow
		pairs         []diag.Pair
		partial       bool
		want          Obstacle
	}{
		"nothing":             {nil, nil, nil, false, NoPairKnown},
		"both sides":          {one, one, nil, false, NoPairKnown},
		"none of the peer":    {one, nil, nil, false, NoRemoteCandidate},
		"likewise, cut short": {one, nil, nil, true, NoPairKnown},
		"none of this side":   {nil, one, nil, false, NoPairKnown},
		"a pair":              {one, one, []diag.Pair{{RequestsSent: 1}}, false, NoPairAnswered},
	} {
		c := &call.Call{Local: tt.local, Remote: tt.remote, Pairs: tt.pairs, Browser: &browser.State{Start: diag.DumpStart{Partial: tt.partial}}}
		if got := noPath(c).Obstacle; got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestRelaysWithAPrivateAddress: relays of one address that no one reaches are a flaw of the server, and not isolated.
func TestRelaysWithAPrivateAddress(t *testing.T) {
	for relayed, want := range map[string]bool{"198.51.100.7:50000": true, "10.0.0.5:50000": false} {
		at := netip.MustParseAddrPort(relayed)
		row := func(id string) call.CandidateRow {
			r := call.CandidateRow{}
			r.ID, r.Address, r.Port, r.CandidateType, r.URL = id, at.Addr().String(), at.Port(), diag.Relay, "turn:a"
			return r
		}
		c := &call.Call{
			Ended: &diag.CallEnded{Reason: diag.EndICE}, Local: []call.CandidateRow{row("l")}, Remote: []call.CandidateRow{row("r")},
			Pairs:   []diag.Pair{{LocalCandidateID: "l", RemoteCandidateID: "r", RequestsSent: 1}},
			Servers: make([]call.ServerRow, 1),
		}
		c.Servers[0].Server = diag.Server{
			URL: "turn:a", TURN: true, Transport: "udp", Address: "9.9.9.9:3478",
			Stages: []diag.Stage{{Name: diag.StageAllocate, Relayed: relayed}},
		}
		if got := len(made(isolatedFindings, c, Expectation{})) > 0; got != want {
			t.Errorf("%s: %t", relayed, got)
		}
	}
}

// TestClientsRefused: that a client is asked to come again is a remark.
func TestClientsRefused(t *testing.T) {
	for status, want := range map[int]string{http.StatusServiceUnavailable: "info signal.client_refused", http.StatusForbidden: "warning signal.client_refused"} {
		c := &call.Call{}
		c.Signal.Refused = append(c.Signal.Refused, call.RefusedRequest{ServedRequest: diag.ServedRequest{Method: "POST", Status: status}, Times: 1})
		if diff := cmp.Diff([]string{want}, idsOf(made(clientFindings, c, Expectation{}))); diff != "" {
			t.Errorf("%d: %s", status, diff)
		}
	}
	c := &call.Call{}
	for _, from := range []string{"192.0.2.1:5", "[2001:db8::1]:5"} {
		c.Signal.Refused = append(c.Signal.Refused, call.RefusedRequest{
			ServedRequest: diag.ServedRequest{Method: "DELETE", Status: http.StatusNotFound, RemoteAddr: from}, Times: 1,
		})
	}
	c.Signal.Client = "[2001:db8::1]"
	want := []string{"info signal.client_refused", "warning signal.client_refused"}
	if diff := cmp.Diff(want, idsOf(made(clientFindings, c, Expectation{}))); diff != "" {
		t.Errorf("of another client: %s", diff)
	}
}

// TestPausesOfRestarts: a gap is heard from 200 ms on, and one of a second is an outage; the longer direction counts.
func TestPausesOfRestarts(t *testing.T) {
	for name, tt := range map[string]struct {
		in, out time.Duration
		want    []string
	}{
		"short":        {199 * ms, 199 * ms, nil},
		"heard":        {0, 200 * ms, []string{"info media.restart_pause"}},
		"nearly":       {second - ms, 0, []string{"info media.restart_pause"}},
		"as an outage": {second, 0, []string{"warning media.restart_pause"}},
	} {
		c := &call.Call{Paused: diag.MediaPause{Inbound: new(diag.Millis(tt.in)), Outbound: new(diag.Millis(tt.out))}}
		if diff := cmp.Diff(tt.want, idsOf(made(restartFindings, c, Expectation{}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestErrorsOfChecks: each error of a candidate's checks is told once.
func TestErrorsOfChecks(t *testing.T) {
	c := &call.Call{Pairs: []diag.Pair{
		{RemoteCandidateID: "r", SendError: "a"},
		{RemoteCandidateID: "r", SendError: "a"},
		{RemoteCandidateID: "r"},
		{RemoteCandidateID: "x", SendError: "b"},
		{RemoteCandidateID: "r", SendError: "c", RequestsSent: 2, RequestsFailed: 1, ResponsesReceived: 1},
	}}
	if got := checksOf(c, "r"); got.sent != 2 || got.failed != 1 || got.answered != 1 || !slices.Equal(got.errors, []string{"a", "c"}) {
		t.Errorf("%+v", got)
	}
}

// TestQueueOrClock: a queue that grows steadily looks like a clock that is wrong; without one, a drift is told before half
// a minute if it is large, and then if it is more than that of crystals.
func TestQueueOrClock(t *testing.T) {
	rtt := func(d time.Duration) *float64 { return new(d.Seconds()) }
	for name, tt := range map[string]struct {
		up     time.Duration
		rate   float64
		over   float64 // seconds
		trips  []*float64
		want   []string
		jitter float64 // margin
	}{
		"a drift":                     {30 * second, 48_048, 20, []*float64{rtt(10 * ms), rtt(10 * ms)}, []string{"info media.clock_drift"}, 10},
		"a drift, too early":          {30*second - ms, 48_048, 20, []*float64{rtt(10 * ms), rtt(10 * ms)}, nil, 10},
		"a drift that a queue makes":  {30 * second, 48_048, 20, []*float64{rtt(10 * ms), rtt(20 * ms)}, nil, 10},
		"a large drift":               {10 * second, 48_480, 9, []*float64{rtt(10 * ms), rtt(10*ms + time.Microsecond)}, []string{"info media.clock_drift"}, 10},
		"a large one, and a queue":    {10 * second, 48_480, 9, []*float64{rtt(10 * ms), rtt(90 * ms)}, nil, 10},
		"a large one, one round trip": {10 * second, 48_480, 9, []*float64{rtt(10 * ms)}, nil, 10},
		"a small queue":               {30 * second, 48_100, 20, []*float64{rtt(10 * ms), rtt(11 * ms)}, []string{"info media.clock_drift"}, 10},
	} {
		c := &call.Call{ConnectedAt: new(time.Duration(0)), Now: tt.up}
		for _, trip := range tt.trips {
			c.Samples = append(c.Samples, call.SampleRow{Sample: diag.Sample{Pair: &diag.Pair{CurrentRoundTripTime: trip}}})
		}
		c.Samples[len(c.Samples)-1].Inbound = []diag.InboundRTP{{
			Kind: "audio", ClockRate: 48_000, TimestampRate: &tt.rate, TimestampRateMargin: &tt.jitter, TimestampRateOver: &tt.over,
		}}
		if diff := cmp.Diff(tt.want, idsOf(made(timingFindings, c, Expectation{}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestTestsThatWereDone: a measurement that ended early counts the tests of its plan that are complete.
func TestTestsThatWereDone(t *testing.T) {
	s := &speed.State{
		Start: diag.SpeedStart{Plan: diag.SpeedPlan{Tests: make([]diag.SpeedTest, 4)}}, End: &diag.SpeedEnd{Reason: diag.SpeedLost, Cause: "x"},
		Tests: []speed.Test{{Complete: true}, {Complete: true}, {Complete: true, SpeedTest: diag.SpeedTest{Search: true}}, {}},
	}
	if e := speedEnded(s); e != (SpeedEnded{Reason: diag.SpeedLost, Cause: "x", Done: 2, Of: 4}) {
		t.Errorf("%+v", e)
	}
}

// TestSharedAddresses: both peers are behind one NAT if a mapped address of the one is a mapped address of the other.
func TestSharedAddresses(t *testing.T) {
	row := func(typ diag.CandidateType, address string) []call.CandidateRow {
		r := call.CandidateRow{}
		r.CandidateType, r.Address = typ, address
		return []call.CandidateRow{r}
	}
	for name, tt := range map[string]struct {
		local, remote []call.CandidateRow
		want          string
	}{
		"one NAT":            {row(diag.Srflx, "203.0.113.7"), row(diag.Srflx, "203.0.113.7"), "203.0.113.7"},
		"two":                {row(diag.Srflx, "203.0.113.7"), row(diag.Srflx, "203.0.113.8"), ""},
		"a host of that one": {row(diag.Srflx, "203.0.113.7"), row(diag.Host, "203.0.113.7"), ""},
		"one machine":        {row(diag.Host, "203.0.113.7"), row(diag.Host, "203.0.113.7"), ""},
	} {
		if got := sharedAddress(&call.Call{Local: tt.local, Remote: tt.remote}); got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// made are the findings of one rule.
func made(find rule, c *call.Call, x Expectation) (out finding.List) {
	find(&out, c, x)
	return out
}
