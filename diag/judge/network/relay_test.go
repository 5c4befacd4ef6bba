package network_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// found is the finding of an ID; the zero value: there is none.
func found(n network.Verdict, id string) judge.Finding {
	for _, f := range n.Findings {
		if f.ID == id {
			return f
		}
	}
	return judge.Finding{}
}

// atHome asks a TURN server that has the public address of this machine's own network.
func atHome(mapped string, turn diag.Server) *diagtest.Diagnosis {
	home := netip.MustParseAddrPort("5.5.5.5:3478")
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC, home).Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:1")
	d.Local.Network = netip.MustParsePrefix("192.168.1.0/24")
	d.Servers[2].URL = turn.URL
	for i, to := range []netip.AddrPort{diagtest.ServerA, home} {
		seen := []string{"5.5.5.5:9", mapped}[i]
		if r := d.Add(2*i, diag.TestReach, to, seen); seen != "" {
			r.Local = d.Local.Address
		}
	}
	if mapped != "" {
		d.Maps(2, home.String(), mapped)
	}
	return d.Asked(turn)
}

// TestOwnAddress: a server with this network's own public address is no broken one, and no one is advised to leave it out.
func TestOwnAddress(t *testing.T) {
	const url, at = "turn:home?transport=udp", "5.5.5.5:3478"
	works := diagtest.Relaying(url, "udp", at, "5.5.5.5:50000", diagtest.Through(diagtest.ServerA, false, "5.5.5.5:50000", "", diag.Failure{})...)
	silent := diagtest.Failing(url, "udp", at, diag.StageAllocate, diag.Failure{Cause: diag.CauseTimeout, Requests: 6})
	past := atHome("", silent)
	past.Servers[2].Elsewhere = netip.MustParseAddrPort("192.168.1.10:3478")
	for name, tt := range map[string]struct {
		facts    *diagtest.Diagnosis
		hairpin  network.HairpinTrace
		relaying network.Relaying
		severity judge.Severity
		says     string
	}{
		"packets come back rewritten": {atHome("192.168.1.1:7", works), network.HairpinRewritten, network.RelayingWorks, judge.Info, "server works"},
		"packets do not come back":    {atHome("", silent), network.HairpinMissing, network.RelayingUnreached, judge.Problem, "not reached from inside"},
		"the answer comes past it":    {past, network.HairpinDirect, network.RelayingUnreached, judge.Problem, "not reached from inside"},
	} {
		t.Run(name, func(t *testing.T) {
			n := diagnose(tt.facts)
			said := verdict.OfNetwork(n)
			f := found(n, "server.own_address")
			if e, ok := f.Evidence.(network.OwnAddress); !ok || e.Hairpin != tt.hairpin || f.Severity != tt.severity || n.Relaying != tt.relaying {
				t.Errorf("%+v, %s", f, n.Relaying)
			}
			all := strings.Join(append(said.Why, said.Headline), " ")
			for _, f := range n.Findings {
				all += " " + words.Of(f).Title + " " + words.Of(f).Advice
			}
			if !strings.Contains(all, tt.says) || strings.Contains(all, "eave it out") || strings.Contains(all, "no usable relay") || strings.Contains(all, "failed:") {
				t.Errorf("%s", all)
			}
			for _, id := range []string{"server.timeout", "server.mapped_private", "server.answers_elsewhere"} {
				if found(n, id).ID != "" {
					t.Errorf("%s beside it", id)
				}
			}
		})
	}
	if n := diagnose(atHome("192.168.1.1:7", works)); n.Side.Public.String() != "5.5.5.5" || !n.Side.TURN {
		t.Errorf("%+v", n.Side)
	}
	public := atHome("", silent) // a machine that has the public address itself has no router to blame
	public.Local.Address = netip.MustParseAddrPort("5.5.5.5:1")
	for _, r := range public.Requests {
		if r.Answer != nil {
			r.Local = r.Answer.Mapped
		}
	}
	if n := diagnose(public); found(n, "server.own_address").ID != "" {
		t.Errorf("%v", findingIDs(n))
	}
}

// TestServersOnly: where nothing was asked about the network, only the servers are judged.
func TestServersOnly(t *testing.T) {
	tls := func(stages ...diag.Stage) diag.Server {
		return diagtest.Relaying("turns:t?transport=tcp", "tls", "9.9.9.9:5349", "9.9.9.9:50000", stages...)
	}
	stun := diag.Server{URL: "stuns:s", Transport: "tls", Address: "9.9.9.9:5349", Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "5.5.5.5:9"}}}
	own := diagtest.Through(diagtest.ServerA, true, "9.9.9.9:50000", diag.StageSend, diag.Failure{Cause: diag.CauseTimeout})
	down := diagtest.Failing("turns:t?transport=tcp", "tls", "9.9.9.9:5349", diag.StageConnect, diag.Failure{Cause: diag.CauseTimeout})
	for name, tt := range map[string]struct {
		servers []diag.Server
		exit    diag.Exit
		says    string
	}{
		"a relay that works":    {[]diag.Server{tls(carried()...)}, diag.ExitPass, "TURN server works (TLS 31.0 ms). Nothing was asked"},
		"a relay not tested":    {[]diag.Server{tls(own...)}, diag.ExitInconclusive, "is not proven. Nothing was asked"},
		"a STUN server":         {[]diag.Server{stun}, diag.ExitPass, "1 STUN server answered. Nothing was asked"},
		"one works, one is off": {[]diag.Server{stun, wrongPassword("turns:t?transport=tcp", "tls", "9.9.9.9:5349")}, diag.ExitInconclusive, "gave no usable relay. 1 STUN server answered."},
		"no answer":             {[]diag.Server{down}, diag.ExitNoConnectivity, "No server answered"},
	} {
		t.Run(name, func(t *testing.T) {
			n := diagnose(diagtest.NewDiagnosis().Asked(tt.servers...))
			said := verdict.OfNetwork(n)
			if n.Exit != tt.exit || !strings.Contains(said.Headline, tt.says) || len(said.Next) == 0 {
				t.Errorf("%s, %+v", n.Exit, said)
			}
			for _, line := range append(said.Why, words.BehaviorEvidence(n.Behaviors.UDP)...) {
				if strings.Contains(line, "0 of 0") {
					t.Error(line)
				}
			}
		})
	}
}

