package dump

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/dump/dumptest"
	"dialtone/diag/record"
)

// TestSameJudge: dialtone's recording of a call and the browser's dump of it, both of real calls, are judged alike.
// TestBrowserDumps with -update makes them.
func TestSameJudge(t *testing.T) {
	const connected = "connected for …"
	for name, want := range map[string][]string{
		"chromium-good":          {connected},
		"chromium-inbound-loss":  {connected, "media.loss inbound audio", "media.loss inbound video"},
		"chromium-outbound-loss": {connected, "media.loss outbound audio", "media.loss outbound video"},
		"chromium-one-way": {
			connected + ", but no inbound audio, no inbound video", "media.no_inbound_audio ", "media.no_inbound_video ",
		},
		"chromium-receive-only": {connected},
		"firefox-good":          {connected},
		"firefox-one-way": {
			connected + ", but no inbound audio, no inbound video", "media.no_inbound_audio ", "media.no_inbound_video ",
		},
		"firefox-outbound-loss": {connected, "media.loss outbound audio", "media.loss outbound video"},
	} {
		t.Run(name, func(t *testing.T) {
			recording, err := record.Read(bytes.NewReader(plain(t, "same/"+name+".jsonl.gz")))
			if err != nil {
				t.Fatal(err)
			}
			d, err := Read(bytes.NewReader(file(t, "same/"+name+".json.gz")), Options{})
			if err != nil || len(d.Faults) > 0 {
				t.Fatalf("%v, %+v", err, d)
			}
			i := 0 // of Firefox, the dump has the connections of other calls
			for ufrag := dumptest.RemoteUfrag(recording.Events); ; i++ {
				if i == len(d.Connections) {
					t.Fatalf("none of %d connections has the fragment %q", i, ufrag)
				}
				if strings.Contains(strings.Join(d.Connections[i].LocalUfrags, " "), ufrag) {
					break
				}
			}
			if diff := cmp.Diff(want, dumptest.Said(recording.Events, false)); diff != "" {
				t.Errorf("the recording: %s", diff)
			}
			if diff := cmp.Diff(want, dumptest.Said(d.Connections[i].Events, true)); diff != "" {
				t.Errorf("the dump: %s", diff)
			}
		})
	}
}
