package capture

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// TestWrite: the first packet of a frame states its time, at most each second, where that was agreed on.
func TestWrite(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC)
	i, err := Factory{func() time.Time { return at }}.NewInterceptor("")
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	next := interceptor.RTPWriterFunc(func(h *rtp.Header, _ []byte, _ interceptor.Attributes) (int, error) {
		got = h.GetExtension(5)
		return 1, nil
	})
	w := i.BindLocalStream(&interceptor.StreamInfo{RTPHeaderExtensions: []interceptor.RTPHeaderExtension{{URI: URI, ID: 5}}, ClockRate: 1000}, next)
	for n, row := range []struct {
		after time.Duration
		ts    uint32        // ms
		late  time.Duration // of a frame that states its time
		want  bool
	}{
		{0, 1000, 0, true},
		{0, 1000, 0, false},
		{960 * time.Millisecond, 1960, 0, false},
		{90 * time.Millisecond, 1960, 0, false},
		{0, 2040, 10 * time.Millisecond, true},
		{2 * time.Second, 2040, 0, false},
		{0, 4000, 50 * time.Millisecond, true},
		{time.Second, 9000, 0, true},
		{3 * time.Second, 9100, 0, true},
	} {
		at = at.Add(row.after)
		if _, err := w.Write(&rtp.Header{Version: 2, Timestamp: row.ts}, nil, nil); err != nil || (got != nil) != row.want {
			t.Errorf("packet %d: %x, %v", n, got, err)
		}
		if got == nil {
			continue
		}
		ntp, own, ok := Parse(got)
		seconds, fraction := time.Duration(ntp>>32), time.Duration(ntp&0xffffffff*uint64(time.Second)>>32)
		was := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + int64(seconds)
		if d := time.Unix(was, int64(fraction)).Sub(at.Add(-row.late)); !ok || own || d < -time.Microsecond || d > time.Microsecond {
			t.Errorf("packet %d: off by %v", n, d)
		}
	}
	w = i.BindLocalStream(&interceptor.StreamInfo{}, next)
	if _, err := w.Write(&rtp.Header{Version: 2}, nil, nil); err != nil || got != nil {
		t.Errorf("not agreed on: %x, %v", got, err)
	}
}

// TestParse: a stated offset is subtracted, also a negative one, and other lengths are not the extension.
func TestParse(t *testing.T) {
	text := func(values ...uint64) (b []byte) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint64(b, v)
		}
		return b
	}
	const second = uint64(1) << 32
	minus := -int64(2 * second)
	for name, row := range map[string]struct {
		b       []byte
		ntp     uint64
		own, ok bool
	}{
		"short":           {text(7 * second), 7 * second, false, true},
		"offset":          {text(7*second, 2*second), 5 * second, true, true},
		"negative offset": {text(7*second, uint64(minus)), 9 * second, true, true},
		"nothing":         {nil, 0, false, false},
		"cut":             {text(7, 2)[:12], 0, false, false},
	} {
		if ntp, own, ok := Parse(row.b); ntp != row.ntp || own != row.own || ok != row.ok {
			t.Errorf("%s: %d %v %v", name, ntp, own, ok)
		}
	}
}
