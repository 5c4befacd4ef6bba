// Package verdict writes what a call or a diagnosis comes to: a headline, the reasons, and the next steps.
package verdict

import (
	"cmp"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// Said is a verdict in English.
type Said struct {
	// one line: of a call "connected for 4.0 s; you hung up", of a diagnosis which direct calls work
	Headline string   `json:"headline"`
	Why      []string `json:"why"`  // sentences with the evidence
	Next     []string `json:"next"` // next steps, the best first
}

// maxNext is how many next steps a verdict names.
const maxNext = 6

// Of writes a verdict in English.
func Of(v judge.Verdict) Said {
	o := v.Outcome
	if o.State == call.StateUnknown && o.Network != nil { // a diagnosis without a call
		return OfNetwork(*o.Network)
	}
	var causes []judge.Finding
	for _, f := range v.Findings {
		if v.Explains(f) {
			causes = append(causes, f)
		}
	}
	said := Said{Headline: headline(v, causes), Why: outcomeLines(o, len(causes) == 0)}
	for i, f := range causes {
		text := words.Of(f)
		if i > 0 || !nearHeadline(v) {
			said.Why = append(said.Why, text.Title)
		}
		if i == 0 || f.Family() == "ice" { // more than one thing may keep candidates apart
			said.Why = append(said.Why, sentences(text.Evidence)...)
		}
	}
	if o.Network != nil {
		said.Why = append(said.Why, "Diagnosis of the local network: "+OfNetwork(*o.Network).Headline)
	}
	said.Why = unique(said.Why)
	warned := slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.Severity != judge.Info })
	if (v.Exit != diag.ExitPass || warned) && v.Done || o.Failing {
		said.Next = next(v, o)
	}
	return said
}

// nearHeadline reports whether the headline is the title of the first cause.
func nearHeadline(v judge.Verdict) bool {
	switch v.Exit {
	case diag.ExitChannel, diag.ExitMedia, diag.ExitAssertion:
		return true
	default:
		return v.Outcome.Ended != diag.EndDTLS
	}
}

// headline is the verdict in a line.
func headline(v judge.Verdict, causes []judge.Finding) string {
	o := v.Outcome
	switch {
	case (o.Failing || o.Ended == diag.EndICE) && o.AtLeast:
		return "no path found within " + words.Duration(o.After)
	case o.Ended == diag.EndICE && o.Path != nil && !o.Connected && !o.Dump:
		return "the path was lost after " + words.Duration(o.After)
	case o.Failing || o.Ended == diag.EndICE:
		return "no path found after " + words.Duration(o.After)
	case o.Ended == "":
		return o.State.String()
	case o.Connected && len(causes) > 0 && o.Ended != diag.EndInternal &&
		(o.Ended != diag.EndPeerLost || causes[0].Family() == "machine"):
		return connectedFor(o) + ", but " + mainCause(causes)
	}
	switch o.Ended {
	case diag.EndHangup, diag.EndDuration, diag.EndPeerHangup, diag.EndInterrupted, diag.EndDump:
		return orderlyHeadline(o)
	case diag.EndPeerLost:
		if o.Up == nil {
			return "the peer vanished, when is unknown"
		}
		return "the peer vanished after " + atLeast(o) + words.Duration(*o.Up)
	case diag.EndNoPeer:
		return "timed out waiting for the peer after " + words.Duration(o.After)
	case diag.EndSignaling:
		return "signaling failed after " + words.Duration(o.After)
	case diag.EndPeerLeft:
		return "the peer left before the call was connected"
	case diag.EndDTLS:
		return "the DTLS handshake failed"
	case diag.EndInternal:
		if len(causes) > 0 && causes[0].ID == "call.cannot_run" {
			return mainCause(causes)
		}
		return "dialtone could not run the call"
	case diag.EndICE: // above
	}
	return "the call ended for a reason that this version does not know: " + diag.Clean(string(o.Ended), 60)
}

// mainCause is the first cause, or all the media that is missing.
func mainCause(causes []judge.Finding) string {
	var missing []string
	for _, f := range causes {
		if e, ok := f.Evidence.(judge.MediaMissing); ok && e.Kind != "" {
			missing = append(missing, "no "+string(e.Direction)+" "+e.Kind)
		}
	}
	if _, ok := causes[0].Evidence.(judge.MediaMissing); ok && len(missing) > 0 {
		return strings.Join(missing, ", ")
	}
	return clause(words.Of(causes[0]).Title)
}

// orderlyHeadline is that of a call that was ended on purpose.
func orderlyHeadline(o judge.Outcome) string {
	ended := map[diag.EndReason]string{
		diag.EndHangup: "you hung up", diag.EndDuration: "reached --for", diag.EndPeerHangup: "the peer hung up",
		diag.EndInterrupted: "interrupted", diag.EndDump: "the dump ends here",
	}[o.Ended]
	if o.Dump && o.Ended == diag.EndHangup {
		ended = "this side closed the connection"
	}
	switch {
	case o.Connected:
		return connectedFor(o) + "; " + ended
	case o.Ended == diag.EndPeerHangup:
		return "the peer hung up before the call was connected"
	case o.Partial:
		return "the part of the dump that was read does not show whether the call connected"
	case o.Stage == call.StageDevices:
		return "the dump has requests for devices, and no connection"
	case o.Stage == call.StageUndescribed:
		return ended + " before a description was set"
	}
	return ended + " while " + Stage(o.Stage)
}

