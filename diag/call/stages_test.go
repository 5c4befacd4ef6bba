package call

import (
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestStages: at what a call that is not connected is, and that the dump of a browser says less.
func TestStages(t *testing.T) {
	paired := diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer}
	both := []any{
		3,
		diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: "v=0\r\n"},
		3,
		diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: "v=0\r\n"},
	}
	candidate := func(side diag.Side) diag.Data {
		return diag.Candidate{Side: side, ID: string(side), Address: "192.0.2.1", Protocol: "udp", CandidateType: diag.Host}
	}
	candidates := []any{4, candidate(diag.Local), 4, candidate(diag.Remote)}
	ice := func(state string) []any { return []any{5, diag.ICEState{State: state}} }
	join := func(lists ...[]any) (out []any) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	of := []any{2, paired}
	begun := []any{6, diag.PhaseStart{Phase: diag.PhaseDTLS}}
	for name, tt := range map[string]struct {
		dump  bool
		code  string
		parts []any
		want  Stage
	}{
		"dialing":                    {false, "w1", nil, StageDialing},
		"waiting":                    {false, "w1", []any{1, diag.SignalState{State: diag.SignalWaiting}}, StageWaiting},
		"waited":                     {false, "w1", []any{1, diag.PhaseStart{Phase: diag.PhaseWait}}, StageWaiting},
		"paired":                     {false, "w1", of, StageNegotiating},
		"checking":                   {false, "w1", join(of, ice("checking")), StageChecking},
		"failed":                     {false, "w1", join(of, ice("failed")), StageChecking},
		"connected":                  {false, "w1", join(of, ice("connected")), StageSecuring},
		"completed":                  {false, "w1", join(of, ice("completed")), StageSecuring},
		"a page":                     {true, diag.DumpPage, nil, StageDevices},
		"a dump":                     {true, "", nil, StageUndescribed},
		"a dump, one description":    {true, "", join(of, both[:2], ice("checking")), StageNegotiating},
		"a dump, both":               {true, "", join(of, both), StageUnpaired},
		"a dump, one candidate":      {true, "", join(of, both, candidates[:2], ice("checking")), StageUnpaired},
		"a dump, two candidates":     {true, "", join(of, both, candidates), StageUnpaired},
		"a dump, checking":           {true, "", join(of, both, candidates, ice("checking")), StageChecking},
		"a dump, connected":          {true, "", join(of, both, candidates, ice("connected")), StageFound},
		"a dump, completed":          {true, "", join(of, both, candidates, ice("completed")), StageFound},
		"a dump with a handshake":    {true, "", join(of, both, candidates, ice("connected"), begun), StageSecuring},
		"a dump, the transport shut": {true, "", join(of, both, candidates, ice("connected"), begun, []any{7, diag.DTLSState{State: "closed"}}), StageFound},
	} {
		parts := []any{0, diag.CallStart{Code: tt.code}}
		if tt.dump {
			parts = append(parts, 1, diag.DumpStart{})
		}
		if got := Fold(diagtest.Log(append(parts, tt.parts...)...)).Stage(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// TestTimesOfACall: when peers were paired, when checks began, and when it was clear that there is no path.
func TestTimesOfACall(t *testing.T) {
	phase := func(name diag.PhaseName, from, to int, outcome diag.Outcome) []any {
		return []any{from, diag.PhaseStart{Phase: name}, to, diag.PhaseEnd{Phase: name, Outcome: outcome}}
	}
	c := Fold(diagtest.Log(append(append(append(phase(diag.PhaseDial, 0, 10, diag.OutcomeOK), phase(diag.PhaseWait, 10, 50, diag.OutcomeOK)...),
		phase(diag.PhaseICE, 60, 90, diag.OutcomeFailed)...), phase(diag.PhaseDial, 100, 200, diag.OutcomeFailed)...)...))
	if at, known := c.CheckingAt(); c.PairedAt() != 50*ms || at != 60*ms || !known {
		t.Errorf("paired after %s, checking after %s, %t", c.PairedAt(), at, known)
	}
	if _, known := (&Call{}).CheckingAt(); known {
		t.Error("checking before anything")
	}
	failed := diag.DiagnosisStart{Because: diag.BecauseICEFailed}
	asked := diag.DiagnosisStart{Because: diag.BecauseAsked}
	ended := diag.CallEnded{Reason: diag.EndICE}
	for name, tt := range map[string]struct {
		parts         []any
		at            time.Duration
		noPath, fails bool
	}{
		"in progress":         {[]any{300, diag.ICEState{State: "checking"}}, 300 * ms, false, false},
		"ended":               {[]any{300, ended, 400, diag.ICEState{State: "closed"}}, 300 * ms, true, false},
		"diagnosed":           {[]any{200, failed, 300, diag.ICEState{State: "failed"}}, 200 * ms, true, true},
		"diagnosed, ended":    {[]any{200, failed, 300, ended}, 200 * ms, true, false},
		"asked before":        {[]any{100, asked, 200, failed, 300, ended}, 200 * ms, true, false},
		"asked":               {[]any{200, asked, 300, ended}, 300 * ms, true, false},
		"asked, not ended":    {[]any{200, asked, 300, diag.ICEState{State: "checking"}}, 300 * ms, false, false},
		"connected after all": {[]any{200, failed, 300, diag.ConnectionState{State: "connected"}}, 200 * ms, false, false},
	} {
		c := Fold(diagtest.Log(append([]any{0, diag.CallStart{}}, tt.parts...)...))
		if c.FailedAt() != tt.at || c.NoPath() != tt.noPath || c.Failing() != tt.fails {
			t.Errorf("%s: at %s, no path %t, failing %t", name, c.FailedAt(), c.NoPath(), c.Failing())
		}
	}
}

// TestLostAt: since when a path does not work: the last ping that was answered, or some seconds before it was reported.
func TestLostAt(t *testing.T) {
	state := func(s string) diag.Data { return diag.ConnectionState{State: s} }
	for name, tt := range map[string]struct {
		parts []any
		at    time.Duration
		lost  bool
	}{
		"connected":                {[]any{100, state("connected"), 9000, diag.Ping{}}, 0, false},
		"never connected":          {[]any{100, state("failed")}, 0, false},
		"lost":                     {[]any{100, state("connected"), 9000, state("disconnected")}, 4 * time.Second, true},
		"lost soon":                {[]any{2000, state("connected"), 4000, state("disconnected")}, 2 * time.Second, true},
		"a ping was answered":      {[]any{100, state("connected"), 5000, diag.Ping{}, 9000, state("disconnected")}, 5 * time.Second, true},
		"answered long before":     {[]any{100, state("connected"), 2000, diag.Ping{}, 9000, state("disconnected")}, 4 * time.Second, true},
		"the peer is thought lost": {[]any{100, state("connected"), 9000, diag.CallEnded{Reason: diag.EndPeerLost}}, 9 * time.Second, true},
		"hung up":                  {[]any{100, state("connected"), 9000, diag.CallEnded{Reason: diag.EndHangup}}, 0, false},
	} {
		c := Fold(diagtest.Log(tt.parts...))
		if at, lost := c.LostAt(); at != tt.at || lost != tt.lost {
			t.Errorf("%s: %s, %t", name, at, lost)
		}
	}
}

// TestOutages: a time without a network is one, however many changes it has.
func TestOutages(t *testing.T) {
	online := func(on bool) diag.Data { return diag.NetworkChanged{Online: on} }
	c := Fold(diagtest.Log(1000, online(true), 2000, online(false), 2500, online(false), 4000, online(true), 5000, online(true), 7000, online(false)))
	if n := len(c.Machine.Outages); n != 2 || len(c.Machine.Changes) != 6 {
		t.Fatalf("%d outages, %d changes", n, len(c.Machine.Changes))
	}
	if a, b := c.Machine.Outages[0].Length(9*time.Second), c.Machine.Outages[1].Length(9*time.Second); a != 2*time.Second || b != 2*time.Second {
		t.Errorf("%s and %s", a, b)
	}
}
