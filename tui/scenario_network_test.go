package tui

import (
	"fmt"

	"dialtone/diag"
)

// natScenarios are diagnoses by themselves, and beside calls.
var natScenarios = []struct {
	name   string
	events func() []diag.Event
	keys   []string
}{
	{"interim", natInterim, nil},
	{"direct", natDirect, nil},
	{"unfolded", natDirect, []string{"down", "enter", "down", "down", "down", "down", "down", "down", "enter"}},
	{"symmetric", natSymmetric, nil},
	{"silent", natSilent, nil},
	{"watched", natWatched, nil},
	{"hostile", natHostile, []string{"down", "down", "enter"}},
}

var natURLs = []string{"stun:stun.example.org:3478", "stun:stun2.example.net:3478", "stun:old.example.com:3478", "turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443?transport=tcp"}

func natStart(run int) diag.NATStarted {
	return diag.NATStarted{URLs: natURLs, Run: run, BudgetMs: 6e9}
}

func ms(v float64) *diag.Millis { return diag.Ptr(diag.Millis(v * 1e6)) }

func known(value string, c diag.Confidence, evidence ...string) diag.Behavior {
	return diag.Behavior{Value: value, Confidence: c, Evidence: evidence}
}

func natTimes(median float64, sent, lost int) *diag.NATTimes {
	return &diag.NATTimes{MinMs: diag.Millis((median - 1.4) * 1e6), MedianMs: diag.Millis(median * 1e6), JitterMs: 0.8e6, Sent: sent, Lost: lost}
}

// natReport is the report of a good NAT before its verdict.
func natReport() diag.NATReport {
	return diag.NATReport{
		Schema: diag.NATSchema,
		Servers: []diag.NATServer{
			{URL: natURLs[0], Address: "198.51.100.53:3478", Transport: "udp", OK: true, DNSMs: ms(3.1), RTT: natTimes(22.8, 18, 0), Mapped: "203.0.113.7:41822", Software: "Coturn-4.6.1", Grade: diag.GradeRFC5780},
			{URL: natURLs[1], Address: "192.0.2.53:3478", Transport: "udp", OK: true, DNSMs: ms(2.2), RTT: natTimes(31.4, 9, 1), Mapped: "203.0.113.7:41822", Grade: diag.GradePlain, WhyPlain: "it has no OTHER-ADDRESS"},
			{URL: natURLs[2], Address: "192.0.2.99:3478", Transport: "udp", Cause: "timeout", ErrorText: "no answer over UDP", Advice: "check host and port; where a firewall blocks UDP, try ?transport=tcp or turns: on port 443"},
		},
		Behavior: diag.NATBehaviors{
			UDP:              known(diag.BehaviorPresent, diag.Proven, "198.51.100.53:3478 answered"),
			NAT:              known(diag.BehaviorPresent, diag.Proven, "the socket 192.168.1.5:41822 is seen as 203.0.113.7:41822"),
			Mapping:          known(diag.EndpointIndependent, diag.Proven, "4 destinations on 3 IPs see 203.0.113.7:41822"),
			Filtering:        known(diag.AddressAndPortDependent, diag.Proven, "14 requests to be answered from elsewhere, none was", "14 of 14 plain requests in between were answered", "the control arm was answered: the second address sends"),
			PortPreservation: known(diag.PortPreserved, diag.Proven, "local port 41822 is seen as 41822"),
			Pooling:          known(diag.PoolingPaired, diag.Likely, "2 servers see one address"),
			ALG:              known(diag.BehaviorNone, diag.Likely, "both forms of the address were equal in 9 answers"),
			CGNAT:            known(diag.BehaviorUnknown, diag.NotKnown, "nothing hints at a carrier's NAT, which proves nothing"),
			IPv6:             known(diag.BehaviorUnknown, diag.NotKnown, "no server was asked over IPv6"),
		},
		TURN: []diag.NATRelay{
			{
				ServerResult: diag.ServerResult{URL: natURLs[3], Transport: "udp", OK: true, Address: "198.51.100.54:3478", DNSMs: ms(3), RTTMs: ms(24.2), RelayAddress: "198.51.100.54:49160"},
				Peer:         "198.51.100.53:3478", PermissionMs: ms(24.9), SendMs: ms(25.1), BindMs: ms(24.3), ChannelMs: ms(24.8), Seen: "198.51.100.54:49160",
			},
			{ServerResult: diag.ServerResult{URL: natURLs[4], Transport: "tls", Stage: "tls", Cause: "tls", ErrorText: "its certificate has expired", Advice: "renew the certificate on the server", Address: "198.51.100.54:443"}},
		},
		Findings: []diag.Finding{
			{ID: "server.timeout", Severity: diag.Warn, Title: natURLs[2] + " gave nothing: no answer over UDP", Advice: natURLs[2] + ": check host and port; where a firewall blocks UDP, try ?transport=tcp or turns: on port 443"},
			{ID: "server.tls", Severity: diag.Problem, Title: natURLs[4] + " gave nothing: its certificate has expired", Evidence: []string{"stage tls, cause tls"}, Advice: natURLs[4] + ": renew the certificate on the server"},
		},
		Verdict: diag.NATVerdict{
			Headline: "Your NAT keeps one public port for all destinations (2 servers, 3 IPs). Direct calls should work, except to peers whose NAT does not.",
			Why:      []string{"Only ports that this machine has sent to are let in."}, Next: []string{}, Result: "nat1,map=ei,filter=apd,udp,turn,ip=203.0.113.7,lan=192.168.1.0/24",
		},
	}
}

