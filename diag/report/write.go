package report

import (
	"encoding/json"
	"fmt"
	"io"

	"dialtone/diag"
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
func WriteJSON(w io.Writer, r *Report) error { return diag.WriteJSON(w, r, "  ") }

// Bounds of a report that is read: those of about 1,200 runs, or of a scenario.
const (
	maxObjects  = 60_000
	maxElements = 60_000 // of lists
	maxValues   = 1_000_000
	maxChecks   = 250
)

// ReadJSON reads what [WriteJSON] wrote. The error says what is not a report, one of another version, or one that would
// take much more memory than its text.
func ReadJSON(raw []byte) (*Report, error) {
	if n := diag.SizeOfJSON(raw); n.Objects > maxObjects || n.Elements > maxElements || n.Members > maxValues {
		return nil, fmt.Errorf("more than %d objects, %d elements of lists or %d values: use fewer runs",
			maxObjects, maxElements, maxValues)
	}
	var head struct {
		Schema string            `json:"schema"`
		Checks []json.RawMessage `json:"checks"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("unknown report format: schema %.60q instead of %q", head.Schema, Schema)
	}
	if len(head.Checks) > maxChecks {
		return nil, fmt.Errorf("more than %d checks", maxChecks)
	}
	r := &Report{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, err
	}
	return r, nil
}
