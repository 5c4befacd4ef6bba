package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
)

// writeCSV is a toy format: it writes what people read, and knows nothing of what that is.
func writeCSV(w io.Writer, r *Report) error {
	lines := csv.NewWriter(w)
	for _, check := range r.checks() {
		for _, s := range check.sections() {
			for _, row := range s.Rows {
				line := []string{check.name(), s.Title}
				for _, c := range row.Cells {
					line = append(line, c.Text)
				}
				if err := lines.Write(line); err != nil {
					return err
				}
			}
		}
	}
	lines.Flush()
	return lines.Error()
}

// TestToyFormat: a format is one function and one line of Formats.
func TestToyFormat(t *testing.T) {
	Formats["csv"] = writeCSV
	defer delete(Formats, "csv")
	for name, r := range fixtures(t) {
		var b bytes.Buffer
		if err := Formats["csv"](&b, r); err != nil {
			t.Fatal(err)
		}
		reader := csv.NewReader(&b)
		reader.FieldsPerRecord = -1
		lines, err := reader.ReadAll()
		rows := 0
		for _, c := range r.checks() {
			for _, s := range c.sections() {
				rows += len(s.Rows)
			}
		}
		if err != nil || len(lines) != rows || rows == 0 && name != "nothing" {
			t.Errorf("%s: %d lines of %d, %v", name, len(lines), rows, err)
		}
	}
}

// TestToyStatistic: a statistic of the fact that no other code of this package names is in the JSON, and one line shows it
// everywhere else.
func TestToyStatistic(t *testing.T) {
	c := placed(5*time.Millisecond, diag.EndDuration)
	c.Apply(diag.Event{At: time.Second, Data: diag.Sample{Final: true, Inbound: []diag.InboundRTP{
		{Kind: "audio", PacketsReceived: new(uint64(50)), PacketsDuplicated: new(uint64(7319))},
	}}})
	r := Build(Input{Runs: runs(c)})
	before := figures
	defer func() { figures = before }()
	figures = append(slices.Clip(figures), figure{
		title: "twice", unit: unitCount, metric: "duplicates", help: "Packets that came twice.",
		of: func(s *call.Stream) *float64 {
			return new(float64(*s.Inbound[0].PacketsDuplicated))
		},
	})
	for format, want := range map[string]string{
		"json": `"packetsDuplicated": 7319`, "text": "  twice", "markdown": "| 7319 |", "html": ">7319<", "junit": "7319",
		"prom": `dialtone_check_media_duplicates{check="check",kind="audio",direction="inbound"} 7319`,
	} {
		var b strings.Builder
		if err := Formats[format](&b, r); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s does not have %q:\n%s", format, want, b.String())
		}
	}
}
