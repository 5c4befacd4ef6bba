package speed

import (
	"math"
	"testing"
	"time"

	"dialtone/diag"
)

func ms(n float64) diag.Millis { return diag.Millis(n * 1e6) }

// flow is a test of one direction: an interval of 100 ms with so many bytes each.
func flow(sender diag.SpeedSender, bytes ...uint64) *State {
	spec := diag.SpeedTest{Way: diag.SpeedUp, ForMs: ms(100 * float64(len(bytes))), WarmUpMs: ms(200), Size: 1000}
	s, _ := Apply(nil, diag.SpeedStart{})
	s, _ = Apply(s, diag.SpeedTestStart{Spec: spec})
	for i, n := range bytes {
		s, _ = Apply(s, diag.SpeedInterval{
			Direction: diag.Outbound, FromMs: ms(100 * float64(i)), ToMs: ms(100 * float64(i+1)), Bytes: n, Messages: n / 1000,
			Packets: new(n / 1000), WireBytes: new(n),
		})
	}
	sender.Direction = diag.Outbound
	s, _ = Apply(s, sender)
	s, _ = Apply(s, diag.SpeedTestEnd{Complete: true})
	return s
}

func TestFlow(t *testing.T) {
	// The warm-up is left out, and so is what comes after the end.
	s := flow(diag.SpeedSender{Cores: 4}, 9_000_000, 9_000_000, 100_000, 100_000)
	s, _ = Apply(s, diag.SpeedInterval{Direction: diag.Outbound, FromMs: ms(400), ToMs: ms(500), Bytes: 9_000_000})
	s, _ = Apply(s, diag.SpeedEnd{Reason: diag.SpeedDone})
	r := s.Result()
	if r.Up == nil || r.Up.Goodput != 8e6 || r.Up.Bytes != 200_000 || *r.Up.Rate != 8e6+8*28*1000 || r.Down != nil || !r.Complete {
		t.Errorf("%+v", r.Up)
	}
	if want := 1 - 8e6 / *r.Up.Rate; r.Up.Overhead == nil || math.Abs(*r.Up.Overhead-want) > 1e-9 {
		t.Error(r.Up.Overhead, want)
	}
	if r.Up.Capacity != nil {
		t.Error("capacity of less than a second", *r.Up.Capacity)
	}
}

// TestPauseAtWarmUp: what waited for a lost message in the warm-up and arrives after it is not faster for that.
func TestPauseAtWarmUp(t *testing.T) {
	s := flow(diag.SpeedSender{Cores: 4}, 100_000, 0, 0, 300_000, 100_000) // the warm-up is two intervals
	s.Tests[0].Complete = false
	r := s.Result()
	if r.Up == nil || r.Up.Goodput != 8e6 || r.Up.Duration != ms(400) {
		t.Errorf("%+v", r.Up)
	}
}

// TestCapacity is the highest second, also in the warm-up.
func TestCapacity(t *testing.T) {
	var bytes []uint64
	for i := range 30 {
		bytes = append(bytes, 100_000)
		if i >= 5 && i < 15 {
			bytes[i] = 200_000
		}
	}
	r := flow(diag.SpeedSender{Cores: 4}, bytes...).Result()
	if want := 16e6 * 1.028; r.Up.Capacity == nil || math.Abs(*r.Up.Capacity-want) > 1 {
		t.Error(*r.Up.Capacity)
	}
}

