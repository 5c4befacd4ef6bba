package network_test

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/report"
	"dialtone/diag/words"
	"dialtone/diag/words/compare"
	"dialtone/diag/words/verdict"
)

// diagnose judges the facts of a test.
func diagnose(d *diagtest.Diagnosis) network.Verdict {
	s := &nat.State{}
	for _, fact := range d.Facts() {
		s.Apply(fact)
	}
	return network.Judge(s)
}

func findingIDs(n network.Verdict) []string {
	var out []string
	for _, f := range n.Findings {
		out = append(out, f.ID)
	}
	return out
}

// independent is a NAT with endpoint-independent mapping, dependent one whose mapping depends on the endpoint.
func independent() *diagtest.Diagnosis {
	return diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1")
}

func dependent() *diagtest.Diagnosis {
	return diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:2")
}

func silent() *diagtest.Diagnosis {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	d.Add(0, diag.TestReach, diagtest.ServerA, "")
	d.Add(1, diag.TestReach, diagtest.ServerC, "")
	return d
}

// oneSilent is a diagnosis of a single server, which does not answer over UDP.
func oneSilent() *diagtest.Diagnosis {
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	d.Add(0, diag.TestReach, diagtest.ServerA, "")
	return d
}

func wrongPassword(url, transport, address string) diag.Server {
	return diagtest.Failing(url, transport, address, diag.StageAllocate, diag.Failure{Cause: diag.CauseAuth, Code: 401})
}

func relay(transport, relayed string, stages ...diag.Stage) diag.Server {
	return diagtest.Relaying("turn:t?transport="+transport, transport, "9.9.9.9:3478", relayed, stages...)
}

// carried are the steps through a relay that carries bytes.
func carried() []diag.Stage {
	return diagtest.Through(diagtest.ServerA, false, "9.9.9.9:50000", "", diag.Failure{})
}

func TestNetworkVerdicts(t *testing.T) {
	refused := diagtest.NewDiagnosis(diagtest.ServerA)
	refused.Servers[0].Stage, refused.Servers[0].Failure = diag.StageBinding, &diag.Failure{Cause: diag.CauseRefused}
	works := relay("tls", "9.9.9.9:50000", carried()...)
	wrong := wrongPassword("turn:t?transport=udp", "udp", "9.9.9.9:3478")
	overTCP := diag.Server{URL: "stun:t?transport=tcp", Transport: "tcp", Address: "9.9.9.1:3478", Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "5.5.5.5:9"}}}
	for name, tt := range map[string]struct {
		facts   *diagtest.Diagnosis
		exit    diag.Exit
		outcome network.Outcome
		says    string
		finding string
	}{
		"direct":              {independent(), diag.ExitPass, network.Direct, "one public port", ""},
		"direct, TURN broken": {independent().Asked(wrong), diag.ExitPass, network.Direct, "one public port", "turn.unauthorized"},
		"symmetric":           {dependent(), diag.ExitNoRelay, network.Dependent, "none was given", "nat.endpoint_dependent_mapping"},
		"symmetric, TURN":     {dependent().Asked(works), diag.ExitRelay, network.Dependent, "TURN server works (TLS 31.0 ms)", ""},
		"symmetric, private":  {dependent().Asked(relay("tls", "10.0.0.5:50000", carried()...)), diag.ExitNoRelay, network.Dependent, "no usable relay", "turn.relay_private"},
		"symmetric, wrong":    {dependent().Asked(wrong), diag.ExitNoRelay, network.Dependent, "no usable relay", "turn.unauthorized"},
		"UDP blocked":         {silent().Asked(overTCP), diag.ExitNoRelay, network.UDPBlocked, "UDP appears blocked", "nat.udp_blocked"},
		"UDP blocked, TURN":   {silent().Asked(works), diag.ExitRelay, network.UDPBlocked, "TURN server works", "nat.udp_blocked"},
		"one host is silent":  {oneSilent().Asked(overTCP), diag.ExitInconclusive, network.UDPUnknown, "9.9.9.1 answers over TCP or TLS and not over UDP", "server.timeout"},
		"nothing":             {silent(), diag.ExitNoConnectivity, network.NoAnswer, "No server answered", "server.timeout"},
		"refused":             {refused, diag.ExitInconclusive, network.Unusable, "is closed", "server.refused"},
		"one server":          {diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1"), diag.ExitInconclusive, network.Mapping, "ask a second server", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := diagnose(tt.facts)
			said := verdict.OfNetwork(n)
			if n.Exit != tt.exit || n.Outcome != tt.outcome || !strings.Contains(said.Headline, tt.says) || tt.finding != "" && !slices.Contains(findingIDs(n), tt.finding) {
				t.Errorf("exit %v, %s, %q, findings %v; want %v, %s, %q, %s", n.Exit, n.Outcome, said.Headline, findingIDs(n), tt.exit, tt.outcome, tt.says, tt.finding)
			}
			raw, err := json.Marshal(report.NewNetwork(n))
			if err != nil || strings.Contains(string(raw), ":null") {
				t.Errorf("%v: %s", err, raw)
			}
		})
	}
}

