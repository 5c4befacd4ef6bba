package agents

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/load"
)

// phase is how far a test is, as the controller orders it.
type phase string

const (
	gathering phase = ""          // agents join, and get no orders
	refused   phase = "refused"   // the agent cannot take part: see Why
	preparing phase = "preparing" // the agent gets its part
	running   phase = "running"   // the schedule begins, or has begun
	stopping  phase = "stopping"  // the agent ends its calls
	finished  phase = "finished"  // the controller has the report of the agent
)

// order is what the controller sends to an agent, again and again.
type order struct {
	Test    string      `json:"test"` // the ID of the test; an agent takes part in one
	Phase   phase       `json:"phase"`
	Why     string      `json:"why,omitempty"`
	Plan    load.Plan   `json:"plan"` // with the agent's part
	Hold    diag.Millis `json:"hold_ms"`
	Timeout diag.Millis `json:"timeout_ms"` // of silence, after which an agent or the controller counts as gone
	Until   diag.Millis `json:"until_ms"`   // until the schedule begins; negative: since then. Clocks need not agree.
}

// state is how far an agent is.
type state string

const (
	joining  state = "joining"
	prepared state = "prepared" // it can begin at any time
	placing  state = "placing"
	failed   state = "failed" // it could not prepare: see Why
	ended    state = "ended"  // its report is the last
)

// status is what an agent sends, again and again.
type status struct {
	Agent  string `json:"agent"`          // its name
	ID     string `json:"id"`             // of its subject
	Test   string `json:"test,omitempty"` // "" while it joins
	State  state  `json:"state"`
	Why    string `json:"why,omitempty"`
	Report *chunk `json:"report,omitempty"`
}

// chunk is a piece of a report: its JSON, compressed, may be longer than a message.
type chunk struct {
	Serial int    `json:"serial"` // of the report
	Index  int    `json:"index"`  // of the piece, from 0
	Of     int    `json:"of"`     // pieces
	Data   []byte `json:"data"`
}

// Bounds of what arrives.
const (
	maxOrder    = 64 << 10
	maxPacked   = 6 << 20  // bytes of a compressed report
	maxWhole    = 64 << 20 // bytes of the compressed reports of all agents
	maxUnpacked = 24 << 20 // bytes of its JSON
	pieceSize   = 256 << 10
	maxPieces   = maxPacked/pieceSize + 1
	maxWhy      = 300
	maxHold     = 24 * time.Hour
	maxStages   = 100
	maxUntil    = time.Minute
	// each agent sends its report less often the longer it is, bytes a second, and the more agents there are
	reportsBudget = 100_000
	reportsPause  = 20 * time.Millisecond // for each agent
)

// MinTimeout and MaxTimeout bound how long a side may be silent.
const (
	MinTimeout = time.Second
	MaxTimeout = 10 * time.Minute
)

var errOrder = errors.New("not an order of a controller")

// readOrder reads an order of bytes whose author may be hostile.
func readOrder(raw []byte) (order, error) {
	var o order
	size := diag.SizeOfJSON(raw)
	if len(raw) > maxOrder || size.Objects > maxStages+10 || size.Elements > 2*maxStages {
		return o, errOrder
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return o, errOrder
	}
	o.Why = diag.Clean(o.Why, maxWhy)
	known := slices.Contains([]phase{refused, preparing, running, stopping, finished}, o.Phase)
	timeout, hold, p := o.Timeout.Duration(), o.Hold.Duration(), o.Plan
	switch {
	case !known || !ids.MatchString(o.Test):
		return o, errOrder
	case o.Phase == refused:
		return o, nil
	case timeout < MinTimeout || timeout > MaxTimeout || hold <= 0 || hold > maxHold || o.Until.Duration() > maxUntil:
		return o, errOrder
	case p.Part < 1 || p.Part > p.Parts || p.Parts > MaxAgents || len(p.Stages) > maxStages || p.Check() != nil:
		return o, errOrder
	}
	return o, nil
}

var errStatus = errors.New("not a status of an agent")

// readStatus reads a status of bytes whose author may be hostile.
func readStatus(raw []byte) (status, error) {
	var s status
	if len(raw) > 2*pieceSize {
		return s, errStatus
	}
	if size := diag.SizeOfJSON(raw); size.Objects > 10 || size.Elements > 10 {
		return s, errStatus
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, errStatus
	}
	s.Why = diag.Clean(s.Why, maxWhy)
	if !names.MatchString(s.Agent) || !ids.MatchString(s.ID) || s.Test != "" && !ids.MatchString(s.Test) {
		return s, errStatus
	}
	if c := s.Report; c != nil && (c.Of < 1 || c.Of > maxPieces || c.Index < 0 || c.Index >= c.Of ||
		len(c.Data) > pieceSize || c.Serial < 1) {
		return s, errStatus
	}
	return s, nil
}

// shareOf is how long a compressed report may be if there are so many.
func shareOf(parts int) int { return min(maxPacked, maxWhole/max(1, parts)) }

// pack compresses the report of one of so many parts.
func pack(r *load.Report, parts int) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(load.WriteJSON(z, r), z.Close()); err != nil {
		return nil, err
	}
	if share := shareOf(parts); b.Len() > share {
		return nil, fmt.Errorf("the report is longer than %d bytes: use fewer agents, or a shorter test", share)
	}
	return b.Bytes(), nil
}

// unpack reads a report whose author may be hostile.
func unpack(packed []byte) (*load.Report, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxUnpacked {
		return nil, fmt.Errorf("the report is longer than %d bytes", maxUnpacked)
	}
	return load.ReadJSON(raw)
}

// assembly puts the pieces of a report together: of the newest report only.
type assembly struct {
	serial int
	pieces [][]byte
	have   int
	bytes  int
}

// add takes a piece, and returns the report when it is complete; an error if it is longer than it may be.
func (a *assembly) add(c *chunk, most int) ([]byte, error) {
	if c.Serial < a.serial {
		return nil, nil
	}
	if c.Serial > a.serial || len(a.pieces) != c.Of {
		*a = assembly{serial: c.Serial, pieces: make([][]byte, c.Of)}
	}
	if a.pieces[c.Index] == nil {
		a.have++
	}
	if a.bytes += len(c.Data) - len(a.pieces[c.Index]); a.bytes > most {
		*a = assembly{serial: c.Serial}
		return nil, errStatus
	}
	a.pieces[c.Index] = append([]byte{}, c.Data...)
	if a.have < c.Of {
		return nil, nil
	}
	whole := bytes.Join(a.pieces, nil)
	*a = assembly{serial: c.Serial}
	return whole, nil
}