// TestBindingRejected: a TURN server that relays and asks for credentials even for Binding requests has not failed, and
// what it reports with the allocation is known.
func TestBindingRejected(t *testing.T) {
	server := relay("udp", "9.9.9.9:50000", carried()...)
	server.Stages[0].Mapped = "5.5.5.5:4711"
	d := diagtest.NewDiagnosis(netip.MustParseAddrPort("9.9.9.9:3478"))
	d.Servers[0].URL, d.Servers[0].Stage, d.Servers[0].Failure = server.URL, diag.StageBinding, &diag.Failure{Cause: diag.CauseAuth, Code: 401}
	n := diagnose(d.Asked(server))
	if f := found(n, "server.binding_failed"); f.Severity != judge.Info || n.Relaying != network.RelayingWorks || len(n.Findings) != 1 {
		t.Errorf("%s: %+v", n.Relaying, n.Findings)
	}
	if n.Side.Public.String() != "5.5.5.5" || n.Behaviors.NAT.Value != nat.Present || n.Behaviors.Mapping.Value != nat.Unknown {
		t.Errorf("%+v, NAT %s, mapping %s", n.Side, n.Behaviors.NAT.Value, n.Behaviors.Mapping.Value)
	}
	if head := verdict.OfNetwork(n).Headline; strings.Contains(head, "no server reported") {
		t.Error(head)
	}
	d = diagtest.NewDiagnosis(netip.MustParseAddrPort("9.9.9.9:3478"))
	d.Servers[0].Stage, d.Servers[0].Failure = diag.StageBinding, &diag.Failure{Cause: diag.CauseAuth, Code: 401}
	if ids := findingIDs(diagnose(d)); !slices.Equal(ids, []string{"server.auth"}) {
		t.Errorf("of a STUN server: %v", ids)
	}
}

// TestRelayFlaws: what is wrong with a relay decides about exit code, result line, prediction and words alike.
func TestRelayFlaws(t *testing.T) {
	redirected := relay("udp", "9.9.9.9:50000", carried()...)
	redirected.Redirects = []string{"9.9.9.8:3478"}
	noRealm := relay("udp", "9.9.9.9:50000", carried()...)
	noRealm.Stages[0].EmptyRealm = true
	unsigned := relay("udp", "9.9.9.9:50000", carried()...)
	unsigned.Stages[0].Lacks = []string{"MESSAGE-INTEGRITY"}
	short := relay("udp", "9.9.9.9:50000", carried()...)
	short.Stages[0].LifetimeS = 3600
	for name, tt := range map[string]struct {
		server  diag.Server
		works   bool
		finding string
		says    string
	}{
		"nothing":       {relay("udp", "9.9.9.9:50000", carried()...), true, "", "server works (UDP 31.0 ms)."},
		"0.0.0.0":       {relay("udp", "0.0.0.0:50000", carried()...), false, "turn.relay_impossible", "no usable relay"},
		"loopback":      {relay("udp", "127.0.0.1:50000", carried()...), false, "turn.relay_impossible", "no usable relay"},
		"private":       {relay("udp", "192.168.5.5:50000", carried()...), false, "turn.relay_private", "no usable relay"},
		"elsewhere":     {relay("udp", "9.9.9.7:50000", carried()...), false, "turn.relay_elsewhere", "no usable relay"},
		"redirected":    {redirected, false, "server.try_alternate", "only some clients follow"},
		"empty realm":   {noRealm, true, "turn.realm_empty", "but not for browsers"},
		"unsigned":      {unsigned, true, "turn.answer_incomplete", "but not for every client"},
		"too late":      {relay("udp", "9.9.9.9:50000", diag.Stage{Name: diag.StageRelease}), true, "turn.relay_untried", "is not proven"},
		"short refresh": {short, true, "turn.refresh_short", "does not extend its relays"},
	} {
		t.Run(name, func(t *testing.T) {
			d := dependent().Asked(tt.server)
			n := diagnose(d)
			d.Start.Peer = "nat1,map=apd,filter=apd,udp,ip=5.0.0.12"
			both := *diagnose(d).Pair
			exit, path := diag.ExitNoRelay, pair.PathNone
			if tt.works {
				exit, path = diag.ExitRelay, pair.PathRelay
			}
			if n.Exit != exit || n.Side.TURN != tt.works || both.Path != path || tt.finding != "" && found(n, tt.finding).ID == "" {
				t.Errorf("exit %s, result %s, pair %s, %v", n.Exit, pair.Line(n.Side), both.Path, findingIDs(n))
			}
			if head := verdict.OfNetwork(n).Headline; !strings.Contains(head, tt.says) {
				t.Error(head)
			}
		})
	}
}
