package nat

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestPlansFindPacketSizes: the longest packets that pass in each direction, and how many requests that takes: a search
// by halves, and as many of the shortest that is lost as make its silence more than loss.
func TestPlansFindPacketSizes(t *testing.T) {
	one, two := []netip.AddrPort{diagtest.ServerA}, []netip.AddrPort{diagtest.ServerA, diagtest.ServerC}
	three := []netip.AddrPort{diagtest.ServerD, diagtest.ServerC, diagtest.ServerA}
	type found struct {
		Value       Value
		Bytes, Back int
		Requests    [3]int // that may not be fragmented, for a long answer, that may be fragmented
	}
	for name, tt := range map[string]struct {
		network
		servers []netip.AddrPort
		found
	}{
		"all of them":                     {network{graded: rfc5780}, one, found{SizeFull, 1500, 1500, [3]int{0, 1, 0}}},
		"a tunnel":                        {network{graded: rfc5780, mtuOut: 1400, mtuIn: 1400}, one, found{SizeFragmented, 1400, 1400, [3]int{11, 5, 1}}},
		"a tunnel, only out":              {network{graded: rfc5780, mtuOut: 1400}, one, found{SizeFragmented, 1400, 1400, [3]int{11, 5, 1}}},
		"a tunnel, only back":             {network{graded: rfc5780, mtuIn: 1400}, one, found{SizeLimited, 1500, 1400, [3]int{1, 11, 0}}},
		"a narrower one back":             {network{graded: rfc5780, mtuOut: 1400, mtuIn: 1300}, one, found{SizeLimited, 1400, 1300, [3]int{11, 16, 1}}},
		"a tunnel, no fragments":          {network{graded: rfc5780, mtuOut: 1400, noneOut: true}, one, found{SizeLimited, 1400, 1400, [3]int{11, 5, 6}}},
		"nothing that is long":            {network{graded: rfc5780, mtuOut: LeastSize - 1, noneOut: true}, one, found{Unknown, 0, 0, [3]int{6, 3, 0}}},
		"one of basic STUN":               {network{mtuOut: 1400, noneOut: true}, one, found{Unknown, 1400, 0, [3]int{14, 0, 9}}},
		"two of basic STUN":               {network{mtuOut: 1400, noneOut: true}, two, found{SizeLimited, 1400, 0, [3]int{28, 0, 18}}},
		"two of basic STUN, fragments":    {network{mtuOut: 1400}, two, found{SizeFragmented, 1400, 0, [3]int{28, 0, 2}}},
		"three, that of RFC 5780 is last": {network{graded: rfc5780, mtuOut: 1400}, three, found{SizeFragmented, 1400, 1400, [3]int{25, 5, 2}}},
		"a server that rejects PADDING":   {network{graded: rfc5780, rejects: diag.TestSizeBack}, one, found{SizeFull, 1500, 0, [3]int{1, 1, 0}}},
		"a server that rejects them":      {network{rejects: diag.TestSize}, one, found{Unknown, 0, 0, [3]int{1, 0, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.mapping, tt.filtering = EndpointIndependent, AddressAndPortDependent
			s := tt.diagnose(t, tt.servers...)
			b := Judge(s).Behaviors.PacketSize
			got := found{Value: b.Value}
			for i, test := range []diag.NATTest{diag.TestSize, diag.TestSizeBack, diag.TestSizeAny} {
				got.Requests[i] = sends(s, test, netip.AddrPort{})
			}
			if b.Bytes != nil {
				got.Bytes = *b.Bytes
			}
			if b.BytesBack != nil {
				got.Back = *b.BytesBack
				if got.Back < LeastSize {
					t.Errorf("%d bytes are known", got.Back)
				}
			}
			if diff := cmp.Diff(tt.found, got); diff != "" {
				t.Errorf("%s\n%s", diff, said(b))
			}
		})
	}
}

// TestLongestPacket: the MTU of the interface counts where it is one that a tunnel or Ethernet has.
func TestLongestPacket(t *testing.T) {
	for mtu, want := range map[int]int{0: 1500, LeastSize - 1: 1500, LeastSize: LeastSize, 1420: 1420, 1500: 1500, 9000: 1500} {
		if got := (&State{Local: diag.NATLocal{MTU: mtu}}).mostSize(); got != want {
			t.Errorf("MTU %d: %d, want %d", mtu, got, want)
		}
	}
}

// TestLengthOfAnswers: an answer is as long as asked for, but for the padding of its attributes.
func TestLengthOfAnswers(t *testing.T) {
	six := netip.MustParseAddrPort("[2001:db8::1]:3478")
	for _, tt := range []struct {
		to   netip.AddrPort
		size int // of the message in an IP packet that should have 1,000 bytes
		want bool
	}{
		{diagtest.ServerA, 972, true},
		{diagtest.ServerA, 964, true},
		{diagtest.ServerA, 980, true},
		{diagtest.ServerA, 963, false},
		{diagtest.ServerA, 981, false},
		{six, 952, true},
		{six, 943, false},
		{six, 961, false},
	} {
		if got := (&State{}).asLong(&Request{To: tt.to, Bytes: 1000, Answer: &Answer{Size: tt.size}}); got != tt.want {
			t.Errorf("%d bytes from %s: %t", tt.size, tt.to, got)
		}
	}
}

// TestServersForPackets: who was asked with long packets stays so, others are those of RFC 5780 first.
func TestServersForPackets(t *testing.T) {
	for name, tt := range map[string]struct {
		asked []diag.NATTest // of the servers in turn
		want  []bool
	}{
		"none yet":             {nil, []bool{true, false, true}},
		"one of basic STUN":    {[]diag.NATTest{"", diag.TestSize}, []bool{false, true, true}},
		"two of basic STUN":    {[]diag.NATTest{diag.TestSize, diag.TestSizeBack}, []bool{true, true, false}},
		"asked something else": {[]diag.NATTest{diag.TestControl, diag.TestMapping}, []bool{true, false, true}},
	} {
		d := diagtest.NewDiagnosis(diagtest.ServerD, diagtest.ServerC, diagtest.ServerA)
		for i, s := range d.Servers {
			d.Add(i, diag.TestReach, s.Address, "5.5.5.5:1")
		}
		d.Requests[2].Answer.Other = diagtest.ServerB
		for i, test := range tt.asked {
			if test != "" {
				d.Add(i, test, d.Servers[i].Address, "")
			}
		}
		s := state(d)
		var got []bool
		for i := range d.Servers {
			got = append(got, (&plan{all: s, o: s, server: i}).sizing())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	d := diagtest.NewDiagnosis(diagtest.ServerA, netip.MustParseAddrPort("[2001:db8::1]:3478"))
	for i, s := range d.Servers {
		d.Add(i, diag.TestReach, s.Address, s.Address.String())
	}
	all := state(d)
	if (&plan{all: all, o: all.OfServer(1), server: 1}).sizing() {
		t.Error("packet sizes are those of IPv4, where it answers")
	}
}

// TestSizesInProgress: what has been shown counts before the end.
func TestSizesInProgress(t *testing.T) {
	d := diagtest.NewDiagnosis(diagtest.ServerA)
	for want, end := range map[string]*diag.DiagnosisEnd{"asking []": nil, "size-unasked []": {}} {
		d.End = end
		if b := state(d).judgePacketSize(); said(b) != want {
			t.Errorf("nothing was asked: %s", said(b))
		}
	}
	d.End = nil
	d.Add(0, diag.TestSize, diagtest.ServerA, "5.5.5.5:1").Bytes = 1500
	if b := state(d).judgePacketSize(); b.Value != SizeFull {
		t.Errorf("%s, %s", b.Value, said(b))
	}
}

// TestLossOfSizes: the requests of sizes that pass tell how many are lost.
func TestLossOfSizes(t *testing.T) {
	tally := SizeTally{Best: 1300, sends: map[int]int{600: 2, 1300: 3, 1320: 9}, heard: map[int]int{600: 1, 1300: 1}}
	if sent, lost := tally.loss(10, 1); sent != 15 || lost != 4 {
		t.Errorf("%d of %d", lost, sent)
	}
	for most, want := range map[int][2]int{1500: {9, 1320}, 1320: {9, 1320}, 1319: {0, 0}} {
		if n, worst := tally.lost(most); n != want[0] || worst != want[1] {
			t.Errorf("to %d: %d, %d", most, n, worst)
		}
	}
}
