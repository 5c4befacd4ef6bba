package check

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/speed"
)

// measured is a measurement between two peers here.
func measured(t testing.TB, r speed.Request, impairments ...diag.Impairment) *speed.Result {
	t.Helper()
	plan := speed.PlanOf(r)
	report, err := Run(t.Context(), Options{
		Name: "speed", Target: Loopback{}, ExpectMedia: []string{},
		Config: diag.Config{For: time.Millisecond, NoMedia: true, Speed: &plan, Impair: impairments},
	})
	if err != nil || report.Speed == nil || !report.Speed.Complete {
		t.Fatalf("%v: %s, %+v", err, report.Headline, report.Speed)
	}
	return report.Speed
}

// TestSpeedGrid: what is found over links of known rates, in a sender of the real stack.
func TestSpeedGrid(t *testing.T) {
	labtest.NeedQuiet(t)
	for _, mbits := range []float64{1, 5, 20, 100} {
		for _, rtt := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond} {
			t.Run(fmt.Sprintf("%v Mbit/s, %v", mbits, rtt), func(t *testing.T) {
				r := measured(t, speed.Request{
					Ways: []diag.SpeedWay{diag.SpeedUp, diag.SpeedDown}, For: 9 * time.Second, Size: 16384, MaxBytes: 1e9,
				}, diag.Impairment{Rate: mbits * 1e6, DelayMs: diag.Millis(rtt / 2)})
				for name, f := range map[string]*speed.Flow{"up": r.Up, "down": r.Down} {
					if f == nil || f.Rate == nil || f.Capacity == nil || f.Loaded == nil {
						t.Fatalf("%s: %+v", name, f)
					}
					t.Logf("%-4s messages %6.2f, packets %6.2f, highest %6.2f Mbit/s; round trips %v, loaded %v, p95 %v, lost %d", name,
						f.Goodput/1e6, *f.Rate/1e6, *f.Capacity/1e6, r.Idle.P50.Duration(), f.Loaded.P50.Duration(), f.Loaded.P95.Duration(), f.Loaded.Lost)
					if math.Abs(*f.Capacity/1e6-mbits) > 0.05*mbits {
						t.Errorf("%s: %.2f Mbit/s", name, *f.Capacity/1e6)
					}
				}
			})
		}
	}
}

// BenchmarkSpeed compares what dialtone speed finds on this machine with a bare pion sender, in turns.
func BenchmarkSpeed(b *testing.B) {
	var bare, ours []float64
	for range b.N {
		bare = append(bare, barePion(b, 3*time.Second))
		r := measured(b, speed.Request{Ways: []diag.SpeedWay{diag.SpeedUp}, For: 3 * time.Second, WarmUp: time.Second, Size: 16384, MaxBytes: 2e9})
		ours = append(ours, r.Up.Goodput/8e6)
	}
	median := func(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }
	b.ReportMetric(median(bare), "bare-MB/s")
	b.ReportMetric(median(ours), "speed-MB/s")
	b.ReportMetric(median(ours)/median(bare), "ratio")
}

// barePion is the rate of messages between two connections of pion with its defaults, MB/s, after a second.
func barePion(b *testing.B, length time.Duration) float64 {
	b.Helper()
	var engine webrtc.SettingEngine
	engine.SetIncludeLoopbackCandidate(true)
	api := webrtc.NewAPI(webrtc.WithSettingEngine(engine))
	ctx, stop := context.WithTimeout(b.Context(), length)
	defer stop()
	var list [2]*webrtc.PeerConnection
	for i := range list {
		pc, err := api.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			b.Fatal(err)
		}
		list[i] = pc
	}
	defer func() {
		for _, pc := range list {
			_ = pc.GracefulClose()
		}
	}()
	arrived, begun := make(chan int, 1<<16), make(chan struct{})
	list[1].OnDataChannel(func(dc *webrtc.DataChannel) {
		dc.OnMessage(func(m webrtc.DataChannelMessage) {
			select {
			case arrived <- len(m.Data):
			case <-ctx.Done():
			}
		})
	})
	dc, err := list[0].CreateDataChannel("data", nil)
	if err != nil {
		b.Fatal(err)
	}
	dc.OnOpen(func() { close(begun) })
	describe(b, list[0], list[1])
	<-begun
	go func() {
		message, low := make([]byte, 16384), make(chan struct{}, 1)
		dc.SetBufferedAmountLowThreshold(512 << 10)
		dc.OnBufferedAmountLow(func() {
			select {
			case low <- struct{}{}:
			default:
			}
		})
		for ctx.Err() == nil {
			if dc.BufferedAmount() > 1<<20 {
				select {
				case <-low:
				case <-ctx.Done():
				}
			} else if dc.Send(message) != nil {
				return
			}
		}
	}()
	warm, total := time.Now().Add(time.Second), 0
	for {
		select {
		case n := <-arrived:
			if time.Now().After(warm) {
				total += n
			}
		case <-ctx.Done():
			return float64(total) / 1e6 / (length - time.Second).Seconds()
		}
	}
}

// describe exchanges descriptions with all candidates.
func describe(b *testing.B, offerer, answerer *webrtc.PeerConnection) {
	b.Helper()
	set := func(from, to *webrtc.PeerConnection, make func() (webrtc.SessionDescription, error)) {
		d, err := make()
		if err != nil {
			b.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(from)
		if err := from.SetLocalDescription(d); err != nil {
			b.Fatal(err)
		}
		<-gathered
		if err := to.SetRemoteDescription(*from.LocalDescription()); err != nil {
			b.Fatal(err)
		}
	}
	set(offerer, answerer, func() (webrtc.SessionDescription, error) { return offerer.CreateOffer(nil) })
	set(answerer, offerer, func() (webrtc.SessionDescription, error) { return answerer.CreateAnswer(nil) })
}
