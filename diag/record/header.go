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

// Config is what call.start says, and what only a header does: the configuration of the call, without secrets.
type Config struct {
	diag.CallStart
	Echo         bool `json:"echo,omitempty"`         // what was received was sent back
	LoopbackOnly bool `json:"loopbackOnly,omitempty"` // only candidates of the loopback interface
	Insecure     bool `json:"insecure,omitempty"`     // TLS certificates were not verified
	CustomCA     bool `json:"customCA,omitempty"`     // further certificate authorities were trusted
}

// NewHeader is the header of a call with this configuration whose event time 0 is start.
func NewHeader(c diag.Config, start time.Time) Header {
	return Header{
		StartedAt: start.UTC(), Version: c.Version, Command: c.Command,
		Config: Config{
			CallStart: c.Start(start), Echo: c.Echo, LoopbackOnly: c.LoopbackOnly, Insecure: c.Insecure,
			CustomCA: c.CAFile != "",
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
