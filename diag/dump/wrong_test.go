package dump

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// TestWrongNumbers: numbers that nothing can measure are unknown, and prove no fault of the call.
func TestWrongNumbers(t *testing.T) {
	var whole map[string]any
	if err := json.Unmarshal(plain(t, "good.json.gz"), &whole); err != nil {
		t.Fatal(err)
	}
	all, _ := whole["PeerConnections"].(map[string]any)
	connection, _ := all["9-1"].(map[string]any)
	stats, _ := connection["stats"].(map[string]any)
	whole["PeerConnections"] = map[string]any{"9-1": connection}
	for _, name := range []string{"packetsReceived", "packetsSent", "packetsLost", "jitter", "timestamp", "currentRoundTripTime"} {
		kept := map[string]any{}
		for _, value := range []string{"-1e308", "1e308", "NaN", "null", `"x"`, "18446744073709551616", "{}"} {
			for key, s := range stats {
				if series, _ := s.(map[string]any); strings.HasSuffix(key, "-"+name) {
					if kept[key] == nil {
						kept[key] = series["values"]
					}
					series["values"] = "[" + strings.TrimSuffix(strings.Repeat(value+",", 7), ",") + "]"
				}
			}
			raw, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			d, err := Read(bytes.NewReader(raw), Options{})
			if err != nil {
				t.Fatal(err)
			}
			c := d.Connections[0]
			v := judge.Judge(call.Fold(c.Events))
			if len(kept) == 0 || v.Exit != diag.ExitPass || slices.ContainsFunc(v.Findings, proven) || c.Length > time.Minute {
				t.Errorf("%d series, %s = %s: %v, %v, %+v", len(kept), name, value, v.Exit, c.Length, v.Findings)
			}
			for _, e := range c.Events {
				if line, err := json.Marshal(e); err != nil || bytes.Contains(line, []byte("e+")) {
					t.Fatalf("%s = %s: %v %s", name, value, err, line)
				}
			}
		}
		for key, values := range kept {
			series, _ := stats[key].(map[string]any)
			series["values"] = values
		}
	}
}

// proven reports whether a finding says more than that something is unknown.
func proven(f judge.Finding) bool { return f.ID != "browser.uncounted" }

// TestWrongTimes: lines in any order are those of the same call; a time of no call leaves its line out.
func TestWrongTimes(t *testing.T) {
	lines := []string{
		`["create","PC_0",{"iceServers":[]},1700000000000]`,
		`["oniceconnectionstatechange","PC_0","checking",1700000000010]`,
		`["oniceconnectionstatechange","PC_0","connected",1700000000500]`,
		`["onconnectionstatechange","PC_0","connected",1700000000600]`,
		`["onconnectionstatechange","PC_0","failed",1e300]`, `["onconnectionstatechange","PC_0","failed",-4]`,
		`["onconnectionstatechange","PC_0","failed",null]`, `["onconnectionstatechange","PC_0","failed"`,
		`["close","PC_0",null,1700000003600]`,
	}
	for _, order := range []func(i int) int{func(i int) int { return i }, func(i int) int { return len(lines) - 1 - i }} {
		var text strings.Builder
		for i := range lines {
			text.WriteString(lines[order(i)] + "\n")
		}
		d, err := Read(strings.NewReader(text.String()), Options{})
		if err != nil || len(d.Connections) != 1 || fmt.Sprint(d.Faults) == "[]" || !strings.HasPrefix(d.Faults[0], "4 lines") {
			t.Fatalf("%v, %+v", err, d)
		}
		if c := d.Connections[0]; c.Length != 3600*time.Millisecond {
			t.Errorf("%v", c.Length)
		}
	}
}

// TestReadByName: of the series of webrtc-internals, all are read that the translation asks for by name.
func TestReadByName(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, name := range names {
		if name == "firefox.go" { // whose dumps have no series
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`values\["(\w+)"\]`).FindAllStringSubmatch(string(source), -1) {
			if asked++; !properties[m[1]] && m[1] != "type" { // which Chromium writes beside the series
				t.Errorf("%s asks for %s, which is not read", name, m[1])
			}
		}
	}
	if asked < 30 {
		t.Errorf("%d names", asked)
	}
}