// TestUDPRejected: where a firewall rejects UDP, closed ports say nothing about the servers.
func TestUDPRejected(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	for i := range d.Servers {
		d.Servers[i].Stage, d.Servers[i].Failure = diag.StageBinding, &diag.Failure{Cause: diag.CauseRefused}
		address := d.Servers[i].Address.String()
		d.Asked(diag.Server{URL: "stun:" + address + "?transport=tcp", Transport: "tcp", Address: address, Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "5.5.5.5:9"}}})
	}
	n := diagnose(d)
	if n.Outcome != network.UDPBlocked || !slices.Equal(findingIDs(n), []string{"nat.udp_blocked"}) {
		t.Errorf("%s, %v", n.Outcome, findingIDs(n))
	}
}

// TestSilentRelay means that a relay through which nothing comes back does not count as one that works, unless the peer may be at fault.
func TestSilentRelay(t *testing.T) {
	silence := diag.Failure{Cause: diag.CauseTimeout, Requests: 3}
	through := func(peer netip.AddrPort, own bool, stop diag.StageName, f diag.Failure) diag.Server {
		return relay("udp", "9.9.9.9:50000", diagtest.Through(peer, own, "9.9.9.9:50000", stop, f)...)
	}
	other := relay("tcp", "9.9.9.9:50001", carried()...)
	rejected := func(code int) diag.Failure { return diag.Failure{Cause: diag.CauseSTUN, Code: code} }
	for name, tt := range map[string]struct {
		turn     []diag.Server
		relaying network.Relaying
		finding  string
	}{
		"bytes came back":             {[]diag.Server{relay("udp", "9.9.9.9:50000", carried()...)}, network.RelayingWorks, ""},
		"silent":                      {[]diag.Server{through(diagtest.ServerA, false, diag.StageSend, silence)}, network.RelayingSilent, "turn.relay_silent"},
		"silent, another one works":   {[]diag.Server{through(diagtest.ServerA, false, diag.StageSend, silence), other}, network.RelayingWorks, "turn.relay_silent"},
		"the peer never answers":      {[]diag.Server{through(diagtest.ServerD, false, diag.StageSend, silence)}, network.RelayingUntested, "turn.relay_untested"},
		"the peer answers a relay":    {[]diag.Server{through(diagtest.ServerD, false, diag.StageChannel, silence)}, network.RelayingFails, "turn.channel_silent"},
		"the peer is the relay":       {[]diag.Server{through(diagtest.ServerA, true, diag.StageSend, silence)}, network.RelayingUntested, "turn.relay_untested"},
		"the peer is forbidden":       {[]diag.Server{through(diagtest.ServerA, false, diag.StagePermission, rejected(403))}, network.RelayingUntested, "turn.peer_forbidden"},
		"no permissions":              {[]diag.Server{through(diagtest.ServerA, false, diag.StagePermission, rejected(508))}, network.RelayingFails, "turn.insufficient_capacity"},
		"Send works, no channels":     {[]diag.Server{through(diagtest.ServerA, false, diag.StageBind, rejected(400))}, network.RelayingWorks, "stun.error_response"},
		"Send works, silent channels": {[]diag.Server{through(diagtest.ServerA, false, diag.StageChannel, silence)}, network.RelayingFails, "turn.channel_silent"},
		"not extended":                {[]diag.Server{relay("udp", "9.9.9.9:50000", append(carried()[:4], diag.Stage{Name: diag.StageRefresh, Failure: &silence}, diag.Stage{Name: diag.StageRelease})...)}, network.RelayingWorks, "turn.refresh_failed"},
		"elsewhere":                   {[]diag.Server{relay("udp", "9.9.9.8:50000", carried()...)}, network.RelayingFails, "turn.relay_elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			n := diagnose(dependent().Asked(tt.turn...))
			exit := diag.ExitRelay
			if tt.relaying == network.RelayingSilent || tt.relaying == network.RelayingFails {
				exit = diag.ExitNoRelay
			}
			if n.Relaying != tt.relaying || n.Exit != exit || tt.finding != "" && !slices.Contains(findingIDs(n), tt.finding) {
				t.Errorf("%s, exit %v, %v: %s", n.Relaying, n.Exit, findingIDs(n), verdict.OfNetwork(n).Headline)
			}
		})
	}
}

