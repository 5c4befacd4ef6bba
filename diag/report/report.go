// Package report holds what a check found out, as one value, and writes it in the formats that people and programs
// read.
//
// A [Report] is made of calls that have ended, by pure functions: the same events give the same report. Every writer
// takes a report and an [io.Writer] and knows nothing else, so a report that was read from JSON is written as well as a
// fresh one.
package report

import (
	"time"

	"dialtone/diag"
)

// Schema names the form of a [Report] in JSON.
const Schema = "dialtone.report/1"

// Verdict is what a check amounts to.
type Verdict string

// Verdicts. Error means that the check itself could not be done: wrong usage, a file, a port, an interruption.
const (
	Pass  Verdict = "pass"
	Fail  Verdict = "fail"
	Error Verdict = "error"
)

// Report is everything that a check found out. Times are in milliseconds, ratios are 0–1, what was not measured is
// absent. Where a check consists of several runs, Setup to Media are those of the run that Detail names: the worst
// failure, or else the run with the median set-up. Of several checks (a scenario) each is a report of its own in
// Checks, and the outer one holds the worst verdict and exit code.
type Report struct {
	Schema     string    `json:"schema"`
	Tool       string    `json:"tool"` // "dialtone v1.2.3"
	Name       string    `json:"name"` // of the check
	StartedAt  time.Time `json:"started_at"`
	DurationMs float64   `json:"duration_ms"`

	Verdict  Verdict  `json:"verdict"`
	Exit     Exit     `json:"exit"`
	Headline string   `json:"headline"`
	Why      []string `json:"why"`
	Next     []string `json:"next"`

	Target Target `json:"target"`

	Detail     int            `json:"detail"` // index of the run that the following describe
	Setup      Setup          `json:"setup"`
	Path       *Path          `json:"path"` // null where no pair was selected
	Candidates []Candidate    `json:"candidates"`
	Pairs      []Pair         `json:"pairs"`
	Channels   []Channel      `json:"channels"`
	Media      Media          `json:"media"`
	Servers    []ServerReport `json:"servers"` // STUN and TURN servers as probes of their own saw them
	NAT        *Network       `json:"nat"`     // the diagnosis of the network, where it was made

	Findings   []Finding   `json:"findings"` // of all runs, each ID and title once, gravest first
	Assertions []Assertion `json:"assertions"`
	Baseline   []Change    `json:"baseline,omitempty"` // against the earlier report
	Summary    Summary     `json:"summary"`
	Runs       []Run       `json:"runs"`
	Checks     []Report    `json:"checks,omitempty"` // of a scenario

	interrupted bool // it ended before all was done
}

// Exit is an exit code with its name.
type Exit struct {
	Code int    `json:"code"`
	Name string `json:"name"`
}

// ExitOf names a code.
func ExitOf(e diag.Exit) Exit { return Exit{Code: int(e), Name: e.String()} }

// Target is what was called.
type Target struct {
	Kind       string   `json:"kind"` // loopback, room, offer, whip, whep
	URL        string   `json:"url,omitempty"`
	Room       string   `json:"room,omitempty"` // the code
	Role       string   `json:"role,omitempty"` // offer, answer or any
	ICEServers []string `json:"ice_servers"`    // without credentials
	RelayOnly  bool     `json:"relay_only"`
	Media      bool     `json:"media"`
	ForMs      float64  `json:"for_ms"` // how long the connection was to be kept
}

// Setup is how a call came up.
type Setup struct {
	// from the pairing until the first channel was open (media only: until connected); null: it did not
	TotalMs *float64 `json:"total_ms"`
	Phases  []Phase  `json:"phases"`
}

// Phase is a part of the set-up; phases may overlap.
type Phase struct {
	Name       string   `json:"name"`              // a diag.PhaseName
	Subject    string   `json:"subject,omitempty"` // a server, a channel, a stream
	StartMs    float64  `json:"start_ms"`          // since the call began
	DurationMs *float64 `json:"duration_ms"`       // null: it was not over
	Outcome    string   `json:"outcome"`           // ok, failed, cancelled; "" where it was not over
	Detail     string   `json:"detail,omitempty"`
}

// Path is the selected pair.
type Path struct {
	Local  Candidate `json:"local"`
	Remote Candidate `json:"remote"`
	RTTMs  *float64  `json:"rtt_ms"`
	Relay  bool      `json:"relay"` // one of the two is a relay
	IPv6   bool      `json:"ipv6"`
}

// Candidate is an ICE candidate.
type Candidate struct {
	Side          string `json:"side"` // local or remote
	Type          string `json:"type"` // host, srflx, prflx or relay
	Protocol      string `json:"protocol"`
	Address       string `json:"address"`
	Port          uint16 `json:"port"`
	RelayProtocol string `json:"relay_protocol,omitempty"`
	URL           string `json:"url,omitempty"`
	Interface     string `json:"interface,omitempty"`
}

// Pair is a candidate pair and how it ended.
type Pair struct {
	Local     string   `json:"local"` // "host udp 192.0.2.1:4242"
	Remote    string   `json:"remote"`
	State     string   `json:"state"`
	Nominated bool     `json:"nominated"`
	Selected  bool     `json:"selected"`
	Sent      uint64   `json:"requests_sent"`
	Answered  uint64   `json:"responses_received"`
	RTTMs     *float64 `json:"rtt_ms"`
}

