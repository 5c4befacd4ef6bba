package nat

import (
	"net/netip"
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
	"dialtone/diag/nat/nat64"
	"dialtone/diag/nat/vote"
)

// TestUsualPorts: those that firewalls often open, to the last of each range; and which silent port says nothing.
func TestUsualPorts(t *testing.T) {
	for port, want := range map[int]bool{
		53: true, 80: true, 123: true, 443: true, 500: true, 4500: true, 5349: true, 5350: true, 3477: false, 3478: true, 3481: true,
		3482: false, 19301: false, 19302: true, 19309: true, 19310: false, 1024: false, 50000: false,
	} {
		if usual(port) != want {
			t.Errorf("port %d: %t", port, !want)
		}
	}
	silent := silentPort{to: netip.MustParseAddrPort("9.9.9.1:5000")}
	for name, tt := range map[string]struct {
		open []int
		want bool
	}{
		"nothing answers":           {nil, false},
		"it answers elsewhere":      {[]int{5000}, true},
		"a higher, unusual one":     {[]int{50000}, true},
		"a higher one that is open": {[]int{19302}, false},
		"a lower one":               {[]int{4999}, false},
		"one of several":            {[]int{443, 19302, 5001}, true},
	} {
		if got := dismissed(silent, tt.open); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestSilentPortsOfAHost: a silent port counts where its host answers at another one, or over TCP.
func TestSilentPortsOfAHost(t *testing.T) {
	beside := netip.MustParseAddrPort("9.9.9.1:443") // of the host of ServerA
	mapped := netip.MustParseAddrPort("5.5.5.5:6000")
	for name, tt := range map[string]struct {
		answers netip.AddrPort // that of the two which does
		stream  diag.NATStream
		want    bool
	}{
		"its host answers":     {beside, diag.NATStream{}, true},
		"another host answers": {diagtest.ServerC, diag.NATStream{}, false},
		"it answers over TCP":  {diagtest.ServerC, diag.NATStream{To: diagtest.ServerA, Mapped: mapped}, true},
		"another one does so":  {diagtest.ServerC, diag.NATStream{To: diagtest.ServerD, Mapped: mapped}, false},
		"it rejects TCP":       {diagtest.ServerC, diag.NATStream{To: diagtest.ServerA, Failure: &diag.Failure{Cause: diag.CauseRefused}}, false},
		"TCP times out":        {diagtest.ServerC, diag.NATStream{To: diagtest.ServerA, Failure: &diag.Failure{Cause: diag.CauseTimeout}}, false},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerA, tt.answers)
		for range 12 {
			d.Add(0, diag.TestMapping, diagtest.ServerA, "")
		}
		for range 40 {
			d.Add(1, diag.TestControl, tt.answers, "5.5.5.5:6000")
		}
		if tt.stream.To.IsValid() {
			d.Streams = append(d.Streams, tt.stream)
		}
		got := slices.ContainsFunc(state(d).silentPorts(), func(p silentPort) bool { return p.to == diagtest.ServerA })
		if got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestPrefixesAreBounded: each prefix of NAT64 once, and not many.
func TestPrefixesAreBounded(t *testing.T) {
	s := &State{}
	var list []netip.Prefix
	for i := range maxPrefixes + 2 {
		list = append(list, netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i)}), 96))
	}
	s.addPrefixes(append(list[:1:1], list...)...)
	if len(s.Prefixes) != maxPrefixes || s.Prefixes[1] != list[1] {
		t.Errorf("%v", s.Prefixes)
	}
	s = &State{}
	s.addPrefixes(netip.MustParsePrefix("2001:db8::/33"), nat64.WellKnown)
	if !slices.Equal(s.Prefixes, []netip.Prefix{nat64.WellKnown}) {
		t.Errorf("%v", s.Prefixes)
	}
}

// TestDiagnosesThatCount: one that was cancelled cannot be judged, one that ran out of time can.
func TestDiagnosesThatCount(t *testing.T) {
	for name, tt := range map[string]struct {
		end  *diag.DiagnosisEnd
		want bool
	}{
		"in progress": {nil, false},
		"over":        {&diag.DiagnosisEnd{Stopped: diag.StoppedNot}, true},
		"out of time": {&diag.DiagnosisEnd{Stopped: diag.StoppedTimeout}, true},
		"cancelled":   {&diag.DiagnosisEnd{Stopped: diag.StoppedCancelled}, false},
	} {
		if s := (&State{Ended: tt.end}); s.Complete() != tt.want || s.Running() != (tt.end == nil) {
			t.Errorf("%s: complete %t, running %t", name, s.Complete(), s.Running())
		}
	}
}

