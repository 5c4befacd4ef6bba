// Package judge draws conclusions: from the state of a call it makes findings and a verdict; package network does so
// for a diagnosis. It is pure, and it has no words: package words turns findings into English.
package judge

import (
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/judge/network"
)

// Verdict is what a call or a diagnosis amounts to. The terminal session, the plain output and a check all judge alike.
type Verdict struct {
	Done     bool      // it has ended; before that Exit says what it would be now
	Exit     diag.Exit // the exit code
	Outcome  Outcome   // what became of it
	Findings []Finding // everything that was noticed, gravest first
}

// Outcome is what became of a call, as facts. What does not apply is absent.
type Outcome struct {
	State     call.State       // where the call stands
	Ended     diag.EndReason   // empty while it lasts
	By        diag.EndedBy     // who ended it
	Failing   bool             // no path was found, and the call stays for a diagnosis only
	Stage     call.Stage       // what a call that never connected was doing
	After     time.Duration    // until it ended, from its start; of a call without a path, from the pairing
	Connected bool             // it ever was
	Up        *time.Duration   // how long it was connected, if that is known
	AtLeast   bool             // the dump shows one moment only: it may have been connected longer, and failed earlier
	Setup     *time.Duration   // from the pairing until a channel was open
	Path      *diag.Selected   // the candidate pair
	Cause     string           // the words of the error that ended it
	Network   *network.Verdict // of a diagnosis
	Dump      bool             // a browser placed the call, and its dump was read
	Partial   bool             // the dump was not read to its end
}

// Expectation is what a check asks of a call, beyond its connecting.
type Expectation struct {
	Media []call.MediaKind // what must flow, until the end
	Echo  bool             // a data channel must open and be echoed
	Path  string           // direct or relay; "" for any
	Load  Load             // how the program itself fared meanwhile
	// OneOfMany calls are judged by their sum: what a single one is too short to show is no failure.
	OneOfMany bool
	check     bool // everything that can be seen must have been seen
}

// expects reports whether a kind of media must flow in a direction.
func (x Expectation) expects(direction diag.Direction, kind string) bool {
	return slices.Contains(x.Media, call.MediaKind{Direction: direction, Kind: kind})
}

// Values of [Expectation].Path.
const (
	ExpectDirect = "direct"
	ExpectRelay  = "relay"
)

// rule is one question about a call; its answer may depend on what is asked of the call.
type rule func(out *finding.List, c *call.Call, x Expectation)

// rules are all of them, in the order in which findings of one severity are listed.
var rules = []rule{
	endFindings, machineFindings, signalingFindings, answerFindings,
	pathLostFindings, dtlsFindings, channelFindings,
	captureFindings, sharedFindings,
	sizeFindings, mediaFindings, soundFindings, publishFindings, encodingFindings, pictureFindings, skewFindings,
	lossFindings, pauseFindings,
	timingFindings, restartFindings, ssrcFindings, impairFindings, stressFindings, speedFindings,
	endsFindings, clientFindings, browserFindings,
	pathFindings, isolatedFindings, limitFindings, remoteFindings, serverFindings, networkFindings, warningFindings,
}

// Judge gives the verdict about a call. It is pure: the same call has the same verdict, live or replayed.
func Judge(c *call.Call) Verdict { return judge(c, Expectation{}) }

// Check judges a call as a check does: beyond what [Judge] asks, everything that was expected must have been seen.
func Check(c *call.Call, x Expectation) Verdict {
	x.check = true
	return judge(c, x)
}

func judge(c *call.Call, x Expectation) Verdict {
	if c.Alone() {
		return judgeDiagnosis(c)
	}
	var found finding.List
	for _, find := range rules {
		find(&found, c, x)
	}
	v := Verdict{Done: c.Ended != nil, Outcome: outcome(c), Findings: found.Merged()}
	markInjected(c, v.Findings)
	v.Exit = exitOf(c, v.Findings)
	return v
}

