package latency

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"dialtone/diag"
)

// echoed stands for packets that come back to their sender.
const echoed diag.DelaySource = "echo"

const step = 20 * time.Millisecond

// TestPayload finds packets again by their bytes, and by nothing else.
func TestPayload(t *testing.T) {
	const delay = 81 * time.Millisecond
	type path struct {
		ssrc    uint32                       // of what arrives; that of the sender is 1
		shift   uint32                       // of the timestamps
		delay   time.Duration                // 0: as above
		body    func(i int) string           // that is sent; nil: all differ
		arrives func(i int, b string) string // nil: as it was sent
		other   bool                         // another stream sends the same a little later
		owner   any                          // who receives
	}
	for name, test := range map[string]struct {
		path
		source diag.DelaySource // "" if there must be no value
	}{
		"direct":                    {path{ssrc: 1}, diag.DelayPayload},
		"a server that forwards":    {path{ssrc: 9, shift: 77}, diag.DelayPayload},
		"an echo":                   {path{ssrc: 9, owner: "sender"}, echoed},
		"transcoded":                {path{ssrc: 9, arrives: func(i int, b string) string { return "x" + b }}, ""},
		"always the same":           {path{ssrc: 9, body: func(int) string { return "dtx" }}, ""},
		"two senders, direct":       {path{ssrc: 1, other: true}, diag.DelayPayload},
		"two senders, and a server": {path{ssrc: 9, other: true}, ""},
		"the clip again, very late": {path{ssrc: 1, delay: 10010 * time.Millisecond, body: func(i int) string { return fmt.Sprint(i % 500) }}, ""},
		"too late":                  {path{ssrc: 1, delay: memory + step}, ""},
		"shuffled by a server": {path{ssrc: 9, arrives: func(i int, _ string) string {
			return fmt.Sprint(i ^ 1)
		}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.delay == 0 {
				test.delay = delay
			}
			if test.body == nil {
				test.body = func(i int) string { return fmt.Sprint(i) }
			}
			if test.arrives == nil {
				test.arrives = func(_ int, b string) string { return b }
			}
			if test.owner == nil {
				test.owner = "receiver"
			}
			var b Senders
			sender := b.Open("sender", "audio", 1)
			var second *Sender
			if test.other {
				second = b.Open("second", "audio", 2)
			}
			var r Receiver
			start := time.Unix(1e9, 0)
			late := int(test.delay / step)
			for i := range 1200 {
				at := start.Add(time.Duration(i) * step)
				sender.Packet(at, uint32(i*960), []byte(test.body(i)))
				if second != nil {
					second.Packet(at.Add(time.Millisecond), uint32(i*960), []byte(test.body(i)))
				}
				if j := i - late; j >= 0 {
					sent := start.Add(time.Duration(j) * step)
					r.Packet(&b, test.owner, "audio", test.ssrc, sent.Add(test.delay), uint32(j*960)+test.shift, []byte(test.arrives(j, test.body(j))))
				}
			}
			d, back := r.Report(start.Add(time.Minute)), r.Echo()
			switch {
			case test.source == echoed:
				if d != nil || back == nil || *back != test.delay.Seconds() {
					t.Errorf("%+v, and back after %v", d, back)
				}
			case back != nil:
				t.Errorf("back after %v", *back)
			case test.source == "" && d != nil:
				t.Errorf("a value: %+v", d)
			case test.source != "" && (d == nil || d.Source != test.source || *d.Min != test.delay.Seconds() || *d.Max != *d.Min || d.Mean != *d.Min || d.Measurements < 1000):
				t.Errorf("%+v, want %v by %s", d, test.delay, test.source)
			}
			if d := r.Report(start.Add(time.Minute)); d != nil && d.Delay != nil {
				t.Errorf("a delay of an interval without packets: %v", *d.Delay)
			}
			b.Close("sender")
			if len(b.list) != map[bool]int{false: 0, true: 1}[test.other] {
				t.Errorf("%d senders remain", len(b.list))
			}
		})
	}
}

