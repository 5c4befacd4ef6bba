package check

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"

	"dialtone/diag"
	"dialtone/diag/report"
)

// object is what an expression sees of a part of a report: nil where a value is absent.
type object = map[string]any

// phaseNames are the phases that expressions can name, with "_" for "-".
var phaseNames = []diag.PhaseName{
	diag.PhaseDial, diag.PhaseWait, diag.PhaseGather, diag.PhaseOfferAnswer, diag.PhaseICE, diag.PhaseNomination, diag.PhaseDTLS, diag.PhaseSCTP,
	diag.PhaseChannel, diag.PhaseFirstPacket, diag.PhaseFirstFrame, diag.PhaseRestart,
}

// environment is the report as expressions see it.
func environment(r *report.Report) object {
	return object{
		"setup": setupEnv(r.Summary.Setup,
			r.Setup.TotalMs), "phases": phasesEnv(r.Summary.Phases), "path": pathEnv(r.Path), "media": mediaEnv(r.Media),
		"channels": list(r.Channels, func(c report.Channel) object {
			// #nosec G115 -- counters
			return object{"label": c.Label, "open": c.Open, "echoed": c.Echoed, "sent": int(c.Sent), "received": int(c.Received)}
		}),
		"findings": findingsEnv(r.Findings), "servers": serversEnv(r), "nat": natEnv(r.NAT), "runs": list(r.Runs, runEnv),
		"summary": object{
			"runs": r.Summary.Runs, "failed": r.Summary.Failed, "interrupted": r.Summary.Interrupted,
			"passed": r.Summary.Runs - r.Summary.Failed - r.Summary.Interrupted,
		},
		"exit": exitEnv(r.Exit), "verdict": string(r.Verdict),
	}
}

func list[T any](in []T, each func(T) object) []any {
	out := make([]any, 0, len(in))
	for _, v := range in {
		out = append(out, each(v))
	}
	return out
}

// known is *v, or nil.
func known[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

// whole is *v as an int, or nil.
func whole[T ~int64 | ~uint32 | ~uint16](v *T) any {
	if v == nil {
		return nil
	}
	return int(*v)
}

// length is a time in milliseconds as a duration, or nil.
func length(ms *float64) any {
	if ms == nil {
		return nil
	}
	return time.Duration(*ms * 1e6)
}

func setupEnv(p *report.Percentiles, total *float64) object {
	e := timesEnv(p)
	e["total"] = length(total)
	return e
}

func timesEnv(p *report.Percentiles) object {
	e := object{"n": 0, "min": nil, "p50": nil, "p95": nil, "p99": nil, "max": nil}
	if p != nil {
		e = object{"n": p.N, "min": length(&p.MinMs), "p50": length(&p.P50Ms), "p95": length(&p.P95Ms),
			"p99": length(&p.P99Ms), "max": length(&p.MaxMs)}
	}
	return e
}

// phasesEnv has one entry for each phase: of several subjects (servers, channels) the one with the worst 95th
// percentile.
func phasesEnv(phases []report.PhaseSummary) object {
	e := object{}
	for _, name := range phaseNames {
		var worst *report.PhaseSummary
		for i, p := range phases {
			if p.Name == string(name) && (worst == nil || worst.Times == nil || p.Times != nil &&
				p.Times.P95Ms > worst.Times.P95Ms) {
				worst = &phases[i]
			}
		}
		if worst == nil {
			worst = &report.PhaseSummary{}
		}
		times := timesEnv(worst.Times)
		times["seen"], times["failed"] = worst.Seen, worst.Failed
		e[strings.ReplaceAll(string(name), "-", "_")] = times
	}
	return e
}

func pathEnv(p *report.Path) any {
	if p == nil {
		return nil
	}
	return object{"local": candidateEnv(p.Local), "remote": candidateEnv(p.Remote), "rtt": length(p.RTTMs),
		"relay": p.Relay, "ipv6": p.IPv6}
}

func candidateEnv(c report.Candidate) object {
	return object{
		"type": text(c.Type), "protocol": text(c.Protocol), "address": text(c.Address), "port": int(c.Port),
		"relay_protocol": text(c.RelayProtocol), "url": text(c.URL), "interface": text(c.Interface),
	}
}

// text is s, or nil where it is empty: what was not told.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func mediaEnv(m report.Media) object {
	return object{"audio": kindEnv(m.Audio), "video": kindEnv(m.Video)}
}

func kindEnv(k *report.Kind) any {
	if k == nil {
		return nil
	}
	return object{"inbound": streamEnv(k.Inbound), "outbound": streamEnv(k.Outbound)}
}