// TestNetworkInterim means that while servers are asked, silence is not yet a verdict.
func TestNetworkInterim(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	d.Add(0, diag.TestReach, diagtest.ServerA, "")
	d.End = nil
	n := diagnose(d)
	if n.Servers[0].State() != diag.ServerAsking || len(n.Findings) > 0 || n.Exit != diag.ExitInconclusive || n.Outcome != network.Asking {
		t.Errorf("%+v", n)
	}
	n = diagnose(d.Maps(0, "9.9.9.1:3478", "5.5.5.5:1"))
	if n.Servers[0].State() != diag.ServerWorks || n.Servers[1].State() != diag.ServerAsking || n.Exit != diag.ExitInconclusive || n.Outcome != network.MappingAsking {
		t.Errorf("%+v", n)
	}
}

// TestWhyUnknown means that the headline of an unknown mapping says why it is, and what could not be asked is not called silent.
func TestWhyUnknown(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1")
	d.Add(0, diag.TestRepeat, diagtest.ServerA, "5.5.5.5:1").Socket = d.Requests[0].Socket
	if got := verdict.OfNetwork(diagnose(d)).Headline; !strings.Contains(got, "fewer than two server addresses answered") {
		t.Error(got)
	}
	d = diagtest.NewDiagnosis()
	d.Servers = []diag.NATServer{{URL: "stun:s", Stage: diag.StageConfig, Failure: &diag.Failure{Cause: diag.CauseConfig, Detail: diag.DetailFamily}}}
	n := diagnose(d)
	if said := verdict.OfNetwork(n); n.Exit != diag.ExitInconclusive || !strings.Contains(said.Headline, "no address of the requested family") || said.Why[0] != "No server could be asked over UDP." {
		t.Errorf("%v %+v", n.Exit, said)
	}
}

