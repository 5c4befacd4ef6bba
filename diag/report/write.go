package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// Writer writes a report in one format.
type Writer func(w io.Writer, r *Report) error

// Formats are the writers by the name that -o takes. A new one is a file and a line here.
var Formats = map[string]Writer{
	"html":     WriteHTML,
	"json":     WriteJSON,
	"jsonl":    WriteJSONL,
	"junit":    WriteJUnit,
	"markdown": WriteMarkdown,
	"prom":     WriteProm,
	"tap":      WriteTAP,
	"text":     WriteText,
}

// WriteJSON writes the report as one JSON object ([Schema]), indented.
func WriteJSON(w io.Writer, r *Report) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// ReadJSON reads what [WriteJSON] wrote. The error says what is not a report, or one of another version.
func ReadJSON(raw []byte) (*Report, error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("unknown report format: schema %.60q instead of %q", head.Schema, Schema)
	}
	r := &Report{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, err
	}
	return r, nil
}