func streamEnv(s *report.Stream) any {
	if s == nil {
		return nil
	}
	return object{
		// #nosec G115 -- counters
		"mime_type": text(s.MimeType), "flows": s.Flows, "silent": s.Silent, "packets": int(s.Packets), "bytes": int(s.Bytes),
		"lost": whole(s.Lost), "loss": known(s.Loss), "jitter": length(s.JitterMs), "rtt": length(s.RTTMs), "bitrate": known(s.Bitrate),
		"frames_per_second": known(s.FramesPerSecond), "width": whole(s.Width), "height": whole(s.Height), "freezes": whole(s.Freezes),
		"nack": int(s.NACK), "pli": int(s.PLI),
	}
}

func findingsEnv(findings []report.Finding) []any {
	return list(findings, func(f report.Finding) object {
		return object{"id": f.ID, "severity": string(f.Severity), "title": f.Title}
	})
}

// serversEnv has an entry for each server that was given. Of one that had not answered when the call ended nothing is
// known.
func serversEnv(r *report.Report) []any {
	all := list(r.Servers, serverEnv)
	for _, url := range r.Target.ICEServers {
		if !slices.ContainsFunc(r.Servers, func(s report.ServerReport) bool { return s.URL == url }) {
			all = append(all, object{
				"url": url, "transport": nil, "ok": nil, "cause": nil, "error_code": nil, "rtt": nil, "mapped_address": nil, "relay_address": nil,
			})
		}
	}
	return all
}

func serverEnv(s report.ServerReport) object {
	e := object{
		"url": s.URL, "transport": text(s.Transport), "ok": s.OK, "cause": text(string(s.Cause())), "error_code": s.Code(),
		"rtt": nil, "mapped_address": text(s.Mapped()), "relay_address": text(s.Relayed()),
	}
	if rtt := s.RTT(); rtt != nil {
		e["rtt"] = rtt.Duration()
	}
	return e
}

func natEnv(n *report.Network) any {
	if n == nil {
		return nil
	}
	b := n.Behaviors
	return object{
		"nat": text(string(b.NAT.Value)), "mapping": text(string(b.Mapping.Value)), "filtering": text(string(b.Filtering.Value)),
		"port_preservation": text(string(b.PortPreservation.Value)), "udp": text(string(b.UDP.Value)),
		"ipv6": text(string(b.IPv6.Value)), "cgnat": text(string(b.CGNAT.Value)),
	}
}

func exitEnv(e report.Exit) object { return object{"code": e.Code, "name": e.Name} }

func runEnv(r report.Run) object {
	return object{
		"index": r.Index, "verdict": string(r.Verdict), "exit": exitEnv(r.Exit), "connected": r.Connected, "echoed": r.Echoed,
		"setup": object{"total": length(r.Setup.TotalMs)}, "path": pathEnv(r.Path), "media": mediaEnv(r.Media), "findings": findingsEnv(r.Findings),
	}
}

// example is a report in which nothing is absent: it gives expressions their types, and is what they are tried on.
func example() *report.Report {
	r := &report.Report{}
	fill(reflect.ValueOf(r).Elem(), 0)
	r.Checks = nil
	allocated := diag.Stage{Name: diag.StageAllocate, RTTMs: diag.Ptr(diag.Millis(1)), Mapped: "x", Relayed: "x"}
	r.Servers[0].TURN, r.Servers[0].Stages = true, []diag.Stage{allocated}
	r.Summary.Phases = nil
	for _, name := range phaseNames {
		r.Summary.Phases = append(r.Summary.Phases, report.PhaseSummary{Name: string(name), Seen: 1, Times: r.Summary.Setup})
	}
	return r
}

// fill gives every exported field a value, down to a bound for what holds itself.
func fill(v reflect.Value, depth int) {
	if depth > 8 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default: // nothing of another kind is seen by an expression
	}
}

// typeOf is the type of a value of the example's environment.
func typeOf(v any) types.Type {
	switch v := v.(type) {
	case object:
		m := types.Map{}
		for key, value := range v {
			m[key] = typeOf(value)
		}
		return m
	case []any:
		if len(v) == 0 {
			return types.Array(types.Any)
		}
		return types.Array(typeOf(v[0]))
	}
	return types.TypeOf(v)
}

// names lists every name of the environment with its path, and by itself: what a misspelt one may have meant.
func names(e any) []string {
	var out []string
	switch e := e.(type) {
	case object:
		for key, value := range e {
			out = append(append(out, key), names(value)...)
		}
	case []any:
		if len(e) > 0 {
			out = names(e[0])
		}
	}
	return out
}