// TestFailuresAreNamedOnce means that one finding for each server and cause, in the words of the gravest.
func TestFailuresAreNamedOnce(t *testing.T) {
	at := func(url, address string, failure *diag.Failure) *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(netip.MustParseAddrPort(address))
		d.Servers[0].URL, d.Servers[0].Failure, d.Servers[0].Stage = url, failure, diag.StageBinding
		if failure == nil {
			own := d.Add(0, diag.TestReach, d.Servers[0].Address, d.Local.Address.String())
			own.Local = d.Local.Address
		}
		return d
	}
	refused := diag.Failure{Cause: diag.CauseRefused}
	nowhere := diagtest.NewDiagnosis()
	nowhere.Servers = []diag.NATServer{{URL: "stun:nowhere", Stage: diag.StageDNS, Failure: &diag.Failure{Cause: diag.CauseDNS}}}
	blocked := at("stun:s:9", "203.0.113.9:9", &diag.Failure{Cause: diag.CauseTimeout})
	for name, tt := range map[string]struct {
		facts *diagtest.Diagnosis
		want  []string
	}{
		"STUN and TURN at one address": {
			at("stun:s:9", "203.0.113.9:9", &refused).Asked(diagtest.Failing("turn:s:9?transport=udp", "udp", "203.0.113.9:9", diag.StageAllocate, refused)),
			[]string{"error server.refused turn:s:9?transport=udp +1"},
		},
		"another transport is another cause": {
			at("stun:s:9", "203.0.113.9:9", &refused).Asked(diagtest.Failing("turn:s:9?transport=tcp", "tcp", "203.0.113.9:9", diag.StageAllocate, refused)),
			[]string{"error server.refused turn:s:9?transport=tcp +0", "error server.refused stun:s:9 +0"},
		},
		"a password is wrong over every transport": {
			at("stun:s:9", "203.0.113.9:9", nil).Asked(
				wrongPassword("turn:s:9?transport=udp", "udp", "203.0.113.9:9"), wrongPassword("turns:s:10?transport=tcp", "tls", "203.0.113.9:10"),
				wrongPassword("turn:tother:9?transport=udp", "udp", "203.0.113.10:9")),
			[]string{"error turn.unauthorized turn:s:9?transport=udp +1", "error turn.unauthorized turn:tother:9?transport=udp +0"},
		},
		"a name that does not resolve": {
			nowhere.Asked(diagtest.Failing("stuns:nowhere:443", "tls", "", diag.StageDNS, diag.Failure{Cause: diag.CauseDNS}),
				diagtest.Failing("turn:nowhere:80?transport=tcp", "tcp", "", diag.StageAllocate, diag.Failure{Cause: diag.CauseDNS})),
			[]string{"error server.dns turn:nowhere:80?transport=tcp +2"},
		},
		"UDP to one host": {
			blocked.Asked(diag.Server{URL: "stun:s:9?transport=tcp", Transport: "tcp", Address: "203.0.113.9:9", Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "203.0.113.1:4"}}},
				diagtest.Failing("turn:s:9?transport=udp", "udp", "203.0.113.9:9", diag.StageAllocate, diag.Failure{Cause: diag.CauseTimeout})),
			[]string{"error server.timeout turn:s:9?transport=udp +1"},
		},
	} {
		var got []string
		for _, f := range diagnose(tt.facts).Findings {
			if f.ID != "nat.filtering_untested" {
				e, _ := f.Evidence.(network.ServerFailure)
				got = append(got, strings.Join([]string{string(f.Severity), f.ID, f.Subject, "+" + string(rune('0'+len(e.Same)))}, " "))
			}
		}
		if diff := gocmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSeverityOfServers means that a server that fails explains a failure only when no other one does what it should.
func TestSeverityOfServers(t *testing.T) {
	wrong := wrongPassword("turn:s?transport=udp", "udp", "203.0.113.9:3478")
	works := relay("udp", "9.9.9.9:5000", carried()...)
	open := func() *diagtest.Diagnosis {
		return diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Grade(8, 0).Asks(3, diag.TestChangeBoth, diagtest.ServerB).
			Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1")
	}
	for name, tt := range map[string]struct {
		facts *diagtest.Diagnosis
		want  judge.Severity
		why   string
	}{
		"the only one":                {independent().Asked(wrong), judge.Problem, "Your TURN server gave no usable relay, so calls that need one will fail."},
		"beside another":              {independent().Asked(wrong, works), judge.Warn, "Your TURN server works, for the calls that need a relay (UDP 31.0 ms)."},
		"where nothing needs a relay": {open().Asked(wrong), judge.Warn, ""},
		"where nothing else is known": {diagtest.NewDiagnosis().Asked(wrong), judge.Problem, ""},
	} {
		n := diagnose(tt.facts)
		at := slices.IndexFunc(n.Findings, func(f judge.Finding) bool { return f.ID == "turn.unauthorized" })
		if at < 0 || n.Findings[at].Severity != tt.want {
			t.Errorf("%s: %+v", name, n.Findings)
		}
		if why := verdict.OfNetwork(n).Why; tt.why != "" && why[len(why)-1] != tt.why {
			t.Errorf("%s: %q", name, why)
		}
	}
}

// TestExpiryFindings warns from the fourteenth day on, in a call as in a diagnosis, once for a certificate.
func TestExpiryFindings(t *testing.T) {
	now := time.Date(2026, 12, 4, 16, 0, 0, 0, time.UTC)
	for days, want := range map[int]string{-3: " has expired.", 0: "within a day", 1: "in 1 day.", 13: "in 13 days.", 14: "", 90: ""} {
		tls := diag.Stage{Name: diag.StageTLS, Clock: now.Format(time.RFC3339), Certificate: &diag.Certificate{
			Name: "t.example", Issuer: "an authority", NotAfter: now.Add(time.Duration(days)*24*time.Hour + time.Minute).Format(time.RFC3339),
		}}
		s := diag.Server{URL: "turns:t", Transport: "tls", TURN: true, Address: "9.9.9.9:443", Stages: []diag.Stage{tls, {Name: diag.StageAllocate, Relayed: "9.9.9.9:5000"}}}
		stun := diag.Server{URL: "stuns:t", Transport: "tls", Stages: []diag.Stage{tls, {Name: diag.StageBinding}}}
		placed := call.Fold(append(diagtest.GoodCall(), diag.Event{Data: diag.CallEnded{Reason: diag.EndHangup}}))
		placed.Servers = []call.ServerRow{{Server: stun}, {Server: s}}
		signaled := call.Fold(append(diagtest.GoodCall(), diag.Event{Data: diag.SignalRequest{Code: "dial", Certificate: tls.Certificate, Clock: tls.Clock}}, diag.Event{Data: diag.CallEnded{Reason: diag.EndHangup}}))
		for where, found := range map[string][]judge.Finding{
			"call": judge.Judge(placed).Findings, "signaling": judge.Judge(signaled).Findings, "nat": diagnose(diagtest.NewDiagnosis().Asked(s, stun)).Findings,
		} {
			found = slices.DeleteFunc(found, func(f judge.Finding) bool { return f.ID != "server.tls_expires" })
			if len(found) > 1 || (len(found) > 0) != (want != "") {
				t.Errorf("%s, %d days: %+v", where, days, found)
				continue
			}
			for _, f := range found {
				said := words.Of(f)
				if !strings.Contains(said.Title, want) || f.Severity != judge.Warn || !strings.Contains(said.Evidence[0], "t.example, issued by an authority") || where != "signaling" && len(said.Evidence) != 2 {
					t.Errorf("%s, %d days: %+v", where, days, said)
				}
			}
		}
	}
}

// TestErrorCodeFindings means that every cause and error code that has a next step of its own has a finding of its own.
func TestErrorCodeFindings(t *testing.T) {
	auth, stun := diag.CauseAuth, diag.CauseSTUN
	for _, tt := range []struct {
		cause diag.Cause
		code  int
		want  string
	}{
		{stun, 300, "server.try_alternate"},
		{auth, 400, "turn.unauthorized"},
		{auth, 401, "turn.unauthorized"},
		{stun, 403, "turn.forbidden"},
		{stun, 437, "turn.allocation_mismatch"},
		{stun, 438, "turn.stale_nonce"},
		{auth, 441, "turn.wrong_credentials"},
		{stun, 442, "turn.transport_unsupported"},
		{stun, 446, "turn.connection_exists"},
		{stun, 486, "turn.quota_reached"},
		{stun, 508, "turn.insufficient_capacity"},
		{stun, 599, "stun.error_response"},
		{stun, 400, "stun.error_response"},
		{diag.CauseDNS, 0, "server.dns"},
		{diag.CauseRefused, 0, "server.refused"},
		{diag.CauseTimeout, 0, "server.timeout"},
		{diag.CauseProtocol, 0, "server.protocol"},
		{auth, 0, "server.auth"},
		{diag.CauseUnreachable, 0, "server.unreachable"},
		{diag.CauseTLS, 0, "server.tls"},
		{diag.CauseConfig, 0, "server.config"},
		{"\x1b[2J", 0, "server.failed"},
	} {
		s := diagtest.Failing("turn:t", "udp", "9.9.9.9:3478", diag.StageAllocate, diag.Failure{Cause: tt.cause, Code: tt.code})
		found := diagnose(diagtest.NewDiagnosis().Asked(s)).Findings
		if len(found) != 1 || found[0].ID != tt.want {
			t.Errorf("%s %d: %+v, want %s", tt.cause, tt.code, found, tt.want)
		}
	}
}

// TestExpiredCredentials means that the user name and the clock decide, in a call as in a diagnosis.
func TestExpiredCredentials(t *testing.T) {
	server := func(clock string, f diag.Failure) diag.Server {
		s := diagtest.Failing("turn:t", "udp", "9.9.9.9:3478", diag.StageAllocate, f)
		s.Stages = append([]diag.Stage{{Name: diag.StageConfig, CredentialExpires: "2026-01-02T03:04:05Z", Clock: clock}}, s.Stages...)
		return s
	}
	rejected, silence := diag.Failure{Cause: diag.CauseAuth, Code: 401}, diag.Failure{Cause: diag.CauseTimeout}
	const before, after = "2026-01-02T03:04:04Z", "2026-01-02T03:04:06Z"
	for name, tt := range map[string]struct {
		server diag.Server
		want   []string
	}{
		"rejected": {server(after, rejected), []string{"turn.credentials_expired"}},
		"valid":    {server(before, rejected), []string{"turn.unauthorized"}},
		"silent":   {server(after, silence), []string{"server.timeout", "turn.credentials_expired"}},
	} {
		placed := call.Fold(diagtest.Log(0, diag.CallStart{Code: "w1"}, 900, diag.CallEnded{Reason: diag.EndICE}))
		placed.Servers = []call.ServerRow{{Server: tt.server}}
		var got []string
		for _, f := range judge.Judge(placed).Findings {
			if f.Family() == "turn" || f.Family() == "server" {
				got = append(got, f.ID)
			}
		}
		slices.Sort(got)
		if diff := gocmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNetworkFindings means that each noteworthy observation has a finding.
func TestNetworkFindings(t *testing.T) {
	from := func(local string) *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
		d.Local.Address = netip.MustParseAddrPort(local)
		d.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.5:1")
		d.Add(1, diag.TestReach, diagtest.ServerC, "5.5.5.5:1")
		return d
	}
	twoWays := from("192.168.1.5:5000")
	twoWays.Requests[1].Local = netip.MustParseAddrPort("10.8.0.2:5001")
	rejects := diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0)
	rejects.Add(0, diag.TestChangeBoth, diagtest.ServerA, "5.5.5.5:1").Answer.Code = 420
	elsewhere := diagtest.NewDiagnosis(diagtest.ServerA)
	elsewhere.Servers[0].Elsewhere = diagtest.ServerC
	flood := from("192.168.1.5:5000")
	flood.Servers[0].Repeated = 21
	slow := from("192.168.1.5:5000")
	slow.Requests[0].Answer.RTTMs = diag.Millis(time.Second)
	srv := from("192.168.1.5:5000")
	srv.Servers[0].SRV = "far.example:4000"
	rewritten := from("192.168.1.5:5000")
	rewritten.Requests[0].Answer.Plain = netip.MustParseAddrPort("5.5.5.5:2")
	invalid := from("192.168.1.5:5000")
	invalid.Requests[0].Answer.Other = diagtest.ServerA
	for want, facts := range map[string]*diagtest.Diagnosis{
		"nat.cgnat": from("100.64.0.9:5000"), "nat.uplinks": twoWays, "nat.alg": rewritten,
		"nat.pooling":                    diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(0, "9.9.9.2:3478", "5.5.5.6:1"),
		"nat.servers_disagree":           diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.6:1"),
		"nat.mapping_unstable":           diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(0, "9.9.9.1:3478", "5.5.5.5:2"),
		"nat.filtering_untested":         independent(),
		"server.refuses_change_request":  rejects,
		"server.ignores_change_request":  diagtest.NewDiagnosis(diagtest.ServerA).Grade(20, 0).Asks(6, diag.TestChangeBoth, diagtest.ServerA),
		"server.answers_elsewhere":       elsewhere,
		"server.floods":                  flood,
		"server.slow":                    slow,
		"server.found_by_srv":            srv,
		"server.other_address_invalid":   invalid,
		"server.outlier":                 diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, diagtest.ServerD).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1").Maps(2, "7.7.7.1:3478", "4.4.4.4:99"),
		"server.mapped_private":          diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "10.0.0.7:1"),
		"nat.endpoint_dependent_mapping": dependent(),
		"server.mapped_family":           diagtest.NewDiagnosis(diagtest.ServerA).Maps(0, "9.9.9.1:3478", "[2001:db8::7]:1"),
		"nat.nat64":                      diagtest.NewDiagnosis(nat64Server).Maps(0, nat64Server.String(), "5.5.5.5:1"),
	} {
		n := diagnose(facts)
		at := slices.IndexFunc(n.Findings, func(f judge.Finding) bool { return f.ID == want })
		if at < 0 {
			t.Errorf("no %s: %v", want, findingIDs(n))
			continue
		}
		said := words.Of(n.Findings[at])
		if !strings.HasSuffix(said.Title, ".") || said.Advice == "" || !strings.HasSuffix(said.Advice, ".") || cmp.Compare(said.Advice[:1], "a") >= 0 {
			t.Errorf("%s: %+v", want, said)
		}
	}
}