// Channel is a data channel.
type Channel struct {
	Label    string `json:"label"`
	Open     bool   `json:"open"`
	Echoed   bool   `json:"echoed"` // something that was sent on it came back, or was answered
	Sent     uint64 `json:"messages_sent"`
	Received uint64 `json:"messages_received"`
}

// Media is what was sent and received, by kind; null where there was none.
type Media struct {
	Audio *Kind `json:"audio"`
	Video *Kind `json:"video"`
}

// Kind is one kind of media in both directions.
type Kind struct {
	Inbound  *Stream `json:"inbound"`
	Outbound *Stream `json:"outbound"`
}

// Stream is one direction of a kind of media; of several streams their sum, and the worst of jitter and round trip.
type Stream struct {
	MimeType        string   `json:"mime_type,omitempty"`
	Flows           bool     `json:"flows"`  // packets came, until the end
	Silent          bool     `json:"silent"` // packets came, and nothing but silence or standing pictures were in them
	Packets         uint64   `json:"packets"`
	Bytes           uint64   `json:"bytes"`
	Lost            *int64   `json:"lost"`
	Loss            *float64 `json:"loss"` // lost / expected
	JitterMs        *float64 `json:"jitter_ms"`
	RTTMs           *float64 `json:"rtt_ms"`
	Bitrate         *float64 `json:"bitrate"` // bit/s over the whole connection
	FramesPerSecond *float64 `json:"frames_per_second"`
	Width           *uint16  `json:"width"`
	Height          *uint16  `json:"height"`
	Freezes         *uint32  `json:"freezes"`
	NACK            uint32   `json:"nack"`
	PLI             uint32   `json:"pli"`
}

// Assertion is an expression over the report and what came of it.
type Assertion struct {
	Expr    string `json:"expr"`
	Pass    bool   `json:"pass"`
	Value   any    `json:"value"`           // what the compared expression was: of a < b the value of a
	Error   string `json:"error,omitempty"` // why it could not be evaluated: then it did not pass
	Default bool   `json:"default"`         // one of dialtone's own
}

// Change is a value that differs from the baseline's.
type Change struct {
	Name   string  `json:"name"` // setup.p50, media.audio.inbound.loss, …
	Before float64 `json:"before"`
	Now    float64 `json:"now"`
	Noise  float64 `json:"noise"` // a difference up to this says nothing
	Worse  bool    `json:"worse"` // beyond the noise, in the bad direction
	Unit   string  `json:"unit"`  // ms, ratio
}

// Summary is over all runs. Nothing is averaged.
type Summary struct {
	Runs        int            `json:"runs"`
	Failed      int            `json:"failed"`
	Interrupted int            `json:"interrupted"` // neither passed nor failed
	Setup       *Percentiles   `json:"setup"`       // of the runs that came up
	Phases      []PhaseSummary `json:"phases"`
}

// PhaseSummary is one phase over all runs.
type PhaseSummary struct {
	Name    string       `json:"name"`
	Subject string       `json:"subject,omitempty"`
	Seen    int          `json:"seen"`   // runs that had it
	Failed  int          `json:"failed"` // of these
	Times   *Percentiles `json:"times"`  // of those that were over and ok
}

// Percentiles are nearest-rank, in milliseconds.
type Percentiles struct {
	N     int     `json:"n"`
	MinMs float64 `json:"min_ms"`
	P50Ms float64 `json:"p50_ms"`
	P95Ms float64 `json:"p95_ms"`
	P99Ms float64 `json:"p99_ms"`
	MaxMs float64 `json:"max_ms"`
}

// Run is one call of a check, in short.
type Run struct {
	Index     int       `json:"index"`
	StartMs   float64   `json:"start_ms"` // since the check began
	Verdict   Verdict   `json:"verdict"`
	Exit      Exit      `json:"exit"`
	Headline  string    `json:"headline"`
	Setup     Setup     `json:"setup"`
	Path      *Path     `json:"path"`
	Media     Media     `json:"media"`
	Findings  []Finding `json:"findings"`
	Samples   []Sample  `json:"samples"`             // of the connection, for charts, at most 600
	Recording string    `json:"recording,omitempty"` // file, where --record was given
	Connected bool      `json:"connected"`
	Echoed    bool      `json:"echoed"` // something that was sent on a data channel was answered

	Events []diag.Event `json:"-"` // as they came, of the side that is described; nil in a report that was read
}

// Sample is one second of a run.
type Sample struct {
	AtMs          float64  `json:"at_ms"` // since the call began
	RTTMs         *float64 `json:"rtt_ms"`
	AudioInLoss   *float64 `json:"audio_in_loss"` // of the last interval
	VideoInLoss   *float64 `json:"video_in_loss"`
	AudioInRate   *float64 `json:"audio_in_bitrate"`
	VideoInRate   *float64 `json:"video_in_bitrate"`
	AudioInJitter *float64 `json:"audio_in_jitter_ms"`
	VideoInJitter *float64 `json:"video_in_jitter_ms"`
	VideoInFPS    *float64 `json:"video_in_fps"`
}
