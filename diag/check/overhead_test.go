package check

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/report"
)

// bareAPI is pion set as a peer of a loopback check sets it, without anything that observes it.
func bareAPI() *webrtc.API {
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetHostAcceptanceMinWait(0)
	se.SetPrflxAcceptanceMinWait(0)
	se.SetDTLSInsecureSkipHelloVerify(true)
	return webrtc.NewAPI(webrtc.WithSettingEngine(se))
}

// bareSetup does with pion alone what a check's call does until its first channel is open: the same settings and channels,
// descriptions and candidates handed over in memory. It begins where a check's setup begins: both parties are there.
func bareSetup(tb testing.TB) time.Duration {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	api := bareAPI()
	a, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	defer a.GracefulClose() //nolint:errcheck // it is over
	b, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	defer b.GracefulClose() //nolint:errcheck // it is over
	begin := time.Now()
	open := make(chan time.Time, 4)
	for _, label := range []string{diag.LabelControl, diag.LabelControlLegacy, diag.LabelChat, diag.LabelPing, diag.LabelStats} {
		dc, err := a.CreateDataChannel(label, nil)
		must(err)
		var once sync.Once
		dc.OnOpen(func() { once.Do(func() { open <- time.Now() }) })
	}
	ready := make(chan struct{})
	pass := func(to *webrtc.PeerConnection) func(*webrtc.ICECandidate) {
		return func(c *webrtc.ICECandidate) {
			if c != nil {
				<-ready
				_ = to.AddICECandidate(c.ToJSON()) // one that comes after the end finds nobody
			}
		}
	}
	a.OnICECandidate(pass(b))
	b.OnICECandidate(pass(a))
	offer, err := a.CreateOffer(nil)
	must(err)
	must(a.SetLocalDescription(offer))
	must(b.SetRemoteDescription(offer))
	answer, err := b.CreateAnswer(nil)
	must(err)
	must(b.SetLocalDescription(answer))
	must(a.SetRemoteDescription(answer))
	close(ready)
	select {
	case at := <-open:
		return at.Sub(begin)
	case <-time.After(30 * time.Second):
		tb.Fatal("no channel opened")
		return 0
	}
}

// checkSetup is the setup that a check of one short call reports.
func checkSetup(tb testing.TB) time.Duration {
	tb.Helper()
	r, err := Run(tb.Context(), Options{Target: Loopback{}, Config: diag.Config{For: 50 * time.Millisecond, NoMedia: true}})
	if err != nil || r.Setup.Total == nil {
		tb.Fatal(err, r.Headline)
	}
	return r.Setup.Total.Duration()
}

// overhead alternates the two and returns both medians, in ms.
func overhead(tb testing.TB, rounds int) (bare, checked float64) {
	tb.Helper()
	var a, b []diag.Millis
	for range rounds {
		a = append(a, diag.Millis(bareSetup(tb)))
		b = append(b, diag.Millis(checkSetup(tb)))
	}
	return report.PercentilesOf(a).P50.Float(), report.PercentilesOf(b).P50.Float()
}

// BenchmarkSetup compares the setup of a loopback check with that of bare pion, alternating in one run: medians in ms, and
// their ratio.
func BenchmarkSetup(b *testing.B) {
	var bare, checked []diag.Millis
	for b.Loop() {
		bare = append(bare, diag.Millis(bareSetup(b)))
		checked = append(checked, diag.Millis(checkSetup(b)))
	}
	x, y := report.PercentilesOf(bare).P50.Float(), report.PercentilesOf(checked).P50.Float()
	b.ReportMetric(x, "bare-ms")
	b.ReportMetric(y, "check-ms")
	b.ReportMetric(y/x, "ratio")
}

// TestOverhead holds the median setup of a loopback check to 1.5 times that of bare pion. A machine that is busy gets three
// tries: the ratio of one run is what counts, and noise can only make it worse.
func TestOverhead(t *testing.T) {
	labtest.NeedQuiet(t)
	const bound = 1.5
	for try := 1; ; try++ {
		bare, checked := overhead(t, labtest.Sample(24, 10))
		t.Logf("bare pion %.2f ms, check %.2f ms: %.2f times", bare, checked, checked/bare)
		if checked <= bound*bare {
			return
		}
		if try == 3 {
			t.Fatalf("the setup of a check takes %.2f times that of bare pion", checked/bare)
		}
	}
}