// connectedFor says how long a call that was connected was.
func connectedFor(o judge.Outcome) string {
	if o.Up == nil {
		return "connected, for how long is unknown"
	}
	return "connected for " + atLeast(o) + words.Duration(*o.Up)
}

func atLeast(o judge.Outcome) string {
	if o.AtLeast {
		return "at least "
	}
	return ""
}

var stages = map[call.Stage]string{
	call.StageDialing:     "dialing",
	call.StageWaiting:     "waiting for the peer",
	call.StageNegotiating: "exchanging offer and answer",
	call.StageUnpaired:    "waiting for candidates",
	call.StageChecking:    "checking candidate pairs",
	call.StageSecuring:    "waiting for the DTLS handshake",
	call.StageFound:       "ICE was connected; the dump does not say whether DTLS was",
}

// Stage says what a call that is not connected is doing.
func Stage(s call.Stage) string { return cmp.Or(stages[s], "starting") }

// outcomeLines describe a call that was connected, and the error that ended any other unless a finding quotes it.
func outcomeLines(o judge.Outcome, withCause bool) []string {
	var out []string
	if o.Connected && o.Path != nil && o.Path.Local+o.Path.Remote != "" {
		out = append(out, "Path: "+judge.Path(o.Path)+".")
	}
	if o.Setup != nil {
		out = append(out, "Setup took "+words.Duration(*o.Setup)+", from pairing to an open channel.")
	}
	if o.Cause != "" && withCause {
		out = append(out, "Cause: "+o.Cause)
	}
	return out
}

// next are the steps that the findings advise, those of the causes first.
func next(v judge.Verdict, o judge.Outcome) []string {
	byUser := o.Ended == diag.EndInterrupted || o.Ended == diag.EndHangup || o.Ended == diag.EndDuration
	if !o.Connected && !o.Dump && byUser {
		if o.Stage == call.StageWaiting {
			return []string{"Start the peer while this side waits: its address, code or command is printed at the start."}
		}
		return []string{"Call again, and let it run until it connects or fails: a failure shows the cause."}
	}
	var out, last []string
	misled := slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "ice.other_session" })
	for _, f := range v.Findings {
		switch {
		case f.Severity == judge.Info:
		case f.ID == "ice.no_path" && (misled || !withoutServers(f)): // what it advises in general, others know for this call
			last = append(last, words.Of(f).Advice)
		case f.ID == "ice.no_path":
			out = append([]string{words.Of(f).Advice}, out...)
		default:
			out = append(out, words.Of(f).Advice)
		}
	}
	out = append(out, last...)
	if o.Network != nil {
		out = append(out, OfNetwork(*o.Network).Next...)
	}
	if o.Dump && o.Ended == diag.EndHangup {
		o.Ended = diag.EndDump // a later dump shows more
	}
	if o.Stage == call.StageDevices && len(out) == 0 {
		out = append(out, "Save the dump during the call: browsers forget a connection soon after it is closed.")
	}
	if o.Partial && !o.Connected {
		out = append(out, "Read the whole dump: copy the file again, or use --large.")
	}
	if out = unique(out); len(out) == 0 {
		out = []string{cmp.Or(words.Ended(diag.CallEnded{Reason: o.Ended, By: o.By}), watchAgain)}
	}
	return out[:min(len(out), maxNext)]
}

// watchAgain is the next step when nothing is known about the cause.
const watchAgain = "Call again with --record FILE, then look for the first step that fails: dialtone replay FILE."

// withoutServers reports whether a call that found no path was placed without STUN and TURN servers, the most common
// cause: then to give some is the best step.
func withoutServers(f judge.Finding) bool {
	e, ok := f.Evidence.(judge.NoPath)
	return ok && e.NoRelay && !e.Configured
}

// clause makes a sentence the end of another.
func clause(s string) string {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		s = strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// sentences makes evidence stand by itself: a capital and a full stop.
func sentences(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s == "" {
			continue
		}
		s = strings.ToUpper(s[:1]) + s[1:]
		if !strings.HasSuffix(s, ".") {
			s += "."
		}
		out = append(out, s)
	}
	return out
}

// unique leaves out what is empty or stands before.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Lines lists why, the findings and the next steps of a verdict, each behind its label: "why", a severity, "next".
func Lines(v judge.Verdict) [][2]string {
	said := Of(v)
	var out, found [][2]string
	titles := map[string]bool{}
	for _, f := range v.Findings {
		title := words.Of(f).Title
		titles[title] = true
		found = append(found, [2]string{string(f.Severity), title + " [" + f.ID + "]"})
	}
	for _, s := range said.Why {
		if !titles[s] {
			out = append(out, [2]string{"why", s})
		}
	}
	out = append(out, found...)
	for _, s := range said.Next {
		out = append(out, [2]string{"next", s})
	}
	return out
}
