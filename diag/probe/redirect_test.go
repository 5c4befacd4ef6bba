package probe

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
)

// redirecting is a server that sends its clients elsewhere.
func redirecting(t *testing.T, f lab.Fault) *lab.FaultServer {
	t.Helper()
	f.Behavior, f.Code, f.Username, f.Password = lab.AuthError, 300, user, password
	return startFault(t, f)
}

// addressOf is ip:port of a server over a transport.
func addressOf(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// TestRedirect: 300 (Try Alternate) is followed over the same transport, and what came of it is judged there.
func TestRedirect(t *testing.T) {
	certificate, err := lab.NewCertificate(lab.CertificateOptions{Names: []string{"other.example"}})
	if err != nil {
		t.Fatal(err)
	}
	server := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, TLS: true, Username: user, Password: password, Certificate: certificate})
	second := redirecting(t, lab.Fault{Alternate: addressOf(server.Addr(lab.UDP))})
	dead := startFault(t, lab.Fault{Network: lab.TCP, Behavior: lab.Refused})
	at := netip.MustParseAddrPort
	for name, tt := range map[string]struct {
		first    lab.Fault
		works    bool
		stage    diag.StageName // at which it ended
		failure  diag.Failure
		hops     int
		atServer bool // ended at the server that relays
	}{
		"to a server that works": {first: lab.Fault{Alternate: addressOf(server.Addr(lab.UDP))}, works: true, hops: 1, atServer: true},
		"over TCP":               {first: lab.Fault{Network: lab.TCP, Alternate: addressOf(server.Addr(lab.TCP))}, works: true, hops: 1, atServer: true},
		"twice":                  {first: lab.Fault{Alternate: at(second.Addr())}, works: true, hops: 2, atServer: true},
		"over TLS with the alternate's name": {
			first: lab.Fault{Network: lab.TLS, Alternate: addressOf(server.Addr(lab.TLS)), Domain: "other.example"},
			works: true, hops: 1, atServer: true,
		},
		"over TLS with the first name": {
			first: lab.Fault{Network: lab.TLS, Alternate: addressOf(server.Addr(lab.TLS))},
			stage: diag.StageTLS, failure: diag.Failure{Cause: diag.CauseTLS, Detail: diag.DetailName}, hops: 1, atServer: true,
		},
		"to a dead server": {
			first: lab.Fault{Network: lab.TCP, Alternate: at(dead.Addr())},
			stage: diag.StageConnect, failure: diag.Failure{Cause: diag.CauseRefused}, hops: 1,
		},
		"to itself": {
			first: lab.Fault{Listen: "127.0.0.1:34791", Alternate: at("127.0.0.1:34791")},
			stage: diag.StageAllocate, failure: diag.Failure{Cause: diag.CauseSTUN, Detail: diag.DetailLoop, Code: 300},
		},
		"to another family": {
			first: lab.Fault{Alternate: at("[2001:db8::1]:3478")},
			stage: diag.StageAllocate, failure: diag.Failure{Cause: diag.CauseSTUN, Detail: diag.DetailAlternate, Code: 300},
		},
		"to nowhere": {
			first: lab.Fault{Alternate: at("0.0.0.0:3478")},
			stage: diag.StageAllocate, failure: diag.Failure{Cause: diag.CauseSTUN, Detail: diag.DetailAlternate, Code: 300},
		},
	} {
		t.Run(name, func(t *testing.T) {
			first := redirecting(t, tt.first)
			to := target(first.TURN(), first.Certificate())
			if to.TLS != nil {
				to.TLS.RootCAs.AppendCertsFromPEM(certificate.CAPEM)
			}
			to.Through = throughOnly(server.Addr(lab.UDP).String())
			r := useRelay(t, to)
			checkResult(t, r)
			if r.OK() != tt.works || len(r.Redirects) != tt.hops || tt.hops > 0 && r.Redirects[0] != first.Addr() {
				t.Fatalf("%+v", r)
			}
			if tt.works && (r.Took(diag.StageChannel) == nil || !tt.atServer) {
				t.Errorf("it does not relay: %+v", r)
			}
			if !tt.works {
				f := *r.Failed().Failure
				f.Reason, f.Alternate, f.Requests = "", "", 0
				if stageOf(r) != tt.stage || f != tt.failure {
					t.Errorf("%s: %+v", stageOf(r), f)
				}
			}
		})
	}
}

// TestRedirectLoop: two servers that name each other are asked once each.
func TestRedirectLoop(t *testing.T) {
	a := redirecting(t, lab.Fault{Alternate: netip.MustParseAddrPort("127.0.0.1:34793"), Listen: "127.0.0.1:34792"})
	b := redirecting(t, lab.Fault{Alternate: netip.MustParseAddrPort("127.0.0.1:34792"), Listen: "127.0.0.1:34793"})
	r := ask(t, target(a.TURN(), nil))
	if f := r.Failed(); f == nil || f.Failure.Detail != diag.DetailLoop || len(r.Redirects) != 1 || a.Requests()+b.Requests() > 4 {
		t.Errorf("%d and %d requests: %+v", a.Requests(), b.Requests(), r)
	}
}

// TestRedirectToSilence: the alternate server's silence is what ended it, and not a 300.
func TestRedirectToSilence(t *testing.T) {
	t.Parallel()
	silent := startFault(t, lab.Fault{Behavior: lab.Silent})
	first := redirecting(t, lab.Fault{Alternate: netip.MustParseAddrPort(silent.Addr())})
	to := target(first.TURN(), nil)
	to.Timeout = 500 * time.Millisecond
	if r := ask(t, to); r.Cause() != diag.CauseTimeout || r.Address != silent.Addr() || len(r.Redirects) != 1 {
		t.Errorf("%+v", r)
	}
}

// TestAskable: a public server may not send its clients into a private network.
func TestAskable(t *testing.T) {
	for to, want := range map[string]bool{
		"203.0.113.9:3478": true, "10.0.0.1:3478": false, "127.0.0.1:3478": false, "203.0.113.9:0": false, "224.0.0.1:3478": false,
	} {
		if got := askable(netip.MustParseAddr("203.0.113.1"), netip.MustParseAddrPort(to)); got != want {
			t.Errorf("%s: %v", to, got)
		}
	}
}