// TestServerInTunnel: a public server that sees this machine's own private address was reached through a VPN.
func TestServerInTunnel(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	d.Local.Address = netip.MustParseAddrPort("192.168.1.5:5000")
	d.Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "10.8.0.2:5001")
	d.Add(0, diag.TestReach, diagtest.ServerA, "5.5.5.5:2")
	d.Add(1, diag.TestReach, diagtest.ServerC, "10.8.0.2:5002").Local = netip.MustParseAddrPort("10.8.0.2:5002")
	if n := diagnose(d); found(n, "nat.uplinks").ID == "" || found(n, "server.mapped_private").ID != "" || n.Side.Public.String() != "5.5.5.5" {
		t.Errorf("%v, public address %v", findingIDs(n), n.Side.Public)
	}
}

// nat64Server is ServerA behind a NAT64.
var nat64Server = netip.MustParseAddrPort("[64:ff9b::9.9.9.1]:3478")

func TestChanges(t *testing.T) {
	before, now := diagnose(dependent()), diagnose(dependent())
	now.Servers[0].Stages[0].Mapped = "5.5.5.5:50000"
	if got := network.Changes(&before, &now); len(got) > 0 {
		t.Errorf("another port is no change: %+v", got)
	}
	other := independent()
	other.Servers[0].Failure, other.Servers[0].Stage = &diag.Failure{Cause: diag.CauseTimeout}, diag.StageBinding
	other.Requests = other.Requests[1:]
	other.Requests[0].Request, other.Requests[0].Answer.Mapped = 0, netip.MustParseAddrPort("6.6.6.6:1")
	now = diagnose(other)
	want := []string{
		"verdict: a relay is needed, and none works → too little is known",
		"public address: 5.5.5.5 → 6.6.6.6",
		"IP pooling: paired → unknown",
		"uplinks: one → unknown",
		"stun:9.9.9.1:3478 over UDP: works → no answer from 9.9.9.1:3478 over UDP",
	}
	if diff := gocmp.Diff(want, compare.Changes(network.Changes(&before, &now))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPairExit means that the line of the peer decides the exit code.
func TestPairExit(t *testing.T) {
	for line, want := range map[string]diag.Exit{
		"": diag.ExitNoRelay, "nat1,map=ei,filter=ei,udp": diag.ExitPass, "nat1,map=apd,filter=apd,udp,turn": diag.ExitRelay,
		"nat1,map=apd,filter=apd,udp": diag.ExitNoRelay, "nat1,map=unknown,filter=unknown,udp": diag.ExitInconclusive, "no line": diag.ExitNoRelay,
	} {
		d := dependent()
		d.Start.Peer = line
		if n := diagnose(d); n.Exit != want || (n.Pair != nil) != strings.HasPrefix(line, "nat1") {
			t.Errorf("%q: %v, %+v", line, n.Exit, n.Pair)
		}
	}
}

// TestPacketsLost: requests to addresses that answer are lost; what is silent altogether, few losses and an unfinished
// diagnosis say nothing of that.
func TestPacketsLost(t *testing.T) {
	lossy := func(answered, lost [2]int) *diagtest.Diagnosis {
		d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
		for i, to := range []netip.AddrPort{diagtest.ServerA, diagtest.ServerC} {
			for range answered[i] {
				d.Add(i, diag.TestMapping, to, "5.5.5.5:1")
			}
			for range lost[i] {
				d.Add(i, diag.TestMapping, to, "")
			}
		}
		return d
	}
	for name, tt := range map[string]struct {
		d    *diagtest.Diagnosis
		want diag.Severity
	}{
		"both":            {lossy([2]int{5, 5}, [2]int{3, 2}), diag.Warn},
		"one":             {lossy([2]int{5, 5}, [2]int{5, 0}), diag.Info},
		"few":             {lossy([2]int{5, 5}, [2]int{2, 1}), ""},
		"a small part":    {lossy([2]int{25, 25}, [2]int{2, 3}), ""},
		"a silent server": {lossy([2]int{5, 0}, [2]int{0, 9}), ""},
	} {
		if got := found(diagnose(tt.d), "nat.packets_lost").Severity; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