func TestLimit(t *testing.T) {
	for name, one := range map[string]struct {
		sender diag.SpeedSender
		want   Limit
	}{
		"path":                {diag.SpeedSender{Cores: 8, CPU: new(0.4), Busy: new(0.3), ReceiveDrops: new(uint64(0))}, LimitPath},
		"the process":         {diag.SpeedSender{Cores: 2, CPU: new(1.8)}, LimitCPU},
		"a process of many":   {diag.SpeedSender{Cores: 64, CPU: new(1.9)}, LimitCPU},
		"a busy machine":      {diag.SpeedSender{Cores: 2, CPU: new(0.6), Busy: new(0.99)}, LimitCPU},
		"busy with others":    {diag.SpeedSender{Cores: 8, CPU: new(0.4), Busy: new(0.99)}, LimitUnknown},
		"buffers":             {diag.SpeedSender{Cores: 8, ReceiveDrops: new(uint64(5))}, LimitBuffers},
		"a full interface":    {diag.SpeedSender{Cores: 8, SendDrops: new(uint64(5))}, LimitPath},
		"nothing was waiting": {diag.SpeedSender{Cores: 8, Starved: 0.5}, LimitSender},
	} {
		r := flow(one.sender, 100_000, 100_000, 100_000, 100_000).Result()
		if r.Up.Limit != one.want || r.Up.LowerBound != (one.want != LimitPath && one.want != LimitUnknown) {
			t.Errorf("%s: %+v", name, r.Up)
		}
	}
	s := flow(diag.SpeedSender{}, 100_000, 100_000, 100_000)
	s.Tests[0].Senders = nil
	if r := s.Result(); r.Up.Limit != LimitUnknown || r.Up.LowerBound {
		t.Errorf("without a report of the sender: %+v", r.Up)
	}
}

func TestLatency(t *testing.T) {
	s, _ := Apply(nil, diag.SpeedStart{})
	s, _ = Apply(s, diag.SpeedTestStart{Spec: diag.SpeedTest{Way: diag.SpeedIdle, ForMs: ms(2000)}})
	s, _ = Apply(s, diag.SpeedRoundTrips{ByPing: []diag.Millis{ms(900)}}) // of the warm-up
	for i := range 100 {
		s, _ = Apply(s, diag.SpeedRoundTrips{ByPing: []diag.Millis{ms(float64(i + 1))}, Settled: true})
	}
	s, _ = Apply(s, diag.SpeedRoundTrips{BySTUN: []diag.Millis{ms(7), ms(9), ms(5)}, Lost: 2, Settled: true})
	l := s.Result().Idle
	if l.Count != 100 || l.P50 != ms(50) || l.P95 != ms(95) || l.P99 != ms(99) || l.Lost != 2 || l.Path.Count != 3 || l.Path.P50 != ms(7) ||
		l.Path.Highest != ms(7) || l.Queued != nil {
		t.Errorf("%+v, %+v", l, l.Path)
	}
	if want := 60_000 / 48.0; math.Abs(l.RPM-want) > 1e-9 { // the mean of 1 … 95
		t.Error("RPM", l.RPM)
	}
}

// TestPaced: loss by the numbers of the messages, of what a late one makes good.
func TestPaced(t *testing.T) {
	spec := diag.SpeedTest{Way: diag.SpeedDown, ForMs: ms(2000), WarmUpMs: ms(0), Size: 1000, Rate: 1e6}
	s, _ := Apply(nil, diag.SpeedStart{})
	s, _ = Apply(s, diag.SpeedTestStart{Spec: spec})
	for i, lost := range []int64{15, -5} {
		s, _ = Apply(s, diag.SpeedInterval{
			Direction: diag.Inbound, FromMs: ms(1000 * float64(i)), ToMs: ms(1000 * float64(i+1)), Bytes: 95_000, Messages: 95, Lost: lost,
			JitterMs: new(ms(2)), DelayMs: new(ms(10 * float64(i+1))),
		})
	}
	s, _ = Apply(s, diag.SpeedSender{Direction: diag.Inbound, Bytes: 200_000, Messages: 200, Late: 1})
	p := s.Result().Paced
	if len(p) != 1 || p[0].Way != diag.SpeedDown || math.Abs(*p[0].Loss-0.05) > 1e-9 || *p[0].Jitter != ms(2) || *p[0].Delay != ms(15) ||
		*p[0].Goodput != 760_000 || *p[0].Sent != 800_000 || !p[0].Achieved {
		t.Errorf("%+v", p)
	}
}

