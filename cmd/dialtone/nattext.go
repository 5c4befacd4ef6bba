package main

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
)

// natText is the report for people: what it means and what to do, then how that is known. The line for the other side
// is the last. What servers said about themselves was cleaned where it was read.
func natText(r *diag.NATReport, verbose bool) string {
	var b strings.Builder
	b.WriteString(natVerdict(r) + "\n" + natBehavior(r, verbose) + "\n")
	for _, s := range r.Servers {
		fmt.Fprintf(&b, "%s\n", natServerLine(s))
	}
	for _, s := range r.TURN {
		fmt.Fprintf(&b, "%s\n", resultLine(s))
	}
	return b.String() + "\n" + natResult(r)
}

// natBehavior is a row for each behavior, with its evidence. Those that are not known, and mostly need not be, share a
// line unless verbose.
func natBehavior(r *diag.NATReport, verbose bool) string {
	var b strings.Builder
	var folded []string
	nothing := r.Behavior.UDP.Value != diag.BehaviorPresent // then nothing else can be known
	for _, row := range r.Behavior.Rows() {
		if row.Value == diag.BehaviorUnknown && !verbose && (row.Minor() || nothing && row.Name != "UDP") {
			folded = append(folded, row.Name)
			continue
		}
		value := row.Value
		if row.Confidence != diag.NotKnown {
			value += " (" + string(row.Confidence) + ")"
		}
		fmt.Fprintf(&b, "%-14s %s\n", row.Name, value)
		for _, e := range row.Evidence {
			fmt.Fprintf(&b, "%-14s   %s\n", "", e)
		}
	}
	if len(folded) > 0 {
		fmt.Fprintf(&b, "%-14s %s; --verbose tells why\n", "unknown", strings.Join(folded, ", "))
	}
	return b.String()
}

// natVerdict is what it means, and what to do.
func natVerdict(r *diag.NATReport) string {
	var b strings.Builder
	fmt.Fprintf(&b, "verdict: %s (exit %d, %s)\n", r.Verdict.Headline, int(r.Exit), r.Exit)
	for _, why := range r.Verdict.Why {
		fmt.Fprintf(&b, "    why: %s\n", why)
	}
	if p := r.Verdict.Peer; p != nil {
		fmt.Fprintf(&b, "   pair: %s: %s\n", p.Path, p.Why)
	}
	told := slices.Clone(r.Verdict.Next)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%7s: %s [%s]\n", f.Severity, f.Title, f.ID)
		if f.Advice != "" && !slices.Contains(told, f.Advice) {
			fmt.Fprintf(&b, "   next: %s\n", f.Advice)
			told = append(told, f.Advice)
		}
	}
	for _, next := range r.Verdict.Next {
		fmt.Fprintf(&b, "   next: %s\n", next)
	}
	return b.String()
}

// natResult is the line for the other side.
func natResult(r *diag.NATReport) string { return "result: " + r.Verdict.Result + "\n" }

// natAt names a server and the address that was asked, where its URL does not.
func natAt(url, address, transport string) string {
	if !strings.Contains(url, ":"+address) {
		url += " (" + address + ")"
	}
	return url + " over " + strings.ToUpper(transport)
}

// natServerLine describes a STUN server.
func natServerLine(s diag.NATServer) string {
	if !s.OK {
		return fmt.Sprintf("%s: %s", s.URL, s.ErrorText)
	}
	line := natAt(s.URL, s.Address, s.Transport) + " sees " + s.Mapped
	line += stages(s.DNSMs, s.ConnectMs, s.TLSMs) + certified(s.TLSVersion, s.TLSName, s.TLSExpires)
	if t := s.RTT; t != nil {
		line += fmt.Sprintf(", answer %s ms", tenths(t.MedianMs))
		if t.Sent > 1 {
			line += fmt.Sprintf(" (least %s, jitter %s, %d of %d lost)", tenths(t.MinMs), tenths(t.JitterMs), t.Lost, t.Sent)
		}
	}
	if s.Software != "" {
		line += ", " + s.Software
	}
	switch s.Grade {
	case diag.GradeRFC5780:
		line += ", with the usage of RFC 5780"
	case diag.GradePlain:
		line += ", plain: " + s.WhyPlain
	}
	return line
}

// resultLine describes what a TURN server gave.
func resultLine(s diag.NATRelay) string {
	if !s.OK {
		return fmt.Sprintf("%s: failed at %s: %s", s.URL, s.Stage, s.ErrorText)
	}
	line := natAt(s.URL, s.Address, s.Transport) + " relays through " + s.RelayAddress
	line += stages(s.DNSMs, s.ConnectMs, s.TLSMs) + certified(s.TLSVersion, s.TLSName, s.TLSExpires)
	if s.RTTMs != nil {
		line += fmt.Sprintf(", answer %s ms", tenths(*s.RTTMs))
	}
	switch {
	case s.Stopped != "":
		line += fmt.Sprintf(", then failed at %s: %s", s.Stopped, s.StoppedText)
	case s.ChannelMs != nil:
		line += fmt.Sprintf(", bytes back from %s by Send %s ms, by ChannelData %s ms, from %s", s.Peer, tenths(*s.SendMs),
			tenths(*s.ChannelMs), s.Seen)
	}
	if s.RefreshMs != nil {
		line += fmt.Sprintf(", Refresh %s ms for %d s", tenths(*s.RefreshMs), s.LifetimeS)
	}
	if s.ReleaseMs != nil {
		line += fmt.Sprintf(", release %s ms", tenths(*s.ReleaseMs))
	}
	if s.Software != "" {
		line += ", " + s.Software
	}
	return line
}

// certified tells of a secured connection with whom it is, and until when; expires is RFC 3339.
func certified(version, name, expires string) string {
	if version == "" {
		return ""
	}
	day, _, _ := strings.Cut(expires, "T")
	return fmt.Sprintf(" (%s, certificate of %s until %s)", version, name, day)
}

// stages are the times of what comes before the answer, as far as they were measured.
func stages(dns, connect, secured *diag.Millis) string {
	line := ""
	for _, stage := range []struct {
		name string
		ms   *diag.Millis
	}{{"DNS", dns}, {"connect", connect}, {"TLS", secured}} {
		if stage.ms != nil {
			line += fmt.Sprintf(", %s %s ms", stage.name, tenths(*stage.ms))
		}
	}
	return line
}

// tenths writes milliseconds with one decimal.
func tenths(m diag.Millis) string { return fmt.Sprintf("%.1f", float64(m)/1e6) }