// TestUncodedByAnother: a server that sends the address as it is gives itself away by the socket's own address, or by the
// one that another server reports.
func TestUncodedByAnother(t *testing.T) {
	const local = "192.168.1.5:50000"
	meant := netip.MustParseAddrPort("198.51.100.7:50000") // in public
	raw := vote.Code(meant)
	request := func(server int, mapped netip.AddrPort) Request {
		return Request{Server: server, Local: netip.MustParseAddrPort(local), Test: diag.TestMapping, Answer: &Answer{Mapped: mapped}}
	}
	for name, tt := range map[string]struct {
		server int // of the other request
		mapped netip.AddrPort
		want   bool
	}{
		"another server says so":       {1, netip.AddrPortFrom(meant.Addr(), 9), true},
		"another one says otherwise":   {1, netip.MustParseAddrPort("198.51.100.8:50000"), false},
		"the same server said so once": {0, netip.AddrPortFrom(meant.Addr(), 9), false},
	} {
		s := &State{Requests: []Request{request(0, raw), request(tt.server, tt.mapped)}}
		if got := s.uncoded(&s.Requests[0]); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	other := request(0, vote.Code(netip.AddrPortFrom(meant.Addr(), 50001)))
	s := &State{Requests: []Request{other, request(1, netip.AddrPortFrom(meant.Addr(), 9))}}
	if s.uncoded(&s.Requests[0]) {
		t.Error("another port is the same socket")
	}
	six := Request{Answer: &Answer{Mapped: netip.MustParseAddrPort("[2001:db8::1]:1")}} // and the socket's address is not known
	if s.uncoded(&six) {
		t.Error("an IPv6 address is compared")
	}
	if s := (&State{Requests: []Request{request(0, vote.Code(netip.MustParseAddrPort(local)))}}); !s.uncoded(&s.Requests[0]) {
		t.Error("the socket's own address is not noticed")
	}
}

// TestProofAfterwards: a server that was to wake sockets is tried again once one of them seems dead.
func TestProofAfterwards(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA).Grade(40, 0)
	d.Add(0, diag.TestMapping, diagtest.ServerA, "5.5.5.5:6000")
	f := further{state(d)}
	dead, alive := Held{Asked: 30}, Held{Asked: 30, Alive: true}
	for name, tt := range map[string]struct {
		l    LifetimeState
		want bool
	}{
		"one is dead":             {LifetimeState{Before: true, Held: []Held{alive, dead}}, true},
		"none is":                 {LifetimeState{Before: true, Held: []Held{alive}}, false},
		"it was never shown":      {LifetimeState{Held: []Held{dead}}, false},
		"it has been shown again": {LifetimeState{Before: true, After: true, Held: []Held{dead}}, false},
		"it never obeyed":         {LifetimeState{After: true, Held: []Held{alive}}, false},
	} {
		if got := len(f.afterwards(tt.l)) > 0; got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestPacketSizes: what a server of RFC 5780 loses is the network's doing, and of others it takes two.
func TestPacketSizes(t *testing.T) {
	const most, less = 1500, 1300
	type sent struct {
		out, back int // the longest that arrived; 0: not asked
		graded    bool
		split     bool // longer ones arrive in fragments
	}
	for name, tt := range map[string]struct {
		servers []sent
		value   Value
		bytes   int
	}{
		"all of them":                {[]sent{{out: most, back: most, graded: true}}, SizeFull, most},
		"one, of RFC 5780":           {[]sent{{out: less, graded: true}}, SizeLimited, less},
		"one":                        {[]sent{{out: less}}, Unknown, less},
		"two":                        {[]sent{{out: less}, {out: less}}, SizeLimited, less},
		"one of two":                 {[]sent{{out: less}, {out: most}}, SizeFull, most},
		"back":                       {[]sent{{out: most, back: less, graded: true}}, SizeLimited, most},
		"in fragments":               {[]sent{{out: less, graded: true, split: true}}, SizeFragmented, less},
		"in fragments, but not back": {[]sent{{out: less, back: less - 100, graded: true, split: true}}, SizeLimited, less},
		"not at all":                 {[]sent{{}}, Unknown, 0},
	} {
		d := diagtest.NewDiagnosis([]netip.AddrPort{diagtest.ServerA, diagtest.ServerC}[:len(tt.servers)]...)
		for i, s := range tt.servers {
			to := d.Servers[i].Address
			for range 40 {
				if r := d.Add(i, diag.TestControl, to, "5.5.5.5:6000"); s.graded {
					r.Answer.Other = diagtest.ServerB
				}
			}
			ask := func(test diag.NATTest, bytes int, mapped string) {
				r := d.Add(i, test, to, mapped)
				if r.Bytes = bytes; r.Answer != nil {
					r.Answer.Size = bytes - headers(false)
				}
			}
			sizes := func(test diag.NATTest, best, longest int) {
				if best == 0 {
					return
				}
				ask(test, best, "5.5.5.5:6000")
				for range 30 {
					if best < longest {
						ask(test, longest, "")
					}
				}
			}
			sizes(diag.TestSize, s.out, most)
			sizes(diag.TestSizeBack, s.back, s.out)
			if s.split {
				ask(diag.TestSizeAny, most, "5.5.5.5:6000")
			}
		}
		b := state(d).judgePacketSize()
		if b.Value != tt.value || (b.Bytes == nil) != (tt.bytes == 0) || b.Bytes != nil && *b.Bytes != tt.bytes {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

// TestRelaysThatAreJudged: while a diagnosis runs, only of what has failed or was released is it known what it was worth.
func TestRelaysThatAreJudged(t *testing.T) {
	release := diag.Stage{Name: diag.StageRelease}
	allocate := diag.Stage{Name: diag.StageAllocate, Relayed: "10.0.0.5:50000"}
	failed := diag.Stage{Name: diag.StageAllocate, Failure: &diag.Failure{Cause: diag.CauseAuth}}
	for name, tt := range map[string]struct {
		stages []diag.Stage
		end    *diag.DiagnosisEnd
		want   bool
	}{
		"in use":        {[]diag.Stage{allocate}, nil, false},
		"released":      {[]diag.Stage{allocate, release}, nil, true},
		"at the end":    {[]diag.Stage{allocate}, &diag.DiagnosisEnd{}, true},
		"it has failed": {[]diag.Stage{failed}, nil, true},
	} {
		s := &State{Ended: tt.end, Asked: []diag.Server{{URL: "turn:a", TURN: true, Transport: "udp", Address: "192.0.2.1:3478", Stages: tt.stages}}}
		rows := s.rows(nil)
		if got := rows[0].Relay != "" || len(rows[0].Flaws) > 0; got != tt.want {
			t.Errorf("%s: %t, %+v", name, got, rows[0])
		}
	}
}

// TestSizeSearch: packet sizes between the shortest and the longest, and the one to ask next.
func TestSizeSearch(t *testing.T) {
	sizes := packetSizes(1500)
	if !slices.IsSorted(sizes) || sizes[0] != LeastSize || sizes[len(sizes)-1] != 1500 || !slices.Contains(sizes, 1280) || len(sizes) > 40 {
		t.Errorf("%v", sizes)
	}
	for i := 1; i < len(sizes); i++ {
		if step := sizes[i] - sizes[i-1]; step > 50 || sizes[i-1] >= 1200 && step > 20 {
			t.Errorf("from %d to %d", sizes[i-1], sizes[i])
		}
	}
	if far := packetSizes(9000); far[len(far)-1] != 9000 || far[len(far)-2] < 1500 || far[len(far)-2] > 1520 {
		t.Errorf("%v", far)
	}
	if one := packetSizes(LeastSize); !slices.Equal(one, []int{LeastSize}) {
		t.Errorf("%v", one)
	}
	for name, tt := range map[string]struct {
		t      SizeTally
		enough bool
		want   int
	}{
		"nothing was asked":         {SizeTally{}, false, 1500},
		"the longest arrives":       {SizeTally{Best: 1500, sends: map[int]int{1500: 1}}, false, 0},
		"the longest does not":      {SizeTally{sends: map[int]int{1500: tries}}, true, LeastSize},
		"nor does the shortest":     {SizeTally{sends: map[int]int{1500: tries, LeastSize: tries}}, true, 0},
		"the shortest, once more":   {SizeTally{sends: map[int]int{LeastSize: tries - 1}}, true, LeastSize},
		"none is between":           {SizeTally{Best: 1280, sends: map[int]int{1300: 3}}, true, 0},
		"it may have been lost":     {SizeTally{Best: 1280, sends: map[int]int{1300: 3}}, false, 1300},
		"it was asked often enough": {SizeTally{Best: 1280, sends: map[int]int{1300: maxFurther}}, false, 0},
		"two are between":           {SizeTally{Best: 1260, sends: map[int]int{1300: 3}}, true, 1280},
		"at another length":         {SizeTally{Best: 1260, other: true, sends: map[int]int{1300: 3}}, true, 0},
	} {
		if got := tt.t.next(1500, func(int) bool { return tt.enough }); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// TestQuestionsOfTests: which questions belong to the filtering test, and which to that of the lifetime.
func TestQuestionsOfTests(t *testing.T) {
	for test, want := range map[diag.NATTest][2]bool{
		diag.TestMapping: {false, false}, diag.TestControl: {true, false}, diag.TestOpen: {true, false}, diag.TestChangeBoth: {true, false},
		diag.TestWake: {false, true}, diag.TestAgain: {false, true}, diag.TestHold: {false, false}, diag.TestSize: {false, false},
	} {
		q := &Question{Test: test}
		if got := [2]bool{q.AboutFiltering(), q.AfterPause()}; got != want {
			t.Errorf("%s: %v", test, got)
		}
	}
}

// TestSilentRelaysOfServers: a relay that nothing reached counts if it carries bytes, is where its server says, and was
// tried often enough for the loss that there is.
func TestSilentRelaysOfServers(t *testing.T) {
	relayed := netip.MustParseAddrPort("7.7.7.1:50000")
	relaying := diagtest.Relaying("turn:t", "tcp", "7.7.7.1:443", "7.7.7.1:50000", diagtest.Through(diagtest.ServerA, false, "7.7.7.1:50000", "", diag.Failure{})...)
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	for range 40 {
		d.Add(0, diag.TestControl, diagtest.ServerA, "5.5.5.5:6000")
	}
	for name, tt := range map[string]struct {
		relay diag.NATRelay
		want  bool
	}{
		"silent":            {diag.NATRelay{URL: "turn:t", Relayed: relayed, Sent: 12}, true},
		"asked once":        {diag.NATRelay{URL: "turn:t", Relayed: relayed, Sent: 1}, false},
		"refused":           {diag.NATRelay{URL: "turn:t", Relayed: relayed, Sent: 1, Refused: true}, true},
		"it arrived":        {diag.NATRelay{URL: "turn:t", Relayed: relayed, Sent: 12, From: netip.MustParseAddrPort("5.5.5.5:1")}, false},
		"of another server": {diag.NATRelay{URL: "turn:u", Relayed: relayed, Sent: 12}, false},
		"somewhere else":    {diag.NATRelay{URL: "turn:t", Relayed: netip.MustParseAddrPort("7.7.7.9:50000"), Sent: 12}, false},
		"of another family": {diag.NATRelay{URL: "turn:t", Relayed: netip.MustParseAddrPort("[2001:db8::1]:50000"), Sent: 12}, false},
	} {
		s := state(d.Asked(relaying))
		s.Relays = []diag.NATRelay{tt.relay}
		if got := len(s.silentRelays()) > 0; got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestLossOfAllServers: what was lost on the way to each adds up; and a closed port is one of a server.
func TestLossOfAllServers(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	for i, to := range []netip.AddrPort{diagtest.ServerA, diagtest.ServerC} {
		for n := range 5 {
			mapped := "5.5.5.5:6000"
			if n <= i {
				mapped = ""
			}
			d.Add(i, diag.TestControl, to, mapped)
		}
	}
	d.Add(0, diag.TestOpen, diagtest.ServerB, "").Refused = true
	s := state(d)
	if sent, lost := s.totalLoss(); sent != 10 || lost != 3 {
		t.Errorf("%d of %d lost", lost, sent)
	}
	for name, tt := range map[string]struct {
		server int
		to     netip.AddrPort
		want   bool
	}{
		"the closed one": {0, diagtest.ServerB, true}, "of another server": {1, diagtest.ServerB, false}, "another port": {0, diagtest.ServerA, false},
	} {
		if got := s.refused(tt.server, tt.to); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestPut: an element is replaced or appended, and nothing beyond the end or the bound.
func TestPut(t *testing.T) {
	for _, tt := range []struct {
		at   int
		want []int
	}{{-1, []int{1, 2}}, {0, []int{9, 2}}, {1, []int{1, 9}}, {2, []int{1, 2, 9}}, {3, []int{1, 2}}} {
		if got := put([]int{1, 2}, tt.at, 9, 3); !slices.Equal(got, tt.want) {
			t.Errorf("at %d: %v", tt.at, got)
		}
	}
	if got := put([]int{1, 2}, 2, 9, 2); len(got) != 2 {
		t.Errorf("beyond the bound: %v", got)
	}
}
