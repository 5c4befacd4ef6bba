package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dialtone/diag"
)

// Codes of control messages. The first four are the original page's and its document's.
const (
	codeReject    = "reject"
	codeMuteAudio = "mute_audio"
	codeMuteVideo = "mute_video"
	codeMuteMic   = "mute_microphone"
	codeHello     = "hello"   // of dialtone: its name, and that it can renegotiate
	codeEcho      = "echo"    // of events: the own hello came back, so the peer echoes what it gets
	codeRestart   = "restart" // of dialtone: it dials again for an ICE restart, and asks the peer to do so
)

// maxControl bounds a control message, in bytes.
const maxControl = 4 << 10

// control is a message of the control channel.
type control struct {
	Code  string `json:"code"`
	Value *bool  `json:"value,omitempty"`
	Agent string `json:"agent,omitempty"`
	Stats bool   `json:"stats,omitempty"` // of hello: what comes on the channel for statistics is read
	ID    string `json:"id,omitempty"`    // of hello: who said it, so that one that comes back is recognized
}

var errControl = errors.New("not a control message")

// parseControl reads a control message of any peer. Unknown codes are returned as they are, bounded.
func parseControl(data []byte) (control, error) {
	if len(data) > maxControl {
		return control{}, fmt.Errorf("%w: %d bytes", errControl, len(data))
	}
	var head struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(data, &head); err != nil || head.Code == "" {
		return control{}, fmt.Errorf("%w: no JSON object with a code", errControl)
	}
	name := diag.Clean(head.Code, 64)
	var c control
	switch head.Code {
	case codeMuteMic, codeMuteAudio, codeMuteVideo:
		if name == codeMuteMic {
			name = codeMuteAudio
		}
		if err := json.Unmarshal(data, &c); err != nil || c.Value == nil {
			return control{}, fmt.Errorf("%w: %s without a value", errControl, name)
		}
		return control{Code: name, Value: c.Value}, nil
	case codeHello:
		if err := json.Unmarshal(data, &c); err != nil {
			return control{}, fmt.Errorf("%w: %s: %w", errControl, name, err)
		}
		return control{Code: name, Agent: diag.Clean(c.Agent, 64), Stats: c.Stats, ID: c.ID}, nil
	}
	return control{Code: name}, nil
}

// sendControl sends a control message to the peer: on both labels of the control channel, until a hello has announced a
// dialtone, which listens on the documented one.
func (s *Session) sendControl(c control) {
	for _, label := range []string{diag.LabelControl, diag.LabelControlLegacy} {
		if s.sendControlOn(label, c) && s.remote.agent != "" {
			return
		}
	}
}

// sendControlOn reports whether the channel of a label took the message.
func (s *Session) sendControlOn(label string, c control) bool {
	data, err := json.Marshal(c)
	if err != nil || s.peer.Send(label, true, data) != nil {
		return false
	}
	s.o.Feed.Append(message(diag.Outbound, label, true, data))
	s.o.Feed.Append(diag.Control{Direction: diag.Outbound, Code: c.Code, Value: c.Value, Agent: c.Agent})
	return true
}

// agent is the own name in the hello.
func (s *Session) agent() string { return strings.TrimSpace("dialtone " + s.o.Config.Version) }

// isOwn reports whether a control message is the own hello, sent back by the peer. Each dialtone has an ID of its own,
// so a hello with the own name and no ID is one that the peer sends back changed.
func (s *Session) isOwn(c control) bool {
	return c.Code == codeHello && (c.ID == s.id || c.ID == "" && c.Agent == s.agent())
}

// obey acts on a control message of the peer.
func (s *Session) obey(c control) {
	switch c.Code {
	case codeReject:
		s.handle(input{kind: inReject})
	case codeMuteAudio, codeMuteVideo:
		kind := strings.TrimPrefix(c.Code, "mute_")
		s.peer.RemoteMuted(kind, *c.Value)
		s.o.Feed.Append(diag.TrackMuted{Side: diag.Remote, Kind: kind, Muted: *c.Value})
	case codeHello:
		if c.Agent != "" { // every dialtone says its name
			s.remote = remote{agent: c.Agent, restarts: true, stats: c.Stats}
		}
	case codeRestart:
		s.handle(input{kind: inRestartRequest})
	}
}
