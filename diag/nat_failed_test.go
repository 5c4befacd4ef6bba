package diag

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// failedServer is one that gave nothing for a reason.
func failedServer(url, transport, address, cause string, code int) ServerResult {
	return ServerResult{URL: url, Transport: transport, Address: address, Stage: "allocate", Cause: cause, ErrorCode: code, ErrorText: cause}
}

// askedAt is a STUN server that refuses, or where failure is nil the answer of one that sees this machine without a NAT.
func askedAt(url, address string, failure *ServerResult) *NATObservations {
	at := netip.MustParseAddrPort(address)
	o := &NATObservations{Servers: []NATAsked{{URL: url, Address: at, Failure: failure}}}
	if failure == nil {
		own := netip.MustParseAddrPort("192.168.7.2:4000")
		o.Requests = []NATRequest{{Test: TestReach, To: at, Local: own, Answer: &NATAnswer{From: at, Mapped: own}}}
	}
	return o
}

// TestFailuresAreToldOnce: one finding for each server and cause, in the words of the gravest.
func TestFailuresAreToldOnce(t *testing.T) {
	refused := failedServer("stun:s:9", "udp", "203.0.113.9:9", "refused", 0)
	dns := failedServer("stun:nowhere", "udp", "", "dns", 0)
	for name, tt := range map[string]struct {
		observed *NATObservations
		others   []ServerResult
		turn     []ServerResult
		want     []string
	}{
		"STUN and TURN at one address": {
			askedAt("stun:s:9", "203.0.113.9:9", &refused), nil,
			[]ServerResult{failedServer("turn:s:9?transport=udp", "udp", "203.0.113.9:9", "refused", 0)},
			[]string{"error server.refused turn:s:9?transport=udp gave nothing: refused"},
		},
		"another transport is another cause": {
			askedAt("stun:s:9", "203.0.113.9:9", &refused), nil,
			[]ServerResult{failedServer("turn:s:9?transport=tcp", "tcp", "203.0.113.9:9", "refused", 0)},
			[]string{"error server.refused turn:s:9?transport=tcp gave nothing: refused", "error server.refused stun:s:9 gave nothing: refused"},
		},
		"a password is wrong over every transport": {
			askedAt("stun:s:9", "203.0.113.9:9", nil), nil,
			[]ServerResult{
				failedServer("turn:s:9?transport=udp", "udp", "203.0.113.9:9", "auth", 401), failedServer("turns:s:10?transport=tcp", "tls", "203.0.113.9:10", "auth", 401),
				failedServer("turn:other:9?transport=udp", "udp", "203.0.113.10:9", "auth", 401),
			},
			[]string{"error turn.unauthorized turn:s:9?transport=udp gave nothing: auth", "error turn.unauthorized turn:other:9?transport=udp gave nothing: auth"},
		},
		"a name that does not resolve": {
			&NATObservations{Servers: []NATAsked{{URL: "stun:nowhere", Failure: &dns}}},
			[]ServerResult{failedServer("stuns:nowhere:443", "tls", "", "dns", 0)},
			[]ServerResult{failedServer("turn:nowhere:80?transport=tcp", "tcp", "", "dns", 0)},
			[]string{"error server.dns turn:nowhere:80?transport=tcp gave nothing: dns"},
		},
		"blocked UDP is told as such": {
			&NATObservations{Servers: []NATAsked{{URL: "stun:s:9", Address: netip.MustParseAddrPort("203.0.113.9:9")}}},
			[]ServerResult{{URL: "stun:s:9?transport=tcp", Transport: "tcp", Address: "203.0.113.9:9", OK: true, MappedAddress: "203.0.113.1:4"}},
			[]ServerResult{failedServer("turn:s:9?transport=udp", "udp", "203.0.113.9:9", "timeout", 0)},
			[]string{"error nat.udp_blocked UDP gets no answer, while TCP does."},
		},
	} {
		var turn []NATRelay
		for _, s := range tt.turn {
			turn = append(turn, NATRelay{ServerResult: s})
		}
		var got []string
		for _, f := range JudgeNAT(tt.observed, tt.others, turn, nil).Findings {
			if f.ID != "nat.filtering_untested" {
				got = append(got, string(f.Severity)+" "+f.ID+" "+f.Title)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSeverityOfServers: a server that fails explains a failure only where no other one does what it should.
func TestSeverityOfServers(t *testing.T) {
	wrong := NATRelay{ServerResult: failedServer("turn:s?transport=udp", "udp", "203.0.113.9:3478", "auth", 401)}
	works := NATRelay{
		ServerResult: ServerResult{URL: "turn:t?transport=udp", Transport: "udp", OK: true, Address: "203.0.113.8:3478", RelayAddress: "203.0.113.8:5000", RTTMs: Ptr(Millis(400 * time.Microsecond))},
		ChannelMs:    Ptr(Millis(time.Millisecond)), SendMs: Ptr(Millis(time.Millisecond)),
	}
	cone := func(s *scene) *scene {
		return s.maps(0, "9.9.9.1:3478", "5.5.5.5:1").maps(1, "8.8.8.1:3478", "5.5.5.5:1")
	}
	usual := &cone(newScene(sceneA, sceneC)).o // what it filters is not known
	open := &cone(newScene(sceneA, sceneC).grade(8, 0).asks(3, TestChangeBoth, sceneB)).o
	for name, tt := range map[string]struct {
		observed *NATObservations
		turn     []NATRelay
		want     Severity
		why      string
	}{
		"the only one":                {usual, []NATRelay{wrong}, Problem, "Your TURN server does not work, so calls that need a relay will fail."},
		"beside another":              {usual, []NATRelay{wrong, works}, Warn, "Your TURN server works, for the calls that need a relay (UDP 0.4 ms)."},
		"where nothing needs a relay": {open, []NATRelay{wrong}, Warn, ""},
		"where nothing else is known": {&NATObservations{}, []NATRelay{wrong}, Problem, ""},
	} {
		r := JudgeNAT(tt.observed, nil, tt.turn, nil)
		found := false
		for _, f := range r.Findings {
			if f.ID == "turn.unauthorized" {
				found = f.Severity == tt.want
			}
		}
		if !found {
			t.Errorf("%s: %+v", name, r.Findings)
		}
		if tt.why != "" && r.Verdict.Why[len(r.Verdict.Why)-1] != tt.why {
			t.Errorf("%s: %q", name, r.Verdict.Why)
		}
	}
}
