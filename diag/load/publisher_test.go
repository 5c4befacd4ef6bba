package load

import (
	"errors"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/check"
	"dialtone/diag/report"
)

// TestBroadcast: the publisher is there before the first viewer, and ends after the last.
func TestBroadcast(t *testing.T) {
	viewers := &silent{refuse: func(int) bool { return true }}
	o := options(viewers, 3, 20)
	o.Publisher = &check.Options{Name: "publisher", Target: check.Loopback{}, Config: diag.Config{NoMedia: true}}
	r, err := Run(t.Context(), o)
	if err != nil || r.Calls.Started+r.Calls.Dropped != 3 {
		t.Errorf("%v: %+v", err, r)
	}
}

// TestBroadcastWithoutPublisher places no call.
func TestBroadcastWithoutPublisher(t *testing.T) {
	viewers := &silent{refuse: func(int) bool { return true }}
	o := options(viewers, 3, 20)
	o.Publisher = &check.Options{Name: "publisher", Target: &silent{refuse: func(int) bool { return true }}, Config: diag.Config{NoMedia: true}}
	r, err := Run(t.Context(), o)
	var absent *PublisherError
	if !errors.As(err, &absent) || absent.Exit != diag.ExitSignaling || r != nil || viewers.dialed.Load() != 0 {
		t.Errorf("%v, %d viewers dialed", err, viewers.dialed.Load())
	}
}

// TestPublisherStops without a complaint.
func TestPublisherStops(t *testing.T) {
	p, err := publish(t.Context(), check.Options{Name: "publisher", Target: check.Loopback{}, Config: diag.Config{NoMedia: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil {
		t.Errorf("stopped on purpose: %v", err)
	}
}

func TestOneWayDelay(t *testing.T) {
	delay := diag.Millis(60 * time.Millisecond)
	var k Kind
	k.add(&report.Kind{Inbound: &call.Stream{OneWayDelay: &delay}})
	k.add(&report.Kind{Inbound: &call.Stream{}})
	m := Metrics{Media: Media{Video: k}}
	m.settle()
	if d := m.Media.Video.Inbound.Delay; d == nil || d.N != 1 || d.P50 < delay*99/100 || d.P50 > delay*101/100 {
		t.Errorf("%+v", d)
	}
}
