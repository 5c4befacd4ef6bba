package main

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
)

// natText is the report for people. What servers said about themselves was cleaned where it was read.
func natText(r *diag.NATReport) string {
	var b strings.Builder
	for _, s := range r.Servers {
		fmt.Fprintf(&b, "%s\n", natServerLine(s))
	}
	for _, s := range r.TURN {
		fmt.Fprintf(&b, "%s\n", resultLine(s))
	}
	b.WriteString("\n")
	for _, row := range r.Behavior.Rows() {
		value := row.Value
		if row.Confidence != diag.NotKnown {
			value += " (" + string(row.Confidence) + ")"
		}
		fmt.Fprintf(&b, "%-14s %s\n", row.Name, value)
		for _, e := range row.Evidence {
			fmt.Fprintf(&b, "%-14s   %s\n", "", e)
		}
	}
	b.WriteString("\n" + natVerdict(r))
	return b.String()
}

// natVerdict is the end of the report: what it means, and what to do.
func natVerdict(r *diag.NATReport) string {
	var b strings.Builder
	fmt.Fprintf(&b, "verdict: %s (exit %d, %s)\n", r.Verdict.Headline, int(r.Exit), r.Exit)
	for _, why := range r.Verdict.Why {
		fmt.Fprintf(&b, "   why: %s\n", why)
	}
	if p := r.Verdict.Peer; p != nil {
		fmt.Fprintf(&b, "  pair: %s: %s\n", p.Path, p.Why)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "   %s: %s [%s]\n", f.Severity, f.Title, f.ID)
		if f.Advice != "" && !slices.Contains(r.Verdict.Next, f.Advice) {
			fmt.Fprintf(&b, "  next: %s\n", f.Advice)
		}
	}
	for _, next := range r.Verdict.Next {
		fmt.Fprintf(&b, "  next: %s\n", next)
	}
	fmt.Fprintf(&b, "result: %s\n", r.Verdict.Result)
	return b.String()
}

// natServerLine describes a STUN server.
func natServerLine(s diag.NATServer) string {
	if !s.OK {
		return fmt.Sprintf("%s: %s", s.URL, s.ErrorText)
	}
	line := fmt.Sprintf("%s: %s over %s sees %s", s.URL, s.Address, strings.ToUpper(s.Transport), s.Mapped)
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
	line := fmt.Sprintf("%s: %s over %s relays through %s", s.URL, s.Address, strings.ToUpper(s.Transport), s.RelayAddress)
	line += stages(s.DNSMs, s.ConnectMs, s.TLSMs) + certified(s.TLSVersion, s.TLSName, s.TLSExpires)
	if s.RTTMs != nil {
		line += fmt.Sprintf(", answer %s ms", tenths(*s.RTTMs))
	}
	switch {
	case s.Stopped != "":
		line += fmt.Sprintf(", then failed at %s: %s", s.Stopped, s.StoppedText)
	case s.ChannelMs != nil:
		line += fmt.Sprintf(", bytes back from %s by Send %s ms, by ChannelData %s ms, from %s", s.Peer, tenths(*s.SendMs), tenths(*s.ChannelMs), s.Seen)
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
