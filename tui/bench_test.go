package tui

import (
	"fmt"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"dialtone/diag"
)

// scenarioLong is a call with 10,000 events behind it.
func scenarioLong() []diag.Event {
	s := &script{events: scenarioGood()}
	for i := 0; len(s.events) < 10_000; i++ {
		s.at(61_000+float64(i)*1000).add(
			sample(i+1, 0.5), diag.Ping{RTTMs: diag.Millis(12e6 + i*1000)}, said(diag.Outbound, fmt.Sprintf("line %d", i)),
			said(diag.Inbound, "日本語 "+hostile), diag.SignalRequest{Code: "get_status", Attempt: 1, Status: 200, DurationMs: diag.Millis(25 * time.Second), Answer: "connected"},
		)
	}
	return s.events
}

func BenchmarkFrame(b *testing.B) {
	events := scenarioLong()
	for i, title := range []string{"call", "candidates", "media", "data", "sdp", "log"} {
		b.Run(title, func(b *testing.B) {
			m := newColored(b, termenv.TrueColor, events, 200, 60)
			m.press(fmt.Sprint(i + 1))
			b.ReportAllocs()
			for b.Loop() {
				_ = m.View()
			}
		})
	}
}

// BenchmarkBatch is what a batch of 40 events costs with 10,000 behind it: folding, judging, telling the panes.
func BenchmarkBatch(b *testing.B) {
	events := scenarioLong()
	m := newColored(b, termenv.TrueColor, events, 200, 60)
	batch := events[len(events)-40:]
	b.ReportAllocs()
	for b.Loop() {
		m.Update(batchMsg{batch})
	}
}