// TestBusyMachine: other programs use the CPU up. A queue that stands on the path shows that it carried no more.
func TestBusyMachine(t *testing.T) {
	for name, row := range map[string]struct {
		way        diag.SpeedWay
		quiet      float64 // ms, the longest without load
		cpu        float64
		loaded     float64
		want       Limit
		lowerBound bool
	}{
		"queue":                        {diag.SpeedUp, 12, 0.2, 200, LimitPath, false},
		"short queue":                  {diag.SpeedUp, 2, 0.6, 40, LimitCPU, true},
		"slow without load, too":       {diag.SpeedUp, 90, 0.6, 200, LimitCPU, true},
		"others, and a short queue":    {diag.SpeedUp, 2, 0.2, 40, LimitUnknown, false},
		"queue of another direction":   {diag.SpeedBoth, 12, 0.2, 200, LimitUnknown, false},
		"no queue of either direction": {diag.SpeedBoth, 12, 0.6, 20, LimitCPU, true},
		"the sender itself uses it up": {diag.SpeedUp, 12, 1.9, 200, LimitCPU, true},
	} {
		s, _ := Apply(nil, diag.SpeedStart{})
		for n, way := range []diag.SpeedWay{diag.SpeedIdle, row.way} {
			s, _ = Apply(s, diag.SpeedTestStart{Test: n, Spec: diag.SpeedTest{Way: way, ForMs: ms(3000), WarmUpMs: ms(500)}})
		}
		trips := func(test int, list ...diag.Millis) {
			s, _ = Apply(s, diag.SpeedRoundTrips{Test: test, ByPing: list[:1], BySTUN: list, Settled: true})
		}
		trips(0, ms(2), ms(2), ms(2), ms(row.quiet), ms(row.quiet))
		trips(1, ms(row.loaded), ms(row.loaded), ms(row.loaded))
		s, _ = Apply(s, diag.SpeedInterval{Test: 1, Direction: diag.Outbound, FromMs: ms(500), ToMs: ms(600), Bytes: 1})
		s, _ = Apply(s, diag.SpeedSender{Test: 1, Direction: diag.Outbound, CPU: &row.cpu, Cores: 2, Busy: new(0.99)})
		r := s.Result()
		f := r.Up
		if r.Both != nil {
			f = r.Both.Up
		}
		if f.Limit != row.want || f.LowerBound != row.lowerBound {
			t.Errorf("%s: %s, lower bound %t", name, f.Limit, f.LowerBound)
		}
	}
}

// TestBothBesideOne: a path that carries as much in both directions at once as in one is the limit of both tests,
// however busy other programs are meanwhile.
func TestBothBesideOne(t *testing.T) {
	for name, row := range map[string]struct {
		alone, both uint64  // bytes
		loaded      float64 // round trips of the test in one direction, ms
		cpu         float64 // of the sender, meanwhile
		want        Limit
	}{
		"as much":              {1000, 950, 200, 0.2, LimitPath},
		"less":                 {1000, 800, 200, 0.2, LimitUnknown},
		"as much in a second":  {1000, 700, 200, 0.2, LimitPath},
		"the machine was both": {1000, 950, 20, 0.2, LimitUnknown},
		"the sender was":       {1000, 950, 200, 1.9, LimitCPU},
		"whatever it used":     {1000, 980, 200, 1.9, LimitPath},
	} {
		s, _ := Apply(nil, diag.SpeedStart{})
		for n, way := range []diag.SpeedWay{diag.SpeedIdle, diag.SpeedUp, diag.SpeedBoth} {
			s, _ = Apply(s, diag.SpeedTestStart{Test: n, Spec: diag.SpeedTest{Way: way, ForMs: ms(3000), WarmUpMs: ms(500)}})
			trip := ms(map[diag.SpeedWay]float64{diag.SpeedIdle: 2, diag.SpeedUp: row.loaded, diag.SpeedBoth: 200}[way])
			s, _ = Apply(s, diag.SpeedRoundTrips{Test: n, ByPing: []diag.Millis{trip}, BySTUN: []diag.Millis{trip, trip}, Settled: true})
			bytes := map[diag.SpeedWay]uint64{diag.SpeedUp: row.alone, diag.SpeedBoth: row.both}[way]
			for second := range 2 { // the second one has as much in each test
				if name == "as much in a second" && second == 1 {
					bytes = 1000
				}
				from := ms(500 + 1000*float64(second))
				s, _ = Apply(s, diag.SpeedInterval{
					Test: n, Direction: diag.Outbound, FromMs: from, ToMs: from + ms(1000), Bytes: bytes, WireBytes: &bytes, Packets: new(uint64),
				})
			}
			s, _ = Apply(s, diag.SpeedSender{Test: n, Direction: diag.Outbound, CPU: new(0.2), Cores: 2, Busy: new(0.99)})
		}
		*s.Tests[2].Senders[0].CPU = row.cpu
		f := s.Result().Both.Up
		if f.Limit != row.want || f.LowerBound != (row.want == LimitCPU) {
			t.Errorf("%s: %s, lower bound %t", name, f.Limit, f.LowerBound)
		}
	}
}