func natInterim() []diag.Event {
	s := (&script{}).at(0).add(natStart(0))
	r := natReport()
	r.Servers[2].Waiting, r.TURN, r.Exit = true, nil, diag.ExitPass
	r.Behavior.Filtering = known(diag.BehaviorUnknown, diag.NotKnown, "too few requests so far")
	r.Behavior.Pooling = known(diag.BehaviorUnknown, diag.NotKnown, "fewer than two servers were compared")
	return s.at(420).add(diag.NATProgress{Sent: 21, Answered: 14, Report: r}).events
}

func natDirect() []diag.Event {
	s := &script{events: natInterim()}
	return s.at(1_900).add(diag.NATProgress{Sent: 61, Answered: 38, Final: true, Report: natReport()}).events
}

func symmetricReport() diag.NATReport {
	r := natReport()
	r.Behavior.Mapping = known(diag.AddressAndPortDependent, diag.Proven, "198.51.100.53:3478 sees 203.0.113.7:41822", "198.51.100.53:3479 sees 203.0.113.7:41823", "192.0.2.53:3478 sees 203.0.113.7:41825")
	r.Behavior.Filtering = known(diag.AddressAndPortDependent, diag.Likely, "silence cannot be proven where the mapping depends on the endpoint")
	r.TURN[0].OK, r.TURN[0].ServerResult = false, diag.ServerResult{URL: natURLs[3], Transport: "udp", Stage: "allocate", Cause: "auth", ErrorCode: 401, ErrorText: "the server refused the user name or the password", Advice: "correct --ice-user and --ice-pass"}
	r.TURN[0].SendMs, r.TURN[0].ChannelMs = nil, nil
	r.Exit = diag.ExitNoRelay
	r.Verdict = diag.NATVerdict{
		Headline: "Your NAT uses a new port per destination. Direct only to open or address-restricted peers. You need TURN, and none works.",
		Why:      []string{"Only ports that this machine has sent to are let in."},
		Next:     []string{natURLs[3] + ": correct --ice-user and --ice-pass", natURLs[4] + ": renew the certificate on the server"},
		Result:   "nat1,map=apd,filter=apd,udp,ip=203.0.113.7",
	}
	r.Findings = append([]diag.Finding{
		{ID: "nat.endpoint_dependent_mapping", Severity: diag.Warn, Title: "The NAT uses another public port for each destination.", Evidence: r.Behavior.Mapping.Evidence, Advice: "configure a TURN server; on a router of your own look for a setting of its NAT (endpoint-independent, full cone)"},
		{ID: "turn.unauthorized", Severity: diag.Problem, Title: natURLs[3] + " gave nothing: the server refused the user name or the password", Advice: natURLs[3] + ": correct --ice-user and --ice-pass"},
	}, r.Findings...)
	return r
}

func natSymmetric() []diag.Event {
	s := (&script{}).at(0).add(natStart(0))
	return s.at(1_400).add(diag.NATProgress{Sent: 44, Answered: 30, Final: true, Report: symmetricReport()}).events
}

