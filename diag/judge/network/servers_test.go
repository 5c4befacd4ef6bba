package network

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
	"dialtone/diag/nat/turn"
)

const (
	before = "2026-01-01T00:00:00Z"
	later  = "2026-01-02T00:00:00Z"
)

// failed is a server that failed at a step, by credentials that were valid until a time.
func failed(stage diag.StageName, f diag.Failure, expires, clock string) diag.Server {
	return diag.Server{URL: "turn:a", TURN: true, Transport: "udp", Address: "9.9.9.9:3478", Stages: []diag.Stage{
		{Name: diag.StageConfig, CredentialExpires: expires, Clock: clock}, {Name: stage, Failure: &f},
	}}
}

// TestFailuresOfServers: a failure has the finding of its error code, else of its cause; expired credentials come first.
func TestFailuresOfServers(t *testing.T) {
	auth := func(code int) diag.Failure { return diag.Failure{Cause: diag.CauseAuth, Code: code} }
	for name, tt := range map[string]struct {
		server diag.Server
		want   string
	}{
		"wrong password":           {failed(diag.StageAllocate, auth(401), "", ""), "turn.unauthorized"},
		"wrong password, by 400":   {failed(diag.StageAllocate, auth(400), "", ""), "turn.unauthorized"},
		"expired":                  {failed(diag.StageAllocate, auth(401), before, later), "turn.credentials_expired"},
		"expired, by 400":          {failed(diag.StageAllocate, auth(400), before, later), "turn.credentials_expired"},
		"expired, and forbidden":   {failed(diag.StageAllocate, auth(403), before, later), "turn.forbidden"},
		"expired, and out of time": {failed(diag.StageAllocate, diag.Failure{Cause: diag.CauseTimeout}, before, later), "server.timeout"},
		"still valid":              {failed(diag.StageAllocate, auth(401), later, before), "turn.unauthorized"},
		"at its end":               {failed(diag.StageAllocate, auth(401), later, later), "turn.unauthorized"},
		"valid for unknown time":   {failed(diag.StageAllocate, auth(401), "", later), "turn.unauthorized"},
		"unknown clock":            {failed(diag.StageAllocate, auth(401), before, ""), "turn.unauthorized"},
		"quota":                    {failed(diag.StageAllocate, diag.Failure{Cause: diag.CauseSTUN, Code: 486}, "", ""), "turn.quota_reached"},
		"an unknown code":          {failed(diag.StageAllocate, diag.Failure{Cause: diag.CauseSTUN, Code: 499}, "", ""), "stun.error_response"},
		"400 of another cause":     {failed(diag.StageAllocate, diag.Failure{Cause: diag.CauseSTUN, Code: 400}, "", ""), "stun.error_response"},
		"STUN with a password":     {failed(diag.StageBinding, auth(401), "", ""), "server.auth"},
		"STUN that times out":      {failed(diag.StageBinding, diag.Failure{Cause: diag.CauseTimeout}, "", ""), "server.timeout"},
		"a proxy":                  {failed(diag.StageProxy, diag.Failure{Cause: diag.CauseTimeout}, "", ""), "server.proxy"},
		"another cause":            {failed(diag.StageAllocate, diag.Failure{Cause: "new"}, "", ""), "server.failed"},
	} {
		if got := failureID(&tt.server); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if CredentialExpired(&diag.Server{}) {
		t.Error("credentials that were not looked at have expired")
	}
}

// TestWhereServersFail: two URLs of one server that fails in one way are one failure.
func TestWhereServersFail(t *testing.T) {
	at := func(url, transport, address string, f diag.Failure, stage diag.StageName) diag.Server {
		return diag.Server{URL: url, Transport: transport, Address: address, Proxy: "http://p:1", Stages: []diag.Stage{{Name: stage, Failure: &f}}}
	}
	silent, refused := diag.Failure{Cause: diag.CauseTimeout}, diag.Failure{Cause: diag.CauseRefused}
	code := diag.Failure{Cause: diag.CauseSTUN, Code: 486}
	config := func(reason string) diag.Failure { return diag.Failure{Cause: diag.CauseConfig, Reason: reason} }
	for name, tt := range map[string]struct {
		a, b diag.Server
		one  bool
	}{
		"silent at one address":      {at("turn:a", "udp", "9.9.9.9:3478", silent, diag.StageAllocate), at("stun:b", "udp", "9.9.9.9:3478", silent, diag.StageBinding), true},
		"at two addresses":           {at("turn:a", "udp", "9.9.9.9:3478", silent, diag.StageAllocate), at("turn:a", "udp", "9.9.9.8:3478", silent, diag.StageAllocate), false},
		"over two transports":        {at("turn:a", "udp", "9.9.9.9:3478", silent, diag.StageAllocate), at("turn:a", "tcp", "9.9.9.9:3478", silent, diag.StageAllocate), false},
		"for two causes":             {at("turn:a", "udp", "9.9.9.9:3478", silent, diag.StageAllocate), at("turn:a", "udp", "9.9.9.9:3478", refused, diag.StageAllocate), false},
		"by a code, two addresses":   {at("turn:a", "udp", "9.9.9.9:3478", code, diag.StageAllocate), at("turn:a:5349?transport=tcp", "tcp", "9.9.9.8:5349", code, diag.StageAllocate), true},
		"by a code, two names":       {at("turn:a", "udp", "9.9.9.9:3478", code, diag.StageAllocate), at("turn:b", "udp", "9.9.9.9:3478", code, diag.StageAllocate), false},
		"no address":                 {at("turn:a", "udp", "", silent, diag.StageDNS), at("turns:a?transport=tcp", "tls", "", silent, diag.StageDNS), true},
		"a URL that cannot be used":  {at("turn:a", "", "", config("x"), diag.StageConfig), at("turn:a", "", "", config("x"), diag.StageConfig), true},
		"for two reasons":            {at("turn:a", "", "", config("x"), diag.StageConfig), at("turn:a", "", "", config("y"), diag.StageConfig), false},
		"the proxy is silent":        {at("turn:a", "tcp", "9.9.9.9:3478", silent, diag.StageProxy), at("turn:b", "tls", "9.9.9.8:3478", silent, diag.StageProxy), true},
		"the proxy rejects a server": {at("turn:a", "tcp", "9.9.9.9:3478", diag.Failure{Cause: diag.CauseProxy}, diag.StageProxy), at("turn:b", "tcp", "9.9.9.8:3478", diag.Failure{Cause: diag.CauseProxy}, diag.StageProxy), false},
	} {
		found := FailedServers([]diag.Server{tt.a, tt.b}, func(*diag.Server) diag.Severity { return diag.Warn })
		if one := len(found) == 1; one != tt.one {
			t.Errorf("%s: %d findings", name, len(found))
		}
	}
}

// TestOnlyThroughTheProxy: a server that works through a proxy shows that nothing else leads out, unless any other was
// connected to without it.
func TestOnlyThroughTheProxy(t *testing.T) {
	through := diag.Server{URL: "turn:a", Transport: "tcp", Proxy: "http://p:1", Stages: []diag.Stage{{Name: diag.StageBinding, Mapped: "5.5.5.5:1"}}}
	broken := diag.Server{URL: "turn:a", Transport: "tcp", Proxy: "http://p:1", Stages: []diag.Stage{{Name: diag.StageProxy, Failure: &diag.Failure{Cause: diag.CauseTimeout}}}}
	second := through
	second.URL = "turn:b"
	direct := func(transport string, f *diag.Failure, compared bool) diag.Server {
		return diag.Server{URL: "turn:a", Transport: transport, Direct: compared, Stages: []diag.Stage{{Name: diag.StageConnect, Failure: f}}}
	}
	silent, tls := &diag.Failure{Cause: diag.CauseTimeout}, &diag.Failure{Cause: diag.CauseTLS}
	for name, tt := range map[string]struct {
		asked []diag.Server
		want  string // the URL that works
	}{
		"nothing":                        {nil, ""},
		"through the proxy only":         {[]diag.Server{through, direct("tcp", silent, true)}, "turn:a"},
		"the first of two counts":        {[]diag.Server{through, second, direct("tcp", silent, true)}, "turn:a"},
		"not compared":                   {[]diag.Server{through}, ""},
		"the proxy fails, too":           {[]diag.Server{broken, direct("tcp", silent, true)}, ""},
		"without it, too":                {[]diag.Server{through, direct("tcp", nil, true)}, ""},
		"it was connected to":            {[]diag.Server{through, direct("tcp", tls, true)}, ""},
		"another one over TCP":           {[]diag.Server{through, direct("tcp", silent, true), direct("tcp", nil, false)}, ""},
		"another one over TLS":           {[]diag.Server{through, direct("tcp", silent, true), direct("tls", nil, false)}, ""},
		"another one over UDP":           {[]diag.Server{through, direct("tcp", silent, true), direct("udp", nil, false)}, "turn:a"},
		"another one over TCP is silent": {[]diag.Server{through, direct("tcp", silent, true), direct("tcp", silent, false)}, "turn:a"},
	} {
		got := ""
		if way := onlyProxy(&nat.State{Asked: tt.asked}); way != nil {
			got = way.Through.URL
		}
		if got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestFindingsOfBehaviors: which behavior is worth a finding.
func TestFindingsOfBehaviors(t *testing.T) {
	b := func(v nat.Value, c nat.Confidence) nat.Behavior { return nat.Behavior{Value: v, Confidence: c} }
	size := func(v nat.Value, out, back int) nat.Behavior {
		s := b(v, nat.Likely)
		s.Bytes = &out
		if back > 0 {
			s.BytesBack = &back
		}
		return s
	}
	lifetime := func(c nat.Confidence, to int) nat.Behavior {
		l := b(nat.LifetimeBetween, c)
		l.ToS = &to
		return l
	}
	for name, tt := range map[string]struct {
		behaviors nat.Behaviors
		pending   bool
		dependent bool
		want      string
	}{
		"nothing":            {nat.Behaviors{}, false, false, ""},
		"UDP is blocked":     {nat.Behaviors{UDP: b(nat.None, nat.Likely)}, false, false, "nat.udp_blocked"},
		"some ports":         {nat.Behaviors{UDPPorts: b(nat.PortsFiltered, nat.Likely)}, false, false, "nat.ports_filtered"},
		"some ports, so far": {nat.Behaviors{UDPPorts: b(nat.PortsFiltered, nat.Likely)}, true, false, ""},
		"dependent":          {nat.Behaviors{}, false, true, "nat.endpoint_dependent_mapping"},
		"unstable":           {nat.Behaviors{Mapping: b(nat.Unknown, nat.Contradictory)}, false, false, "nat.mapping_unstable"},
		"servers disagree": {nat.Behaviors{Mapping: nat.Behavior{
			Value: nat.Unknown, Confidence: nat.Contradictory, Evidence: []nat.Evidence{{Kind: nat.KindAddressDiffers}},
		}}, false, false, "nat.servers_disagree"},
		"a pool":                        {nat.Behaviors{Mapping: b(nat.Unknown, nat.Contradictory), Pooling: b(nat.PoolingArbitrary, nat.Likely)}, false, false, "nat.pooling"},
		"long packets are lost":         {nat.Behaviors{PacketSize: size(nat.SizeLimited, 1279, 0)}, false, false, "nat.packets_limited"},
		"so long ones do not matter":    {nat.Behaviors{PacketSize: size(nat.SizeLimited, 1280, 1280)}, false, false, ""},
		"long ones back are lost":       {nat.Behaviors{PacketSize: size(nat.SizeLimited, 1500, 1279)}, false, false, "nat.packets_limited"},
		"long ones are fragmented":      {nat.Behaviors{PacketSize: size(nat.SizeFragmented, 1000, 1000)}, false, false, ""},
		"a gateway rewrites":            {nat.Behaviors{ALG: b(nat.Present, nat.Likely)}, false, false, "nat.alg"},
		"carrier-grade":                 {nat.Behaviors{CGNAT: b(nat.Present, nat.Likely)}, false, false, "nat.cgnat"},
		"two uplinks":                   {nat.Behaviors{Uplinks: b(nat.UplinksSeveral, nat.Proven)}, false, false, "nat.uplinks"},
		"a short memory":                {nat.Behaviors{Lifetime: lifetime(nat.Proven, 120)}, false, false, "nat.lifetime_short"},
		"two minutes":                   {nat.Behaviors{Lifetime: lifetime(nat.Proven, 121)}, false, false, ""},
		"a short one that is not shown": {nat.Behaviors{Lifetime: lifetime(nat.Contradictory, 60)}, false, false, ""},
		"no fragments":                  {nat.Behaviors{Fragments: b(nat.None, nat.Likely)}, false, false, "nat.fragments_lost"},
		"no fragments back":             {nat.Behaviors{Fragments: b(nat.FragmentsOutgoing, nat.Likely)}, false, false, "nat.fragments_lost"},
		"fragments":                     {nat.Behaviors{Fragments: b(nat.Present, nat.Proven)}, false, false, ""},
	} {
		n := &Verdict{Report: nat.Report{Behaviors: tt.behaviors, Pending: tt.pending, Dependent: tt.dependent}}
		var got []string
		for _, f := range made(behaviorFindings, &nat.State{}, n) {
			got = append(got, f.ID)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSeverities: a server that fails explains a failure where no other does what it should.
func TestSeverities(t *testing.T) {
	stun, relay := &diag.Server{URL: "stun:a"}, &diag.Server{URL: "turn:a"}
	public := nat.Side{UDP: true, Mapping: nat.AddressAndPortDependent, Filtering: nat.AddressAndPortDependent}
	public.Public = netip.MustParseAddr("5.5.5.5")
	served := public
	served.TURN = true
	open := nat.Side{UDP: true, Mapping: nat.EndpointIndependent, Filtering: nat.EndpointIndependent, Public: public.Public}
	for name, tt := range map[string]struct {
		server *diag.Server
		side   nat.Side
		want   diag.Severity
	}{
		"STUN, no other":                    {stun, nat.Side{}, diag.Problem},
		"STUN, another answers":             {stun, public, diag.Warn},
		"TURN, no other, and it is needed":  {relay, public, diag.Problem},
		"TURN, another relays":              {relay, served, diag.Warn},
		"TURN, no other, and none is asked": {relay, open, diag.Warn},
		"TURN, nothing answers":             {relay, nat.Side{}, diag.Problem},
	} {
		n := &Verdict{Report: nat.Report{Side: tt.side}}
		if got := n.severity(tt.server); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	n := &Verdict{Report: nat.Report{Side: public}}
	row := &nat.ServerRow{Server: *relay}
	for flaw, want := range map[turn.Flaw]diag.Severity{
		turn.FlawPrivate: diag.Problem, turn.FlawRedirect: diag.Problem, turn.FlawPeerSilent: diag.Info, turn.FlawShort: diag.Warn,
	} {
		if got := n.flawSeverity(row, flaw); got != want {
			t.Errorf("%s: %s", flaw, got)
		}
	}
}

// TestOrderOfRelays: those that carried bytes, then those without a flaw, then by transport.
func TestOrderOfRelays(t *testing.T) {
	row := func(url, transport string, relay turn.Relay, flaws ...turn.Flaw) nat.ServerRow {
		return nat.ServerRow{Server: diag.Server{URL: url, Transport: transport, TURN: true}, Relay: relay, Flaws: flaws}
	}
	n := &Verdict{Report: nat.Report{Servers: []nat.ServerRow{
		row("untested", "udp", turn.RelayUntested), row("flawed", "udp", turn.RelayCarries, turn.FlawShort, turn.FlawNoChannel),
		row("tls", "tls", turn.RelayCarries), row("tcp", "tcp", turn.RelayCarries), row("broken", "udp", turn.RelayFails),
		row("less", "udp", turn.RelayCarries, turn.FlawShort),
	}}}
	var got []string
	for _, r := range n.Relays() {
		got = append(got, r.URL)
	}
	if diff := cmp.Diff([]string{"tcp", "tls", "flawed", "less"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestOutcomesOfPorts: what is not known of ports leaves the verdict open, unless the mapping decides it already.
func TestOutcomesOfPorts(t *testing.T) {
	b := func(v nat.Value, c nat.Confidence) nat.Behavior { return nat.Behavior{Value: v, Confidence: c} }
	s := &nat.State{Servers: make([]nat.Server, 1)}
	for name, tt := range map[string]struct {
		mapping, ports nat.Behavior
		pending        bool
		dependent      bool
		want           Outcome
	}{
		"open":                   {b(nat.EndpointIndependent, nat.Proven), b(nat.PortsOpen, nat.Likely), false, false, Direct},
		"not known":              {b(nat.EndpointIndependent, nat.Proven), b(nat.Unknown, nat.Contradictory), false, false, PortsUnknown},
		"not known so far":       {b(nat.EndpointIndependent, nat.Proven), b(nat.Unknown, nat.Contradictory), true, false, Direct},
		"not known, symmetric":   {b(nat.AddressAndPortDependent, nat.Proven), b(nat.Unknown, nat.Contradictory), false, true, Dependent},
		"filtered":               {b(nat.EndpointIndependent, nat.Proven), b(nat.PortsFiltered, nat.Likely), false, false, PortsFiltered},
		"filtered so far":        {b(nat.EndpointIndependent, nat.Proven), b(nat.PortsFiltered, nat.Likely), true, false, Direct},
		"no mapping":             {b(nat.Unknown, nat.NotKnown), b(nat.PortsOpen, nat.Likely), false, false, Mapping},
		"no mapping so far":      {b(nat.Unknown, nat.NotKnown), b(nat.PortsOpen, nat.Likely), true, false, MappingAsking},
		"a mapping that changes": {b(nat.Unknown, nat.Contradictory), b(nat.PortsOpen, nat.Likely), false, false, Contradictory},
	} {
		n := &Verdict{Report: nat.Report{
			Behaviors: nat.Behaviors{UDP: b(nat.Present, nat.Proven), Mapping: tt.mapping, UDPPorts: tt.ports},
			Pending:   tt.pending, Dependent: tt.dependent,
		}}
		if got, _ := n.outcome(s); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestBoundsOfLoss: four requests and a tenth of all are worth a word; with several servers the path is suspected.
func TestBoundsOfLoss(t *testing.T) {
	for _, tt := range []struct {
		sent, lost int // of each server
		servers    int
		pending    bool
		want       diag.Severity
	}{
		{30, 3, 1, false, ""}, {40, 4, 1, false, diag.Info}, {41, 4, 1, false, ""}, {20, 2, 2, false, diag.Warn}, {20, 2, 2, true, ""},
	} {
		s := &nat.State{}
		for i := range tt.servers {
			s.Servers = append(s.Servers, nat.Server{Server: i, URL: "stun:a"})
			for n := range tt.sent {
				r := nat.Request{Server: i, Test: diag.TestControl}
				if n >= tt.lost {
					r.Answer = &nat.Answer{}
				}
				s.Requests = append(s.Requests, r)
			}
		}
		var got diag.Severity
		for _, f := range made(lossFindings, s, &Verdict{Report: nat.Report{Pending: tt.pending, Servers: make([]nat.ServerRow, tt.servers)}}) {
			got = f.Severity
		}
		if got != tt.want {
			t.Errorf("%d of %d: %q", tt.lost, tt.sent, got)
		}
	}
}

// TestServersThatDoNotKeepToIt: how a server that offers RFC 5780 fails to, unless a firewall explains its silence.
func TestServersThatDoNotKeepToIt(t *testing.T) {
	silent := nat.Tally{AskedBoth: 9, Proofs: 10, Sent: 40}
	for name, tt := range map[string]struct {
		tally     nat.Tally
		filtered  bool      // UDP leaves for some ports only
		ports     nat.Value // what is known of ports
		want      string
		firewalls bool // may be the cause
	}{
		"as it should":             {nat.Tally{AskedBoth: 1, Both: true, Sent: 40}, false, nat.PortsOpen, "", false},
		"it ignores":               {nat.Tally{AskedBoth: 1, Ignored: 1, Sent: 40}, true, nat.PortsFiltered, "server.ignores_change_request", true},
		"it refuses":               {nat.Tally{AskedBoth: 1, Refused: 420, Sent: 40}, false, nat.PortsOpen, "server.refuses_change_request", false},
		"its alternate is silent":  {silent, false, nat.PortsOpen, alternateSilent, false},
		"likewise, ports unknown":  {silent, false, nat.Unknown, alternateSilent, true},
		"likewise, ports filtered": {silent, true, nat.PortsFiltered, "", false},
	} {
		asked := netip.MustParseAddrPort("9.9.9.1:3478")
		s := &nat.State{
			Servers: []nat.Server{{URL: "stun:a", Address: asked}},
			Requests: []nat.Request{{To: asked, Test: diag.TestReach, Answer: &nat.Answer{
				From: asked, Origin: asked, Other: netip.MustParseAddrPort("9.9.9.2:3479"),
			}}},
		}
		n := &Verdict{Report: nat.Report{
			Filtering: []nat.Tally{tt.tally}, Side: nat.Side{Ports: tt.filtered},
			Behaviors: nat.Behaviors{UDPPorts: nat.Behavior{Value: tt.ports}},
			Servers: []nat.ServerRow{{Server: diag.Server{
				URL: "stun:a", Transport: "udp", Stages: []diag.Stage{{Name: diag.StageBinding}},
			}}},
		}}
		got, firewalls := "", false
		for _, f := range made(stunFindings, s, n) {
			got, firewalls = f.ID, f.Evidence.(FilteringFound).Path
		}
		if got != tt.want || firewalls != tt.firewalls {
			t.Errorf("%s: %q, %t", name, got, firewalls)
		}
	}
}

// TestBindingOnly: a TURN server that relays, and rejects Binding requests, is no server that failed.
func TestBindingOnly(t *testing.T) {
	stun := func(stage diag.StageName, f *diag.Failure) nat.ServerRow {
		return nat.ServerRow{Server: diag.Server{URL: "turn:a", Transport: "udp", Stages: []diag.Stage{{Name: stage, Failure: f}}}}
	}
	relays := func(url string, f *diag.Failure, redirects ...string) nat.ServerRow {
		return nat.ServerRow{Server: diag.Server{
			URL: url, TURN: true, Transport: "udp", Redirects: redirects, Stages: []diag.Stage{{Name: diag.StageAllocate, Failure: f}},
		}}
	}
	rejected := &diag.Failure{Cause: diag.CauseSTUN, Code: 400}
	for name, tt := range map[string]struct {
		row, other nat.ServerRow
		want       bool
	}{
		"it relays":           {stun(diag.StageBinding, rejected), relays("turn:a", nil), true},
		"it does not":         {stun(diag.StageBinding, rejected), relays("turn:a", rejected), false},
		"it is silent":        {stun(diag.StageBinding, &diag.Failure{Cause: diag.CauseTimeout}), relays("turn:a", rejected), true},
		"both are silent":     {stun(diag.StageBinding, &diag.Failure{Cause: diag.CauseTimeout}), relays("turn:a", &diag.Failure{Cause: diag.CauseTimeout}), false},
		"another one does":    {stun(diag.StageBinding, rejected), relays("turn:b", nil), false},
		"elsewhere":           {stun(diag.StageBinding, rejected), relays("turn:a", nil, "9.9.9.8:3478"), false},
		"it has no address":   {stun(diag.StageDNS, rejected), relays("turn:a", nil), false},
		"Binding is answered": {stun(diag.StageBinding, nil), relays("turn:a", nil), false},
		"it is the relay":     {relays("turn:a", rejected), relays("turn:a", nil), false},
	} {
		n := &Verdict{Report: nat.Report{Servers: []nat.ServerRow{tt.row, tt.other}}}
		if got := n.bindingOnly(&n.Servers[0]); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestFoundBySRV: a server over UDP that only SRV knows is named with its behavior, one over TCP with its certificate.
func TestFoundBySRV(t *testing.T) {
	row := func(transport string) nat.ServerRow {
		return nat.ServerRow{Server: diag.Server{
			URL: "stun:" + transport, Transport: transport, SRV: "a:1", Stages: []diag.Stage{{Name: diag.StageBinding}},
		}}
	}
	n := &Verdict{Report: nat.Report{Servers: []nat.ServerRow{row("udp"), row("tcp")}, Filtering: make([]nat.Tally, 1)}}
	s := &nat.State{Servers: make([]nat.Server, 1)}
	for name, found := range map[string][]finding.Finding{"stun:tcp": made(expiryFindings, s, n), "stun:udp": made(stunFindings, s, n)} {
		if len(found) != 1 || found[0].Subject != name {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestSilenceAndItsCause: a server over UDP that answers, and cannot be used, decides; then one that was reached at all.
func TestSilenceAndItsCause(t *testing.T) {
	row := func(transport string, relay bool, stage diag.StageName, cause diag.Cause) nat.ServerRow {
		return nat.ServerRow{Server: diag.Server{
			URL: "a", Transport: transport, TURN: relay, Stages: []diag.Stage{{Name: stage, Failure: &diag.Failure{Cause: cause}}},
		}}
	}
	for name, tt := range map[string]struct {
		row  nat.ServerRow
		want Outcome
	}{
		"a closed port":           {row("udp", false, diag.StageBinding, diag.CauseRefused), Unusable},
		"no STUN":                 {row("udp", false, diag.StageBinding, diag.CauseProtocol), Unusable},
		"silent":                  {row("udp", false, diag.StageBinding, diag.CauseTimeout), NoAnswer},
		"no name":                 {row("udp", false, diag.StageDNS, diag.CauseDNS), NoAnswer},
		"TURN over UDP":           {row("udp", true, diag.StageAllocate, diag.CauseRefused), NoSTUN},
		"STUN over TCP":           {row("tcp", false, diag.StageBinding, diag.CauseProtocol), NoSTUN},
		"STUN over TCP, no route": {row("tcp", false, diag.StageConnect, diag.CauseUnreachable), NoAnswer},
		"TURN that is silent":     {row("udp", true, diag.StageAllocate, diag.CauseTimeout), NoAnswer},
	} {
		n := &Verdict{Report: nat.Report{Servers: []nat.ServerRow{tt.row}}}
		if got, _ := n.silent(); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestValuesThatDiffer: of a lifetime, its seconds count.
func TestValuesThatDiffer(t *testing.T) {
	value := func(v nat.Value, from, to *int) nat.Behavior { return nat.Behavior{Value: v, FromS: from, ToS: to} }
	one, two := 1, 2
	for name, tt := range map[string]struct {
		a, b nat.Behavior
		same bool
	}{
		"the same":        {value(nat.Present, nil, nil), value(nat.Present, nil, nil), true},
		"another":         {value(nat.Present, nil, nil), value(nat.None, nil, nil), false},
		"the same time":   {value(nat.LifetimeAtLeast, &one, nil), value(nat.LifetimeAtLeast, new(1), nil), true},
		"another time":    {value(nat.LifetimeAtLeast, &one, nil), value(nat.LifetimeAtLeast, &two, nil), false},
		"another end":     {value(nat.LifetimeBetween, &one, &one), value(nat.LifetimeBetween, &one, &two), false},
		"an end more":     {value(nat.LifetimeBetween, &one, nil), value(nat.LifetimeBetween, &one, &two), false},
		"an end less":     {value(nat.LifetimeBetween, &one, &two), value(nat.LifetimeBetween, &one, nil), false},
		"a start is gone": {value(nat.LifetimeBetween, &one, &two), value(nat.LifetimeBetween, nil, &two), false},
	} {
		if got := sameValue(tt.a, tt.b); got != tt.same {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// made are the findings of one rule.
func made(find func(*finding.List, *nat.State, *Verdict), s *nat.State, n *Verdict) (out finding.List) {
	find(&out, s, n)
	return out
}