// TestSenderReports: whatever the difference of the clocks, their drift and the asymmetry of the path, the truth is
// within the uncertainty that is stated.
func TestSenderReports(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		there, back := time.Duration(random.Int64N(3e8)), time.Duration(random.Int64N(3e8)) // of the fastest packet
		offset := time.Duration(random.Int64N(2e18) - 1e18)                                 // of the sender's clock
		drift := (random.Float64() - 0.5) * 1e-4
		queue := time.Duration(random.Int64N(5e7)) + 1
		capture := time.Duration(random.Int64N(5e7)) // before it is sent
		var r Receiver
		start := time.Unix(1e9, 0)
		clock := func(at time.Time) time.Duration { // the sender's, less this one's
			return offset + time.Duration(drift*float64(at.Sub(start)))
		}
		var sum time.Duration
		count := 0
		for i := range 3000 {
			sent := start.Add(time.Duration(i) * step)
			took := there + time.Duration(random.Int64N(int64(queue)))
			if i%50 == 0 {
				trip := there + back + time.Duration(random.Int64N(int64(queue)))
				report := there + time.Duration(random.Int64N(int64(queue)))
				r.SenderReport(sent.Add(report), report-clock(sent), trip)
			}
			r.Transit(took + capture - clock(sent))
			if i%50 == 49 {
				sum, count = 0, 0 // only what follows is of the next report
			}
			sum, count = sum+took+capture, count+1
			if i%50 == 48 {
				d := r.Report(sent.Add(took))
				if d == nil {
					t.Fatal("no value")
				}
				truth, slack := (sum / time.Duration(count)).Seconds(), queue.Seconds()+60*math.Abs(drift)
				if off := math.Abs(*d.Delay - truth); off > d.Uncertainty+slack {
					t.Fatalf("%v ± %v, but it is %v (offset %v, there %v, back %v)", *d.Delay, d.Uncertainty, truth, offset, there, back)
				}
				if want := (there + back).Seconds() / 2; d.Uncertainty < want || d.Uncertainty > want+queue.Seconds() || d.Source != diag.DelayReports {
					t.Fatalf("%+v, want an uncertainty of %v", d, want)
				}
			}
		}
	}
}

// TestNoClock: without a report, a round trip, or with times that cannot be, there is no value; nor long after.
func TestNoClock(t *testing.T) {
	start := time.Unix(1e9, 0)
	for name, feed := range map[string]func(r *Receiver){
		"nothing":   func(*Receiver) {},
		"no report": func(r *Receiver) { r.Transit(step) },
		"no packet": func(r *Receiver) { r.SenderReport(start, step, step) },
		"before it was sent": func(r *Receiver) {
			r.SenderReport(start, time.Hour, step)
			r.Transit(step)
		},
		"an hour": func(r *Receiver) {
			r.SenderReport(start, step, step)
			r.Transit(time.Hour)
		},
		"more than a round trip and the sender explain": func(r *Receiver) {
			r.SenderReport(start, time.Hour, step)
			r.Transit(time.Hour + step + senderDelay)
		},
		"likewise, since the capture that is stated": func(r *Receiver) {
			r.SenderReport(start, time.Hour, step)
			r.Captured(time.Hour + 2*step + senderDelay)
		},
		"old": func(r *Receiver) {
			r.SenderReport(start.Add(-time.Minute), step, step)
			r.Transit(step)
		},
	} {
		var r Receiver
		feed(&r)
		if d := r.Report(start); d != nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestOtherPath: a path that became longer is not taken for another clock.
func TestOtherPath(t *testing.T) {
	var r Receiver
	start := time.Unix(1e9, 0)
	for i := range 60 { // s
		at, there := start.Add(time.Duration(i)*time.Second), 10*time.Millisecond
		if i >= 30 {
			there = 150 * time.Millisecond
		}
		r.SenderReport(at, there, 2*there)
		r.Transit(there)
		d := r.Report(at)
		if off := math.Abs(*d.Delay - there.Seconds()); off > 1e-9 {
			t.Fatalf("after %d s: %v ± %v, want %v", i, *d.Delay, d.Uncertainty, there)
		}
		if d.Uncertainty > 0.01 { // the shorter path was lately
			t.Fatalf("after %d s: ± %v", i, d.Uncertainty)
		}
	}
}