func natSilent() []diag.Event {
	r := natReport()
	r.Servers, r.TURN, r.Exit = nil, nil, diag.ExitNoConnectivity
	r.Behavior = diag.NATBehaviors{}
	nothing := known(diag.BehaviorUnknown, diag.NotKnown, "2 of 2 servers are silent over UDP, 0 answer over TCP or TLS")
	r.Behavior.UDP, r.Behavior.NAT, r.Behavior.Mapping, r.Behavior.Filtering = nothing, nothing, nothing, nothing
	r.Findings = nil
	for _, u := range natURLs[:2] {
		r.Servers = append(r.Servers, diag.NATServer{URL: u, Transport: "udp", Cause: "timeout", ErrorText: "no answer over UDP", Advice: "check host and port"})
		r.Findings = append(r.Findings, diag.Finding{ID: "server.timeout", Severity: diag.Warn, Title: u + " gave nothing: no answer over UDP", Advice: u + ": check host and port"})
	}
	r.Verdict = diag.NATVerdict{
		Headline: "Nothing answers, over no transport: this machine has no connectivity, or none of the servers is there.",
		Why:      nothing.Evidence, Next: []string{"check this machine's network, then ask a server that is known to run"}, Result: "nat1,map=unknown,filter=unknown",
	}
	s := (&script{}).at(0).add(natStart(0))
	return s.at(5_930).add(diag.NATProgress{Sent: 18, Final: true, Report: r}).events
}

func natWatched() []diag.Event {
	s := &script{}
	for run := 1; run <= 4; run++ {
		r := natReport()
		if run == 3 {
			r = symmetricReport()
		}
		at := float64(run-1) * 30_000
		s.at(at).add(natStart(run))
		s.at(at + 1_400).add(diag.NATProgress{Sent: 44, Answered: 30, Final: true, Report: r})
	}
	return s.at(120_000).add(natStart(5)).events
}

func natHostile() []diag.Event {
	r := symmetricReport()
	for i := range 3 {
		r.Servers = append(r.Servers, diag.NATServer{URL: hostile, Address: hostile, Transport: hostile, OK: i == 0, ErrorText: hostile, Advice: hostile, Mapped: hostile, Software: hostile, Grade: hostile, WhyPlain: hostile})
	}
	for i := range 200 {
		r.Findings = append(r.Findings, diag.Finding{ID: hostile, Severity: hostile, Title: fmt.Sprint(i, hostile), Evidence: []string{hostile}, Advice: hostile})
	}
	r.TURN = append(r.TURN, diag.NATRelay{ServerResult: diag.ServerResult{URL: hostile, OK: true, RelayAddress: hostile, Software: hostile}, Stopped: hostile, StoppedText: hostile})
	r.Behavior.NAT = diag.Behavior{Value: hostile, Confidence: hostile, Evidence: []string{hostile, ""}}
	r.Verdict = diag.NATVerdict{Headline: hostile, Why: []string{hostile, ""}, Next: []string{hostile}, Result: hostile, Peer: &diag.NATPrediction{Path: hostile, Why: hostile}}
	r.Exit = 77
	s := (&script{}).at(0).add(diag.NATStarted{URLs: []string{hostile}, Because: hostile})
	return s.at(100).add(diag.NATProgress{Sent: -1, Final: true, Report: r}, diag.NATStarted{URLs: []string{hostile, ""}}).events
}

// callDiagnosed is the good call in which somebody has asked what the network does.
func callDiagnosed() []diag.Event {
	s := &script{events: scenarioGood()}
	s.at(60_100).add(diag.NATStarted{URLs: []string{stunURL, turnURL}, Because: diag.BecauseAsked, BudgetMs: 6e9})
	return s.at(61_500).add(diag.NATProgress{Sent: 44, Answered: 30, Final: true, Report: symmetricReport()}).events
}

// callFailing has just found no path, and asks why.
func callFailing() []diag.Event {
	events := scenarioFailed()
	s := &script{events: events[:len(events)-3]}
	return s.at(5_130).add(diag.NATStarted{URLs: []string{stunURL, turnURL}, Because: diag.BecauseICEFailed, BudgetMs: 3e9}).events
}

// callExplained is that call after its end.
func callExplained() []diag.Event {
	s := &script{events: callFailing()}
	return s.at(6_600).add(
		diag.NATProgress{Sent: 30, Answered: 21, Final: true, Report: symmetricReport()}, diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork},
	).events
}
