// Package report holds the result of a check as one value, and writes it in the formats that people and programs read.
//
// A [Report] is made of calls that have ended, by pure functions: the same events give the same report. Every writer
// takes a report and an [io.Writer] and knows nothing else, so a report that was read from JSON is written as well as a
// fresh one. What people read is a list of sections, which text, Markdown and HTML share.
package report

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/speed"
)

// Schema names the form of a [Report] in JSON.
const Schema = "dialtone.report/2"

// Verdict is what a check amounts to.
type Verdict string

// Verdicts. Error means that the check itself could not be done: wrong usage, a file, a port, an interruption.
const (
	Pass  Verdict = "pass"
	Fail  Verdict = "fail"
	Error Verdict = "error"
)

// Report is the result of a check. What was not measured is null or absent. If a check consists of several runs, the
// measurements and details are those of the run that Detail names: the worst failure, or else the run with the median
// setup time. Of several checks (a scenario) each is a report in Checks, and the outer one holds the worst verdict and
// exit code.
type Report struct {
	Schema    string      `json:"schema"`
	Tool      string      `json:"tool"` // "dialtone v1.2.3"
	Name      string      `json:"name"` // of the check
	StartedAt time.Time   `json:"started_at"`
	Duration  diag.Millis `json:"duration_ms"`
	Target    Target      `json:"target"`
	Result                // findings of all runs: each ID, subject and side once, gravest first

	Detail int `json:"detail"` // index of the run that measurements and details describe
	Measurements
	Details

	Assertions []Assertion `json:"assertions"`
	Baseline   []Change    `json:"baseline,omitempty"` // compared with the earlier report
	Summary    Summary     `json:"summary"`
	Runs       []Run       `json:"runs"`
	Checks     []Report    `json:"checks,omitempty"` // of a scenario

	interrupted bool // it ended before all was done
}

// Result is what a run or a check amounts to.
type Result struct {
	Verdict  Verdict   `json:"verdict"`
	Exit     Exit      `json:"exit"`
	Headline string    `json:"headline"`
	Why      []string  `json:"why"`
	Next     []string  `json:"next"`
	Findings []Finding `json:"findings"`
}

// Exit is an exit code with its name.
type Exit struct {
	Code diag.Exit `json:"code"`
	Name string    `json:"name"`
}

// ExitOf names a code.
func ExitOf(e diag.Exit) Exit { return Exit{Code: e, Name: e.String()} }

// KindLoopback is the kind of a target in the same process.
const KindLoopback = "loopback"

// Target is what a check calls.
type Target struct {
	Kind       string      `json:"kind"` // loopback, scenario, or a way of signaling: room, post, whip, whep
	URL        string      `json:"url,omitempty"`
	Room       string      `json:"room,omitempty"` // the room code
	Role       string      `json:"role,omitempty"` // offer, answer or any
	ICEServers []string    `json:"ice_servers"`    // without credentials
	RelayOnly  bool        `json:"relay_only"`
	Media      bool        `json:"media"`
	For        diag.Millis `json:"for_ms"` // how long the connection is kept
}

// Measurements are what is measured of every run.
type Measurements struct {
	Setup Setup `json:"setup"`
	Path  *Path `json:"path"` // null if no candidate pair was selected
	Media Media `json:"media"`
	// how the peer took a stress test (--stress)
	Stress *call.Reactions `json:"stress,omitempty"`

	Speed *speed.Result `json:"speed,omitempty"` // of dialtone speed

	Restarts *Restarts `json:"restarts"` // null if ICE was not restarted
}

// Restarts are the ICE restarts of a call, and the longest pause of its media in each direction during one of them. A
// pause is null if no media flowed.
type Restarts struct {
	Count    int          `json:"count"`
	Inbound  *diag.Millis `json:"pause_inbound_ms"`
	Outbound *diag.Millis `json:"pause_outbound_ms"`
}

// Setup is how a call connected.
type Setup struct {
	// from the pairing until the first channel was open (media only: until connected); null: it did not connect
	Total  *diag.Millis `json:"total_ms"`
	Phases []Phase      `json:"phases"`
}

// Phase is a part of the setup; phases may overlap. Its outcome is empty while it is in progress.
type Phase struct {
	diag.PhaseEnd
	Start    diag.Millis  `json:"start_ms"`    // since the call began
	Duration *diag.Millis `json:"duration_ms"` // null: in progress when the call ended
}

// Path is the selected pair.
type Path struct {
	Local  diag.Candidate `json:"local"`
	Remote diag.Candidate `json:"remote"`
	RTT    *diag.Millis   `json:"rtt_ms"`
	Relay  bool           `json:"relay"` // one of the two is a relay candidate
	IPv6   bool           `json:"ipv6"`
}

