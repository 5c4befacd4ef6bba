package dump

import (
	"fmt"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words/verdict"
)

// TestFirefoxStates: what Firefox reports of a connection proves what became of it, and no more.
func TestFirefoxStates(t *testing.T) {
	const pair = `,"selectedCandidatePairId":"p"`
	const packet = `{"id":"i","type":"inbound-rtp","kind":"audio","ssrc":1,"packetsReceived":9,"timestamp":1577966409000,` +
		`"lastPacketReceivedTimestamp":1577966404000}`
	for name, tt := range map[string]struct {
		closed         bool
		ice, dtls      string
		inbound, wants string
	}{
		"open":                     {false, `connected"` + pair, "connected", packet, "connected for at least 5.0 s; the dump ends here"},
		"open, no packets":         {false, `connected"` + pair, "connected", "", "connected, for how long is unknown; the dump ends here"},
		"the peer closed it":       {false, `connected"` + pair, "closed", packet, "connected, for how long is unknown; the peer hung up"},
		"both closed it":           {true, `connected"` + pair, "closed", "", "this side closed the connection while ICE was connected; the dump does not say whether DTLS was"},
		"no path":                  {false, `closed"`, "failed", "", "no path found within 9.0 s"},
		"the path was lost":        {false, `closed"`, "failed", packet, "the peer vanished, when is unknown"},
		"DTLS failed":              {false, `connected"` + pair, "failed", "", "the DTLS handshake failed"},
		"there is nobody to check": {false, `checking"`, "new", "", "the dump ends here while exchanging offer and answer"},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf(`{"pcid":"{a} 1577966400000000 (id=5 url=https://a.example)","timestamp":1577966409000,"closed":%t,`+
				`"offerer":true,"sdpHistory":[{"timestamp":1577966400000,"isLocal":true,"type":"offer","sdp":"v=0\r\n"}],`+
				`"transportStats":[{"id":"t","type":"transport","timestamp":1577966409000,"iceState":"%s,"dtlsState":%q}],`+
				`"inboundRtpStreamStats":[%s],"iceCandidatePairStats":[{"id":"p","type":"candidate-pair","state":"succeeded",`+
				`"responsesReceived":4}]}`, tt.closed, tt.ice, tt.dtls, tt.inbound)
			if tt.ice == `closed"` {
				text = strings.Replace(text, `"iceCandidatePairStats"`, `"x"`, 1)
			}
			d, err := Read(strings.NewReader(text), Options{})
			if err != nil || len(d.Connections) != 1 {
				t.Fatalf("%v, %+v", err, d)
			}
			if said := verdict.Of(judge.Judge(call.Fold(d.Connections[0].Events))).Headline; said != tt.wants {
				t.Errorf("%q, want %q", said, tt.wants)
			}
		})
	}
}

// TestFirefoxHandshake: Firefox says when it was connected at the latest, and not when DTLS began: how long that took is
// unknown.
func TestFirefoxHandshake(t *testing.T) {
	for _, e := range read(t, "firefox-page-good.json.gz").Connections[1].Events {
		start, _ := e.Data.(diag.PhaseStart)
		if end, _ := e.Data.(diag.PhaseEnd); start.Phase == diag.PhaseDTLS || end.Phase == diag.PhaseDTLS {
			t.Errorf("%+v", e.Data)
		}
	}
}
