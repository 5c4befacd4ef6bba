package impair

import (
	"math"
	"testing"
	"time"

	"dialtone/diag"
)

// pass sends n packets of 100 bytes through a model, one each 10 ms.
func pass(i diag.Impairment, n int) []Fate {
	m := NewModel(i)
	m.Connected(0)
	var out []Fate
	for k := range n {
		out = append(out, m.Packet(time.Duration(k)*10*time.Millisecond, 100, diag.ProtocolRTP))
	}
	return out
}

func TestModelIsDecidedByItsSeed(t *testing.T) {
	i := diag.Impairment{Loss: 0.1, Duplicate: 0.05, DelayMs: ms(50), JitterMs: ms(20), Reorder: 0.05, Rate: 2e5, Seed: 9}
	a, b := pass(i, 500), pass(i, 500)
	for k := range a {
		if a[k] != b[k] {
			t.Fatalf("packet %d of one seed: %+v and %+v", k, a[k], b[k])
		}
	}
	i.Seed = 10
	same := 0
	for k, f := range pass(i, 500) {
		if f == a[k] {
			same++
		}
	}
	if same > 400 {
		t.Errorf("%d of 500 packets of another seed are treated alike", same)
	}
	i.Loss = 1 // what is lost does not change what becomes of others
	i.Seed, i.Only = 9, diag.ProtocolRTCP
	kept := pass(i, 500)
	for k := range a {
		if a[k].Dropped != Lost && a[k].Copies != kept[k].Copies {
			t.Fatalf("packet %d has %d copies, and %d without loss", k, a[k].Copies, kept[k].Copies)
		}
	}
}

func TestModelShares(t *testing.T) {
	const n = 100_000
	i := diag.Impairment{Loss: 0.1, Duplicate: 0.05, DelayMs: ms(50), JitterMs: ms(20), Reorder: 0.02, Seed: 1}
	var lost, twice, held, delay, passed float64
	for k, f := range pass(i, n) {
		if f.Dropped != Passed {
			lost++
			continue
		}
		passed++
		twice += float64(f.Copies - 1)
		if f.Reordered {
			held++
			continue
		}
		d := (f.Due[0] - time.Duration(k)*10*time.Millisecond).Seconds()
		if d < 0.030 || d > 0.070 {
			t.Fatalf("packet %d is delayed by %v s", k, d)
		}
		delay += d
	}
	for name, v := range map[string][2]float64{
		"lost": {lost / n, 0.1}, "duplicated": {twice / passed, 0.05}, "reordered": {held / passed, 0.02},
	} {
		if math.Abs(v[0]-v[1]) > 0.003 {
			t.Errorf("%s: %.4f, want %.4f", name, v[0], v[1])
		}
	}
}

func TestModelKeepsTheOrder(t *testing.T) {
	var last time.Duration
	for k, f := range pass(diag.Impairment{DelayMs: ms(50), JitterMs: ms(50), Seed: 3}, 2000) {
		if f.Due[0] < last {
			t.Fatalf("packet %d overtakes", k)
		}
		last = f.Due[0]
	}
	overtaken := 0
	last = 0
	for _, f := range pass(diag.Impairment{DelayMs: ms(50), Reorder: 0.1, Seed: 3}, 2000) {
		if f.Due[0] < last {
			overtaken++
		}
		last = max(last, f.Due[0])
	}
	if overtaken == 0 {
		t.Error("no packet is overtaken")
	}
}

// TestModelQueue: what waits for a rate is bounded in bytes, so that small packets find a place where large ones do not.
func TestModelQueue(t *testing.T) {
	m := NewModel(diag.Impairment{Rate: 80_000, Queue: 3000}) // 10 bytes a millisecond
	for i, row := range []struct {
		at, bytes int // ms; with headers
		want      int // ms until it has passed; -1: dropped
	}{
		{0, 1000, 100}, {0, 1500, 250}, {0, 600, -1}, {0, 500, 300}, {0, 40, -1}, {100, 1000, 300}, {400, 40, 4}, {1000, 9000, 900},
	} {
		f := m.Packet(time.Duration(row.at)*time.Millisecond, row.bytes-headers, diag.ProtocolRTP)
		want := Fate{Dropped: QueueFull}
		if row.want >= 0 {
			want = Fate{Copies: 1, Due: [2]time.Duration{time.Duration(row.at+row.want) * time.Millisecond}}
		}
		if f != want {
			t.Errorf("packet %d: %+v, want %+v", i, f, want)
		}
	}
}

func TestModelRate(t *testing.T) {
	// 128 bytes each 10 ms are 102.4 kbit/s: twice what passes. The queue of 400 ms fills, then half is dropped.
	fates := pass(diag.Impairment{Rate: 51_200}, 1000)
	full := 0
	for k, f := range fates {
		wait := f.Due[0] - time.Duration(k)*10*time.Millisecond
		switch {
		case f.Dropped == QueueFull:
			full++
		case wait <= 0 || wait > queueTime+100*time.Millisecond:
			t.Fatalf("packet %d waits %v", k, wait)
		}
	}
	if full < 450 || full > 500 {
		t.Errorf("%d of 1000 packets find the queue full", full)
	}
}

func TestModelGap(t *testing.T) {
	m := NewModel(diag.Impairment{GapMs: ms(3000), GapAtMs: ms(5000)})
	if f := m.Packet(6*time.Second, 100, diag.ProtocolRTP); f.Dropped != Passed {
		t.Error("the gap begins before the call is connected")
	}
	m.Connected(10 * time.Second)
	for at, want := range map[time.Duration]Reason{
		14_999 * time.Millisecond: Passed, 15 * time.Second: InGap, 17_999 * time.Millisecond: InGap, 18 * time.Second: Passed,
	} {
		if f := m.Packet(at, 100, diag.ProtocolRTP); f.Dropped != want {
			t.Errorf("at %v: %v, want %v", at, f.Dropped, want)
		}
	}
}

func TestClassify(t *testing.T) {
	rtp := []byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 7, 1}
	rtcp := []byte{0x80, 200, 0, 6, 0, 0, 0, 7}
	channel := append([]byte{0x40, 1, 0, byte(len(rtp))}, rtp...)
	for _, row := range []struct {
		b    []byte
		p    diag.Protocol
		ssrc uint32
	}{
		{rtp, diag.ProtocolRTP, 7},
		{rtcp, diag.ProtocolRTCP, 0},
		{channel, diag.ProtocolRTP, 7},
		{[]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, diag.ProtocolOther, 0},
		{[]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, diag.ProtocolOther, 0},
		{rtp[:10], diag.ProtocolOther, 0},
		{nil, diag.ProtocolOther, 0},
	} {
		if p, ssrc := classify(row.b); p != row.p || ssrc != row.ssrc {
			t.Errorf("% x: %v of %d", row.b, p, ssrc)
		}
	}
}