// TestStrayEvents: what belongs to no test changes nothing.
func TestStrayEvents(t *testing.T) {
	for _, d := range []diag.Data{
		diag.SpeedInterval{Test: 3},
		diag.SpeedRoundTrips{Test: -1},
		diag.SpeedSender{},
		diag.SpeedTestEnd{},
		diag.SpeedEnd{},
		diag.SpeedTestStart{Test: 7},
	} {
		if s, mine := Apply(nil, d); s != nil || !mine {
			t.Errorf("%T: %+v", d, s)
		}
	}
	if _, mine := Apply(nil, diag.Ping{}); mine {
		t.Error("a ping is not of a measurement")
	}
	if (*State)(nil).Result() != nil || (*State)(nil).Copy() != nil {
		t.Error("a result of nothing")
	}
	if s, _ := Apply(nil, diag.SpeedStart{Serves: true}); s.Result() != nil {
		t.Error("the peer measures, not this one")
	}
}

func TestPlanOf(t *testing.T) {
	p := PlanOf(Request{Ways: []diag.SpeedWay{diag.SpeedUp, diag.SpeedBoth}, For: 6 * time.Second, Size: 16384, MaxBytes: 900})
	if len(p.Tests) != 3 || p.MaxMs != ms(14_000) || p.Tests[1].MaxBytes != 300 || p.Tests[2].MaxBytes != 300 || p.Tests[1].WarmUpMs != ms(2000) {
		t.Errorf("%+v", p)
	}
	p = PlanOf(Request{Ways: []diag.SpeedWay{diag.SpeedUp}, For: 30 * time.Second, Size: 16384, Rates: []float64{1e5, 1e6}, MaxBytes: 900})
	if len(p.Tests) != 3 || p.Tests[2].Rate != 1e6 || p.Tests[2].Size != 1000 || *p.Tests[2].MaxRetransmits != 0 || !p.Tests[2].Unordered ||
		p.Tests[2].WarmUpMs != ms(3000) {
		t.Errorf("%+v", p)
	}
}

// TestQueue: the longest queue counts, also in the warm-up, but not a single check that was late here.
func TestQueue(t *testing.T) {
	s, _ := Apply(nil, diag.SpeedStart{})
	for n, way := range []diag.SpeedWay{diag.SpeedIdle, diag.SpeedUp} {
		s, _ = Apply(s, diag.SpeedTestStart{Test: n, Spec: diag.SpeedTest{Way: way, ForMs: ms(3000), WarmUpMs: ms(500)}})
	}
	s, _ = Apply(s, diag.SpeedRoundTrips{Test: 0, ByPing: []diag.Millis{ms(20)}, BySTUN: []diag.Millis{ms(20), ms(20), ms(90)}, Settled: true})
	s, _ = Apply(s, diag.SpeedRoundTrips{Test: 1, BySTUN: []diag.Millis{ms(50), ms(218), ms(220)}})
	s, _ = Apply(s, diag.SpeedRoundTrips{
		Test: 1, ByPing: []diag.Millis{ms(400)}, BySTUN: []diag.Millis{ms(100), ms(120), ms(500), ms(130)}, Settled: true,
	})
	s, _ = Apply(s, diag.SpeedInterval{Test: 1, Direction: diag.Outbound, FromMs: ms(500), ToMs: ms(600), Bytes: 1})
	l := s.Result().Up.Loaded
	if *l.Queued != ms(198) || l.Path.Highest != ms(218) || l.Path.P50 != ms(120) || l.Path.P95 != ms(500) || l.P50 != ms(400) {
		t.Errorf("%+v, %+v", l, l.Path)
	}
}