// Media is what was sent and received, by kind; null if there was none.
type Media struct {
	Audio *Kind `json:"audio"`
	Video *Kind `json:"video"`
}

// Kind is one kind of media in both directions.
type Kind struct {
	Inbound  *call.Stream `json:"inbound"`
	Outbound *call.Stream `json:"outbound"`
}

// Details are those of the described run.
type Details struct {
	Candidates []diag.Candidate `json:"candidates"`
	Pairs      []Pair           `json:"pairs"`
	Channels   []Channel        `json:"channels"`
	Servers    []ServerReport   `json:"servers"` // STUN and TURN servers as they were queried beside the call
	NAT        *Network         `json:"nat"`     // the diagnosis of the network, if there was one

	Certificates []call.ServerCertificate `json:"certificates,omitempty"` // of servers over TLS
}

// Pair is a candidate pair in its last state.
type Pair struct {
	diag.Pair
	Local    string `json:"local"` // "host udp 192.0.2.1:4242"
	Remote   string `json:"remote"`
	Selected bool   `json:"selected"`
}

// Channel is a data channel.
type Channel struct {
	Label    string `json:"label"`
	Open     bool   `json:"open"`
	Echoed   bool   `json:"echoed"` // a message that was sent on it came back, or was answered
	Sent     uint64 `json:"messages_sent"`
	Received uint64 `json:"messages_received"`
}

// Assertion is an expression over the report and its result.
type Assertion struct {
	Expr    string `json:"expr"`
	Pass    bool   `json:"pass"`
	Value   any    `json:"value"`           // of the compared expression: of a < b the value of a
	Error   string `json:"error,omitempty"` // why it could not be evaluated: then it did not pass
	Default bool   `json:"default"`         // one of dialtone's own
}

// Change is a value that differs from the baseline's.
type Change struct {
	Name   string  `json:"name"` // setup.p50, media.audio.inbound.loss, …
	Before float64 `json:"before"`
	Now    float64 `json:"now"`
	Noise  float64 `json:"noise"` // a difference up to this is not significant
	Worse  bool    `json:"worse"` // a significant regression
	Unit   string  `json:"unit"`  // ms, ratio
}

// Summary is over all runs. Nothing is averaged.
type Summary struct {
	Runs        int            `json:"runs"`
	Passed      int            `json:"passed"`
	Failed      int            `json:"failed"`
	Interrupted int            `json:"interrupted"` // neither passed nor failed
	Setup       *Percentiles   `json:"setup"`       // of the runs that connected
	Phases      []PhaseSummary `json:"phases"`
}

// PhaseSummary is one phase over all runs.
type PhaseSummary struct {
	Phase   diag.PhaseName `json:"phase"`
	Subject string         `json:"subject,omitempty"`
	Seen    int            `json:"seen"`   // runs that had it
	Failed  int            `json:"failed"` // of these
	Times   *Percentiles   `json:"times"`  // of those that succeeded
}

// Percentiles are nearest-rank.
type Percentiles struct {
	N   int         `json:"n"`
	Min diag.Millis `json:"min_ms"`
	P50 diag.Millis `json:"p50_ms"`
	P95 diag.Millis `json:"p95_ms"`
	P99 diag.Millis `json:"p99_ms"`
	Max diag.Millis `json:"max_ms"`
}

// Run is one call of a check.
type Run struct {
	Index int         `json:"index"`
	Start diag.Millis `json:"start_ms"` // since the check began
	Result
	Measurements
	Samples   []Sample `json:"samples"`             // of the connection, for charts, at most 600
	Recording string   `json:"recording,omitempty"` // file, with --record
	Connected bool     `json:"connected"`
	Echoed    bool     `json:"echoed"`   // a message that was sent on a data channel came back, or a ping was answered
	Answered  bool     `json:"answered"` // the peer sent anything on a data channel

	Events []diag.Event `json:"-"` // of the described peer; nil in a report that was read
}

// Sample is one second of a run.
type Sample struct {
	At    diag.Millis  `json:"at_ms"` // since the call began
	RTT   *diag.Millis `json:"rtt_ms,omitempty"`
	Audio *Interval    `json:"audio,omitempty"`
	Video *Interval    `json:"video,omitempty"`
}

// Interval is the inbound media of one kind since the sample before.
type Interval struct {
	Loss            *float64     `json:"loss,omitempty"`    // 0–1
	Bitrate         *float64     `json:"bitrate,omitempty"` // bit/s
	Jitter          *diag.Millis `json:"jitter_ms,omitempty"`
	FramesPerSecond *float64     `json:"frames_per_second,omitempty"` // video
	MOS             *float64     `json:"mos,omitempty"`               // audio, by the E-model
}
