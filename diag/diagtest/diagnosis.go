package diagtest

import (
	"net/netip"
	"time"

	"dialtone/diag"
)

// Diagnosis builds the facts of a diagnosis as a table of tests reads them. It is over, unless End is nil.
type Diagnosis struct {
	Start    diag.DiagnosisStart
	Local    diag.NATLocal
	Servers  []diag.NATServer
	Requests []*diag.NATRequest
	Streams  []diag.NATStream
	Stages   []diag.ServerStage
	End      *diag.DiagnosisEnd
}

// Addresses of servers.
var (
	ServerA = netip.MustParseAddrPort("9.9.9.1:3478") // A1:P1 of the first server
	ServerB = netip.MustParseAddrPort("9.9.9.2:3479") // A2:P2
	ServerC = netip.MustParseAddrPort("8.8.8.1:3478") // a second server
	ServerD = netip.MustParseAddrPort("7.7.7.1:3478") // a third one
)

// NewDiagnosis asks servers of basic STUN; their numbers are their places.
func NewDiagnosis(servers ...netip.AddrPort) *Diagnosis {
	d := &Diagnosis{End: &diag.DiagnosisEnd{}}
	d.Local.Address = netip.MustParseAddrPort("192.168.1.5:5000")
	for _, a := range servers {
		d.Servers = append(d.Servers, diag.NATServer{Server: len(d.Servers), URL: "stun:" + a.String(), Address: a})
	}
	return d
}

// Facts are the events.
func (d *Diagnosis) Facts() []diag.Data {
	out := []diag.Data{d.Start}
	if d.Local.Address.IsValid() {
		out = append(out, d.Local)
	}
	for _, s := range d.Servers {
		out = append(out, s)
	}
	for _, r := range d.Requests {
		out = append(out, *r)
	}
	for _, s := range d.Streams {
		out = append(out, s)
	}
	for _, s := range d.Stages {
		s.Diagnosis = true
		out = append(out, s)
	}
	if d.End != nil {
		out = append(out, *d.End)
	}
	return out
}

// Add notes a request; mapped "" is silence.
func (d *Diagnosis) Add(server int, test diag.NATTest, to netip.AddrPort, mapped string) *diag.NATRequest {
	r := &diag.NATRequest{
		Request: len(d.Requests), Server: server, Socket: diag.NATSocket{Use: diag.SocketUse(test)}, Local: d.Local.Address,
		Test: test, To: to, SentMs: diag.Millis(len(d.Requests)),
	}
	if mapped != "" {
		r.Answer = &diag.NATAnswer{
			From: to, RTTMs: diag.Millis(20 * time.Millisecond),
			Mapped: netip.MustParseAddrPort(mapped), Origin: to,
		}
	}
	d.Requests = append(d.Requests, r)
	return r
}

// Maps notes an answered request of the mapping test.
func (d *Diagnosis) Maps(server int, to, mapped string) *Diagnosis {
	d.Add(server, diag.TestMapping, netip.MustParseAddrPort(to), mapped)
	return d
}

// Grade makes server 0 support RFC 5780, with controls enough that silence can be reported from loss.
func (d *Diagnosis) Grade(controls, lost int) *Diagnosis {
	for i := range controls {
		mapped := "5.5.5.5:6000"
		if i > 0 && i <= lost {
			mapped = ""
		}
		if r := d.Add(0, diag.TestControl, ServerA, mapped); r.Answer != nil {
			r.Answer.Other = ServerB
		}
	}
	return d
}

// Asks notes n requests of one test to server 0, answered from an address or (the zero one) not.
func (d *Diagnosis) Asks(n int, test diag.NATTest, from netip.AddrPort) *Diagnosis {
	for range n {
		r := d.Add(0, test, ServerA, "")
		if from.IsValid() {
			r.Answer = &diag.NATAnswer{From: from, Mapped: netip.MustParseAddrPort("5.5.5.5:6000")}
		}
	}
	return d
}

// Asked notes the steps of a server over another transport, or of a TURN server.
func (d *Diagnosis) Asked(servers ...diag.Server) *Diagnosis {
	for _, s := range servers {
		for _, stage := range s.Stages {
			d.Stages = append(d.Stages, diag.ServerStage{
				URL: s.URL, Transport: s.Transport, TURN: s.TURN, Address: s.Address,
				SRV: s.SRV, Redirects: s.Redirects, Proxy: s.Proxy, Direct: s.Direct, Stage: stage,
			})
		}
	}
	return d
}

// Failing is a server that failed at one step.
func Failing(url, transport, address string, stage diag.StageName, f diag.Failure) diag.Server {
	turn := stage == diag.StageAllocate
	return diag.Server{
		URL: url, Transport: transport, TURN: turn, Address: address,
		Stages: []diag.Stage{{Name: stage, Failure: &f}},
	}
}

// Relaying is a TURN server that allocated a relay, and the steps through it.
func Relaying(url, transport, address, relayed string, stages ...diag.Stage) diag.Server {
	allocated := diag.Stage{Name: diag.StageAllocate, RTTMs: new(diag.Millis(31e6)), Relayed: relayed}
	return diag.Server{
		URL: url, Transport: transport, TURN: true, Address: address,
		Stages: append([]diag.Stage{allocated}, stages...),
	}
}

// Through are steps through a relay that succeed up to the one that stops, which has the failure; stop "" is all.
func Through(peer netip.AddrPort, own bool, seen string, stop diag.StageName, f diag.Failure) []diag.Stage {
	var out []diag.Stage
	for _, name := range []diag.StageName{diag.StagePermission, diag.StageSend, diag.StageBind, diag.StageChannel} {
		stage := diag.Stage{Name: name, DurationMs: 1, Peer: peer.String(), OwnPeer: own}
		if name == stop {
			stage.Failure = &f
			return append(out, stage, diag.Stage{Name: diag.StageRelease})
		}
		if name == diag.StageSend || name == diag.StageChannel {
			stage.Mapped = seen
		}
		out = append(out, stage)
	}
	return append(out, diag.Stage{Name: diag.StageRefresh, LifetimeS: 600}, diag.Stage{Name: diag.StageRelease})
}
