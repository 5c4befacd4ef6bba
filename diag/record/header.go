package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"dialtone/diag"
)

// Schema is the name of the format in the first line of a recording. The number after the slash changes if older
// readers could misunderstand the file; new types of events and new fields do not change it.
const Schema = schemaName + "/2"

const schemaName = "dialtone.recording"

// Header is the first line of a recording.
type Header struct {
	Schema    string    `json:"schema"`             // set by [Create]
	StartedAt time.Time `json:"startedAt"`          // wall clock at event time 0, UTC
	Version   string    `json:"version"`            // dialtone's
	Command   string    `json:"command"`            // call, answer, demo, nat or check
	Redacted  bool      `json:"redacted,omitempty"` // addresses are pseudonyms; set by [Create]
	Config    Config    `json:"config"`
}

// Config is the configuration of the call, without secrets. Its names are those of the call.start event.
type Config struct {
	Code         string           `json:"code"`
	Signaling    string           `json:"signaling,omitempty"`
	Listens      bool             `json:"listens,omitempty"`
	Carried      bool             `json:"carried,omitempty"`
	Server       string           `json:"server,omitempty"`
	Join         string           `json:"join,omitempty"`
	ICEServers   []diag.ICEServer `json:"iceServers,omitempty"`
	RelayOnly    bool             `json:"relayOnly,omitempty"`
	Patient      bool             `json:"patient,omitempty"`
	PionDefaults bool             `json:"pionDefaults,omitempty"`
	Media        bool             `json:"media"`
	MediaOnly    bool             `json:"mediaOnly,omitempty"`
	Echo         bool             `json:"echo,omitempty"`         // what was received was sent back
	LoopbackOnly bool             `json:"loopbackOnly,omitempty"` // only candidates of the loopback interface
	WaitMs       *diag.Millis     `json:"wait_ms,omitempty"`      // absent: without limit
	ForMs        *diag.Millis     `json:"for_ms,omitempty"`       // absent: until a peer hangs up
	Insecure     bool             `json:"insecure,omitempty"`     // TLS certificates were not verified
	CustomCA     bool             `json:"customCA,omitempty"`     // further certificate authorities were trusted
}

// NewHeader is the header of a call with this configuration whose event time 0 is start.
func NewHeader(c diag.Config, start time.Time) Header {
	s := c.Start(start)
	return Header{
		StartedAt: start.UTC(), Version: c.Version, Command: c.Command,
		Config: Config{
			Code: s.Code, Signaling: s.Signaling, Listens: s.Listens, Carried: s.Carried, Server: s.Server, Join: s.Join,
			ICEServers: s.ICEServers, RelayOnly: s.RelayOnly, PionDefaults: s.PionDefaults, Patient: s.Patient, Media: s.Media,
			MediaOnly: s.MediaOnly, Echo: c.Echo, LoopbackOnly: c.LoopbackOnly, WaitMs: s.WaitMs, ForMs: s.ForMs,
			Insecure: c.Insecure, CustomCA: c.CAFile != "",
		},
	}
}

// parseHeader reads the first line. The error is ErrNotRecording (wrapped), a *SchemaError, or that of a header
// with fields of other types.
func parseHeader(line []byte) (Header, error) {
	var probe struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(line, &probe); err != nil {
		return Header{}, fmt.Errorf("%w: its first line is not a JSON object", ErrNotRecording)
	}
	if !strings.HasPrefix(probe.Schema, schemaName+"/") {
		return Header{}, fmt.Errorf("%w: its first line has no schema %q", ErrNotRecording, schemaName)
	}
	if probe.Schema != Schema {
		return Header{}, &SchemaError{Schema: diag.Clean(probe.Schema, 100)}
	}
	h := Header{Schema: probe.Schema}
	err := json.Unmarshal(line, &h)
	return h, err
}

// isRecording reports whether a file that begins like this was written by a Writer of any version.
func isRecording(beginning []byte) bool {
	return bytes.HasPrefix(beginning, []byte(`{"schema":"`+schemaName+`/`))
}