// outcome collects what became of the call.
func outcome(c *call.Call) Outcome {
	o := Outcome{
		State: c.State(), Failing: c.Failing(), Stage: c.Stage(), After: c.Now, Path: c.Selected,
		Network: blamed(c), Dump: c.Browser != nil, Connected: c.ConnectedAt != nil, Up: upTime(c),
	}
	if o.Dump {
		o.Partial, o.AtLeast = c.Browser.Start.Partial, c.Browser.Start.Snapshot
	}
	if setup, known := c.SetupTime(); known {
		o.Setup = &setup
	}
	if c.Ended != nil {
		o.Ended, o.By, o.Cause, o.After = c.Ended.Reason, c.Ended.By, diag.Clean(c.Ended.Cause, 300), c.EndedAt
	}
	if c.NoPath() {
		o.After = c.FailedAt() - c.PairedAt()
	}
	return o
}

// exitOf is the exit code of a call with these findings.
func exitOf(c *call.Call, found []Finding) diag.Exit {
	if c.Ended == nil {
		if c.Failing() {
			return diag.ExitICE
		}
		return diag.ExitInterrupted
	}
	switch c.Ended.Reason {
	case diag.EndHangup, diag.EndDuration, diag.EndPeerHangup, diag.EndInterrupted, diag.EndDump:
		return exitOfOrderly(c, found)
	case diag.EndPeerLost, diag.EndICE:
		return diag.ExitICE
	case diag.EndNoPeer:
		return diag.ExitNoPeer
	case diag.EndSignaling, diag.EndPeerLeft:
		return diag.ExitSignaling
	case diag.EndDTLS:
		return diag.ExitDTLS
	case diag.EndInternal:
	}
	return diag.ExitCannotRun
}

// exitOfOrderly is that of a call that was ended on purpose: a problem of an earlier step counts before one of a later.
func exitOfOrderly(c *call.Call, found []Finding) diag.Exit {
	switch {
	case c.ConnectedAt == nil && c.Ended.Reason == diag.EndPeerHangup:
		return diag.ExitSignaling
	case c.ConnectedAt == nil, c.Ended.Reason == diag.EndInterrupted, !c.MediaOnly() && leftAtOnce(c):
		return diag.ExitInterrupted
	}
	for _, exit := range []diag.Exit{diag.ExitICE, diag.ExitChannel, diag.ExitMedia, diag.ExitAssertion} {
		if slices.ContainsFunc(found, func(f Finding) bool { return f.Severity == Problem && exitOfFinding(f) == exit }) {
			return exit
		}
	}
	return diag.ExitPass
}

// exitOfFinding is what a problem of a call that connected amounts to.
func exitOfFinding(f Finding) diag.Exit {
	switch f.Family() {
	case "ice":
		return diag.ExitICE
	case "channel", "speed":
		return diag.ExitChannel
	case "media":
		return diag.ExitMedia
	case "browser":
		if strings.HasPrefix(f.ID, "browser.capture_") {
			return diag.ExitMedia
		}
	}
	return diag.ExitAssertion
}

// Explains reports whether a finding is what led to the exit code of the verdict.
func (v Verdict) Explains(f Finding) bool {
	if f.Severity != Problem {
		return false
	}
	switch v.Exit {
	case diag.ExitPass:
		return false
	case diag.ExitInterrupted:
		return v.Outcome.Dump && !v.Outcome.Connected
	case diag.ExitChannel, diag.ExitMedia, diag.ExitAssertion:
		return exitOfFinding(f) == v.Exit
	default:
		return true
	}
}

// browserFindings are what only the dump of a browser shows.
func browserFindings(out *finding.List, c *call.Call, _ Expectation) {
	*out = append(*out, browser.Findings(c.Browser, c.BrowserFacts())...)
}

// captureFindings are those about devices that the page did not get: they explain the media that is missing.
func captureFindings(out *finding.List, c *call.Call, _ Expectation) {
	*out = append(*out, browser.Captures(c.Browser, c.BrowserFacts())...)
}

// Finding is one conclusion.
type Finding = finding.Finding

// Severity grades a finding.
type Severity = diag.Severity

// Severities.
const (
	Info    = diag.Info    // good to know
	Warn    = diag.Warn    // it may do harm
	Problem = diag.Problem // it explains a failure
)
