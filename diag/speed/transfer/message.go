package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Labels of the data channels of a measurement. Those with data are the prefix and the number of the test.
const (
	LabelControl = "dialtone-speed"
	LabelPing    = "dialtone-speed-ping"
	labelData    = "dialtone-speed/"
)

// version is that of the protocol.
const version = 1

// What a peer may ask for. Bytes are those of messages in both directions.
const (
	MaxTests    = 100
	MaxBytes    = 20e9
	MaxTime     = 10 * time.Minute // in a call
	MinSize     = headerSize
	MaxSize     = 64 << 10 // what every stack accepts (RFC 8841 §6.1)
	MaxTestTime = 2 * time.Minute
	maxRate     = 100e9
)

// maxMessage bounds a message of the protocol, in bytes.
const maxMessage = 4096

// code is what a message of the protocol means.
type code string

const (
	codeAsk    code = "ask"    // may a measurement of this extent begin?
	codeGrant  code = "grant"  // it may
	codeRefuse code = "refuse" // it may not
	codeTest   code = "test"   // a test begins
	codeReady  code = "ready"  // its channel is there, and data flows
	codeCount  code = "count"  // what arrived, and whether the sender is done
	codeStop   code = "stop"   // the test is over
	codeDone   code = "done"   // the same, of the end that serves: nothing more comes
)

// Reasons to refuse.
const (
	reasonDisallowed = "disallowed"
	reasonBusy       = "busy"
	reasonTooMuch    = "too_much"
	reasonInvalid    = "invalid"
)

// message is one of the protocol, a JSON object.
type message struct {
	Code     code                `json:"code"`
	Version  int                 `json:"version,omitempty"`
	MaxBytes uint64              `json:"max_bytes,omitempty"` // ask, and refuse: the most that is allowed
	MaxMs    diag.Millis         `json:"max_ms,omitempty"`    // likewise
	Reason   string              `json:"reason,omitempty"`    // refuse
	Number   int                 `json:"number"`              // of the test
	Test     *diag.SpeedTest     `json:"test,omitempty"`
	Count    *diag.SpeedInterval `json:"count,omitempty"`
	Sender   *diag.SpeedSender   `json:"sender,omitempty"`   // done: of the direction to the peer that measures
	Finished bool                `json:"finished,omitempty"` // count: the sender has spent its bytes or its time
}

// errMessage is returned for bytes that are no message of the protocol.
var errMessage = errors.New("not a message of the protocol")

// parse reads a message of the peer. What it holds is within bounds.
func parse(data []byte) (message, error) {
	var m message
	if len(data) > maxMessage {
		return m, fmt.Errorf("%w: %d bytes", errMessage, len(data))
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%w: %w", errMessage, err)
	}
	m.Reason = diag.Clean(m.Reason, 40)
	switch {
	case m.Number < 0 || m.Number >= MaxTests:
		return m, fmt.Errorf("%w: test %d", errMessage, m.Number)
	case m.Test != nil && !valid(*m.Test):
		return m, fmt.Errorf("%w: an invalid test", errMessage)
	case m.Count != nil && !plausible(*m.Count):
		return m, fmt.Errorf("%w: an invalid count", errMessage)
	case m.Sender != nil && !honest(*m.Sender):
		return m, fmt.Errorf("%w: an invalid sender", errMessage)
	}
	return m, nil
}

// valid reports whether a test is one that an end may run.
func valid(t diag.SpeedTest) bool {
	switch t.Way {
	case diag.SpeedUp, diag.SpeedDown, diag.SpeedBoth:
	case diag.SpeedIdle:
		return t.ForMs > 0 && t.ForMs.Duration() <= MaxTestTime
	default:
		return false
	}
	return t.ForMs > 0 && t.ForMs.Duration() <= MaxTestTime && t.WarmUpMs >= 0 && t.WarmUpMs < t.ForMs &&
		t.Size >= MinSize && t.Size <= MaxSize && t.Rate >= 0 && t.Rate <= maxRate && t.MaxBytes > 0
}

// plausible reports whether a count can be one.
func plausible(c diag.SpeedInterval) bool {
	ends := diag.Millis(2 * MaxTestTime)
	return c.FromMs >= 0 && c.ToMs > c.FromMs && c.ToMs <= ends && c.Lost > -1<<40 && c.Lost < 1<<40 &&
		c.Bytes < 1<<50 && c.Messages < 1<<40 &&
		(c.Packets == nil || *c.Packets < 1<<40) && (c.WireBytes == nil || *c.WireBytes < 1<<50) &&
		(c.JitterMs == nil || *c.JitterMs >= 0 && *c.JitterMs <= ends) &&
		(c.DelayMs == nil || *c.DelayMs >= 0 && *c.DelayMs <= ends)
}

// honest reports whether a sender can have fared so.
func honest(s diag.SpeedSender) bool {
	return s.Starved >= 0 && s.Starved <= 1 && s.Cores > 0 && s.Cores <= 1<<16 &&
		(s.Busy == nil || *s.Busy >= 0 && *s.Busy <= 1) && (s.CPU == nil || *s.CPU >= 0 && *s.CPU <= 1<<16)
}

// dataLabel is the label of the channel of a test.
func dataLabel(number int) string { return labelData + strconv.Itoa(number) }

// numberOf is the test of a channel with data, false if the label is of another one.
func numberOf(label string) (int, bool) {
	digits, ok := strings.CutPrefix(label, labelData)
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 0 && n < MaxTests && dataLabel(n) == label
}
