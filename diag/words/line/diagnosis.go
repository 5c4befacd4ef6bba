package line

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"dialtone/diag"
	"dialtone/diag/words"
)

// stageLine describes a step of asking a server, for the log.
func stageLine(d diag.ServerStage) string {
	took := ""
	if d.Stage.DurationMs > 0 {
		took = fmt.Sprintf("%.1f ms", d.Stage.DurationMs.Float())
	}
	return join(d.URL, string(d.Stage.Name), took, failed(d.Stage.Failure),
		words.Prefixed("mapped address ", d.Stage.Mapped), words.Prefixed("relayed address ", d.Stage.Relayed),
		d.Stage.Software)
}

// diagnosisLine describes the other events of a diagnosis, for the log.
func diagnosisLine(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.DiagnosisStart:
		return join(words.Count(len(d.URLs), "server", "servers"), string(d.Because)), true
	case diag.NATLocal:
		return join(d.Address.String(), d.Interface), true
	case diag.NATFamilies:
		return familiesLine(d), true
	case diag.NATServer:
		return join(d.URL, addressed("", d.Address), failed(d.Failure), addressed("answered from ", d.Elsewhere)), true
	case diag.NATRequest:
		answer := answerLine(d.Answer)
		if d.Refused {
			answer = "port closed (ICMP unreachable)"
		}
		return join(string(d.Test), addressed("to ", d.To), answer), true
	case diag.NATRelay:
		came := "no packet arrived"
		if d.From.IsValid() {
			came = "arrived from " + d.From.String()
		}
		return join(d.URL, addressed("straight to ", d.Relayed), came), true
	case diag.NATStream:
		return join("TCP", addressed("to ", d.To), addressed("mapped address ", d.Mapped), failed(d.Failure)), true
	case diag.DiagnosisFurther:
		return "the tests that take long", true
	case diag.DiagnosisEnd:
		return join(string(d.Stopped), d.Reason), true
	}
	return "", false
}

func answerLine(a *diag.NATAnswer) string {
	switch {
	case a == nil:
		return "no answer"
	case a.Code != 0:
		return fmt.Sprintf("error %d", a.Code)
	}
	return join(timing("rtt", &a.RTTMs), addressed("mapped address ", a.Mapped))
}

// addressed writes an address with its label, nothing for the zero value.
func addressed(label string, a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return label + a.String()
}

func failed(f *diag.Failure) string {
	if f == nil {
		return ""
	}
	return "failed: " + f.String()
}

// familiesLine says which families a machine has, for the log.
func familiesLine(d diag.NATFamilies) string {
	var parts []string
	for _, family := range []struct {
		name string
		has  bool
	}{{"IPv4", d.IPv4}, {"IPv6", d.IPv6}} {
		if family.has {
			parts = append(parts, family.name)
		}
	}
	for _, p := range d.NAT64 {
		parts = append(parts, "NAT64 "+p.String())
	}
	return cmp.Or(strings.Join(parts, ", "), "neither IPv4 nor IPv6")
}
