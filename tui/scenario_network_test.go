package tui

import (
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/diagtest"
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

// Addresses of the servers.
var (
	natFirst    = netip.MustParseAddrPort("198.51.100.53:3478") // of natURLs[0]
	natOther    = netip.MustParseAddrPort("198.51.100.55:3479") // its second address and port
	natSecond   = netip.MustParseAddrPort("192.0.2.53:3478")
	natSilentAt = netip.MustParseAddrPort("192.0.2.99:3478")
	natLocal    = netip.MustParseAddrPort("192.168.1.5:41822")
)

func ms(v float64) *diag.Millis { return new(diag.Millis(v * 1e6)) }

func natStart(run int) diag.DiagnosisStart {
	return diag.DiagnosisStart{URLs: natURLs, Run: run, BudgetMs: 6e9}
}

// natServers begins a diagnosis: a server of RFC 5780, one of basic STUN and a silent one.
func natServers(run int) *diagtest.Diagnosis {
	d := &diagtest.Diagnosis{Start: natStart(run), End: &diag.DiagnosisEnd{}}
	d.Local = diag.NATLocal{Address: natLocal, Interface: "wlan0", MTU: 1500, Network: netip.MustParsePrefix("192.168.1.0/24")}
	for i, at := range []netip.AddrPort{natFirst, natSecond, natSilentAt} {
		d.Servers = append(d.Servers, diag.NATServer{Server: i, URL: natURLs[i], Address: at, DNSMs: ms(2.2 + float64(i))})
	}
	return d
}

// ask notes a request of the network that the scenarios are about: from a socket with a local port, which the NAT maps to
// a public port, or (0) without an answer.
func ask(d *diagtest.Diagnosis, server int, test diag.NATTest, to netip.AddrPort, local, public uint16) {
	mapped := ""
	if public != 0 {
		mapped = netip.AddrPortFrom(netip.MustParseAddr("203.0.113.7"), public).String()
	}
	r := d.Add(server, test, to, mapped)
	r.Local = netip.AddrPortFrom(natLocal.Addr(), local)
	if r.Answer == nil {
		return
	}
	r.Answer.Plain = r.Answer.Mapped
	r.Answer.RTTMs = diag.Millis((21.4 + float64(len(d.Requests)%5)*0.7) * 1e6)
	if server == 0 {
		r.Answer.Other, r.Answer.Software = natOther, "Coturn-4.6.1"
	}
}

// natMaps tests the mapping: an endpoint-independent one or, as a symmetric NAT has, one for each destination.
func natMaps(d *diagtest.Diagnosis, symmetric bool) {
	for i, to := range []netip.AddrPort{natFirst, netip.AddrPortFrom(natFirst.Addr(), natOther.Port()), natOther, natSecond} {
		port := natLocal.Port()
		if symmetric {
			port += uint16(i)
		}
		ask(d, i/3, diag.TestMapping, to, natLocal.Port(), port)
	}
}

// natFilters tests the filtering, of a NAT that lets nothing in that this machine has not sent to.
func natFilters(d *diagtest.Diagnosis) {
	ask(d, 0, diag.TestReach, natFirst, 41830, 41830)
	ask(d, 1, diag.TestReach, natSecond, 41831, 41831)
	for range 16 {
		ask(d, 0, diag.TestControl, natFirst, 41832, 41832)
		ask(d, 0, diag.TestChangeBoth, natFirst, 41833, 0)
		ask(d, 0, diag.TestChangePort, natFirst, 41834, 0)
	}
	ask(d, 0, diag.TestProveBoth, natFirst, 41835, 41835)
	d.Requests[len(d.Requests)-1].Answer.From = natOther
	ask(d, 0, diag.TestProvePort, natFirst, 41836, 41836)
	d.Requests[len(d.Requests)-1].Answer.From = netip.AddrPortFrom(natFirst.Addr(), natOther.Port())
}

func natSilence(d *diagtest.Diagnosis, server int) {
	for range 3 {
		ask(d, server, diag.TestReach, d.Servers[server].Address, 41840+uint16(server), 0)
	}
}

func natRelays(d *diagtest.Diagnosis, works bool) {
	first := diagtest.Failing(natURLs[3], "udp", "198.51.100.54:3478", diag.StageAllocate, diag.Failure{Cause: diag.CauseAuth, Code: 401})
	if works {
		first = diagtest.Relaying(natURLs[3], "udp", "198.51.100.54:3478", "198.51.100.54:49160",
			diagtest.Through(natFirst, false, "198.51.100.54:49160", "", diag.Failure{})...)
	}
	expired := diagtest.Failing(natURLs[4], "tls", "198.51.100.54:443", diag.StageTLS, diag.Failure{Cause: diag.CauseTLS, Detail: diag.DetailExpired})
	expired.TURN = true
	d.Asked(first, expired)
}

// natFacts is a whole diagnosis.
func natFacts(run int, symmetric bool) *diagtest.Diagnosis {
	d := natServers(run)
	natMaps(d, symmetric)
	natFilters(d)
	natSilence(d, 2)
	natRelays(d, !symmetric)
	return d
}

// told are the facts of a diagnosis in a log, from one time to another.
func told(s *script, d *diagtest.Diagnosis, from, to float64) *script {
	facts := d.Facts()
	for i, fact := range facts {
		s.at(from + (to-from)*float64(i)/float64(len(facts)-1)).add(fact)
	}
	return s
}

func natInterim() []diag.Event {
	d := natServers(0)
	natMaps(d, false)
	d.End = nil
	return told(&script{}, d, 0, 420).events
}

func natDirect() []diag.Event { return told(&script{}, natFacts(0, false), 0, 1_900).events }

func natSymmetric() []diag.Event { return told(&script{}, natFacts(0, true), 0, 1_400).events }

func natSilent() []diag.Event {
	d := natServers(0)
	d.Servers = d.Servers[:2]
	natSilence(d, 0)
	natSilence(d, 1)
	return told(&script{}, d, 0, 5_930).events
}

func natWatched() []diag.Event {
	s := &script{}
	for run := 1; run <= 4; run++ {
		at := float64(run-1) * 30_000
		told(s, natFacts(run, run == 3), at, at+1_400)
	}
	return s.at(120_000).add(natStart(5)).events
}

// natHostile is one in which every text of the servers is hostile.
func natHostile() []diag.Event {
	d := natServers(0)
	natMaps(d, true)
	for i := range d.Requests {
		d.Requests[i].Answer.Software = hostile
	}
	for i := range d.Servers {
		d.Servers[i].URL, d.Servers[i].SRV = hostile, hostile
	}
	d.Start = diag.DiagnosisStart{URLs: []string{hostile}, Because: hostile, Peer: hostile}
	failure := diag.Failure{Cause: hostile, Detail: hostile, Reason: hostile, Alternate: hostile}
	for i := range 200 {
		d.Asked(diag.Server{
			URL: hostile + string(rune('a'+i%26)), Transport: hostile, TURN: i%2 == 0, Address: hostile, SRV: hostile,
			Stages: []diag.Stage{{Name: diag.StageBinding, Failure: &failure, Realm: hostile}},
		})
	}
	for name, f := range map[diag.StageName]*diag.Failure{"": nil, diag.StageTLS: &failure, hostile: &failure} {
		d.Asked(diag.Server{URL: hostile, Transport: hostile, TURN: true, Address: hostile, Stages: []diag.Stage{{
			Name: name, Failure: f, Relayed: hostile, Mapped: hostile, Peer: hostile, Software: hostile,
			Certificate: &diag.Certificate{Name: hostile, Issuer: hostile, NotBefore: hostile, NotAfter: hostile, Names: []string{hostile}},
		}}})
	}
	d.End = &diag.DiagnosisEnd{Stopped: hostile, Reason: hostile}
	s := told(&script{}, d, 0, 100)
	return s.add(diag.DiagnosisStart{URLs: []string{hostile, ""}}).events
}

// callDiagnosed is the good call in which somebody has asked what the network does.
func callDiagnosed() []diag.Event {
	d := natFacts(0, true)
	d.Start.Because = diag.BecauseAsked
	return told(&script{events: scenarioGood()}, d, 60_100, 61_500).events
}

// callFailing has just found no path, and asks why.
func callFailing() []diag.Event {
	events := scenarioFailed()
	s := &script{events: events[:len(events)-3]}
	return s.at(5_130).add(diag.DiagnosisStart{URLs: natURLs, Because: diag.BecauseICEFailed, BudgetMs: 3e9}).events
}

// callExplained is that call after its end.
func callExplained() []diag.Event {
	facts := natFacts(0, true).Facts()[1:]
	s := (&script{events: callFailing()}).at(6_600)
	for _, fact := range facts {
		s.add(fact)
	}
	return s.add(diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork}).events
}
