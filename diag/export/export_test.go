package export_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/dump"
	"dialtone/diag/export"
	"dialtone/diag/record"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// goodCall is a recorded call of dialtone.
func goodCall(t *testing.T) []diag.Event {
	t.Helper()
	rec, err := record.Open("../../testdata/calls/good.jsonl", record.MaxMemory)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Events
}

// statistics are what every form of a dump keeps.
type statistics struct {
	inbound  []diag.InboundRTP
	outbound []diag.OutboundRTP
	path     string
	states   []string
	sides    []diag.Side
}

func statisticsOf(events []diag.Event) statistics {
	var s statistics
	for _, e := range events {
		switch d := e.Data.(type) {
		case diag.Sample:
			s.inbound, s.outbound = append(s.inbound, d.Inbound...), append(s.outbound, d.Outbound...)
		case diag.Selected:
			s.path = d.Local + " " + d.Remote
		case diag.ICEState:
			s.states = append(s.states, d.State)
		case diag.SessionDescription:
			s.sides = append(s.sides, d.Side)
		}
	}
	return s
}

// TestRoundTrip: a call that is exported as either dump and imported again has the same statistics, path and states.
func TestRoundTrip(t *testing.T) {
	events := goodCall(t)
	want := statisticsOf(events)
	if len(want.inbound) == 0 || len(want.outbound) == 0 || want.path == "" {
		t.Fatal("the call says too little")
	}
	// What is computed anew from differences, or is dialtone's own, is not compared.
	ours := cmp.Options{
		cmp.AllowUnexported(statistics{}), cmpopts.EquateApprox(0, 1e-6), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(diag.InboundRTP{}, "Bitrate", "FractionLost", "ClockRate", "Sound", "Layers", "ClipFrames", "OneWayDelay"),
		cmpopts.IgnoreFields(diag.OutboundRTP{}, "Bitrate", "Sizes"),
	}
	for _, form := range []string{"webrtc-internals", "rtcstats"} {
		var b bytes.Buffer
		if err := export.Writers[form](&b, export.Source{StartedAt: began, Agent: "dialtone test", Events: events}); err != nil {
			t.Fatal(err)
		}
		d, err := dump.Read(&b, dump.Options{})
		if err != nil || len(d.Connections) != 1 || len(d.Faults) > 0 || d.UserAgent != "dialtone test" {
			t.Fatalf("%s: %v, %+v", form, err, d)
		}
		if diff := cmp.Diff(want, statisticsOf(d.Connections[0].Events), ours); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
	}
}

// TestBrowserRoundTrip: the dump of a browser that is exported and imported again is the same.
func TestBrowserRoundTrip(t *testing.T) {
	file, err := os.Open("../dump/testdata/oneway.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	d, err := dump.Read(file, dump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Connections[0]
	var b bytes.Buffer
	if err := export.WriteRTCStats(&b, export.Source{StartedAt: c.StartedAt, Events: c.Events}); err != nil {
		t.Fatal(err)
	}
	again, err := dump.Read(&b, dump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ours := cmp.Options{
		cmp.AllowUnexported(statistics{}), cmpopts.EquateApprox(0, 1e-3),
		cmpopts.SortSlices(func(x, y diag.OutboundRTP) bool { return *x.BytesSent < *y.BytesSent }),
	}
	if diff := cmp.Diff(statisticsOf(c.Events), statisticsOf(again.Connections[0].Events), ours); diff != "" {
		t.Error(diff)
	}
}

// TestEnd: who ended the call, and the role of DTLS, come through; only what this side closed is closed.
func TestEnd(t *testing.T) {
	for _, want := range []diag.CallEnded{
		{Reason: diag.EndPeerHangup, By: diag.ByRemote}, {Reason: diag.EndHangup, By: diag.ByLocal}, {Reason: diag.EndDump},
	} {
		last := diag.DTLSState{State: "connected", Role: "client"}
		if want.Reason == diag.EndPeerHangup {
			last.State = "closed"
		}
		events := diagtest.Log(
			0, diag.CallStart{}, 1, diag.ICEState{State: "connected"}, 2, diag.ConnectionState{State: "connected"},
			3, last, 4, diag.Sample{}, 5, want)
		var b bytes.Buffer
		if err := export.WriteRTCStats(&b, export.Source{StartedAt: began, Events: events}); err != nil {
			t.Fatal(err)
		}
		d, err := dump.Read(&b, dump.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := call.Fold(d.Connections[0].Events)
		if diff := cmp.Diff(&want, c.Ended); diff != "" || c.DTLS.Role != "client" {
			t.Errorf("%+v %s", c.DTLS, diff)
		}
	}
}

// TestCSV has a line for each number.
func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := export.WriteCSV(&b, export.Source{StartedAt: began, Events: goodCall(t)}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) < 20 || strings.Join(rows[0], ",") != "at_s,type,id,ssrc,kind,name,value" {
		t.Fatalf("%v: %d rows", err, len(rows))
	}
	if !strings.Contains(text, ",inbound-rtp,") || !strings.Contains(text, ",packetsReceived,") {
		t.Errorf("no packets in\n%.500s", text)
	}
}

// TestFullDisk: what cannot be written is an error.
func TestFullDisk(t *testing.T) {
	for form, write := range export.Writers {
		if write(fullDisk{}, export.Source{StartedAt: began, Events: goodCall(t)}) == nil {
			t.Errorf("%s does not report that nothing was written", form)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestSnapshotRoundTrip: what shows one moment only still says so after it is exported.
func TestSnapshotRoundTrip(t *testing.T) {
	events := append([]diag.Event{{Data: diag.DumpStart{Format: diag.DumpFirefox, Snapshot: true}}}, goodCall(t)...)
	for _, form := range []string{"webrtc-internals", "rtcstats"} {
		var b bytes.Buffer
		if err := export.Writers[form](&b, export.Source{StartedAt: began, Agent: "Firefox", Events: events}); err != nil {
			t.Fatal(err)
		}
		d, err := dump.Read(&b, dump.Options{})
		if err != nil || len(d.Faults) > 0 {
			t.Fatalf("%s: %v, %+v", form, err, d)
		}
		if start, ok := d.Connections[0].Events[1].Data.(diag.DumpStart); !ok || !start.Snapshot {
			t.Errorf("%s: %+v", form, d.Connections[0].Events[1].Data)
		}
	}
}
