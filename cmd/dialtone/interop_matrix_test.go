//go:build unix

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// matrixRow is a line of docs/explanation/evidence.md: what was seen of one call.
type matrixRow struct {
	stack, version           string
	way, offers              string
	dtls, data, audio, video string // seen from dialtone
	ended                    string // diag.EndReason
}

// line is the row in Markdown, without the version: another version does not have to mean another result.
func (r matrixRow) line() string {
	way := map[string]string{"room": "room", "offer": "one POST", "whip": "WHIP", "whep": "WHEP", "echo": "REST, echo test", "play": "REST, room"}[r.way]
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s |", r.stack, way, r.offers, r.dtls, r.data, r.audio, r.video, r.ended)
}

const (
	matrixFile  = "../../docs/explanation/evidence.md"
	matrixBegin = "<!-- The tables are written by: go test ./cmd/dialtone -run TestInterop -update -->\n"
	matrixEnd   = "<!-- The end of the tables. -->\n"
)

// checkMatrix compares what was seen with what is documented, or documents it.
func checkMatrix(t *testing.T, rows []matrixRow) {
	t.Helper()
	raw, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begun := strings.Cut(string(raw), matrixBegin)
	tables, tail, ended := strings.Cut(rest, matrixEnd)
	if !begun || !ended {
		t.Fatalf("%s has no place for the tables", matrixFile)
	}
	if *update {
		if len(rows) != len(encounters()) {
			t.Fatalf("%d of %d calls were placed: the tables stay as they are", len(rows), len(encounters()))
		}
		if err := os.WriteFile(matrixFile, []byte(head+matrixBegin+matrixTables(rows)+matrixEnd+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, r := range rows {
		if !strings.Contains(tables, r.line()+"\n") {
			t.Errorf("%s has no line\n%s\nWrite it anew with -update if that is right.", matrixFile, r.line())
		}
	}
}

// matrixTables are the stacks with their versions, and the calls, in the order of encounters.
func matrixTables(rows []matrixRow) string {
	var b strings.Builder
	b.WriteString("\n| peer | version | source | peculiarities |\n|---|---|---|---|\n")
	for _, s := range stacks {
		i := slices.IndexFunc(rows, func(r matrixRow) bool { return r.stack == s.name })
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.name, rows[i].version, s.source(), s.quirk)
	}
	b.WriteString("\n| peer | way | offerer | DTLS of dialtone | data channels | audio | video | end of the call |\n|---|---|---|---|---|---|---|---|\n")
	for _, e := range encounters() {
		for _, r := range rows {
			if r.stack == e.stack.name && r.way == e.way && (r.offers == "peer") == e.offered {
				b.WriteString(r.line() + "\n")
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}

// source is where a stack comes from.
func (s stack) source() string {
	if s.debian != "" {
		return "Debian, `" + s.debian + "`"
	}
	return "npm, `" + s.dir + "`"
}
