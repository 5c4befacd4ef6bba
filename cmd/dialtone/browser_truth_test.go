//go:build unix

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/impair"
	"dialtone/diag/lab/labtest"
)

// browserNetworks are the networks of the table: each is what the sockets of dialtone do to its packets.
var browserNetworks = []string{
	"loss=0%", "loss=5%", "loss=20%,dir=in", "loss=20%,dir=out", "delay=150ms", "delay=60ms,jitter=20ms", "delay=40ms,reorder=3%",
	"dup=3%",
}

// TestBrowserTruth: loss and round trip, as dialtone and a browser's getStats count them in the same call, beside what
// the impaired sockets of dialtone did.
func TestBrowserTruth(t *testing.T) {
	labtest.NeedQuiet(t)
	var table strings.Builder
	for _, in := range engines {
		for _, network := range browserNetworks {
			t.Run(in.name+" "+network, func(t *testing.T) {
				row := browserTruth(t, in, network)
				t.Log(row)
				table.WriteString(row)
			})
		}
	}
	if *writeTruth && !t.Failed() {
		writeTruthTable(t, "browser", "| browser | network | outbound audio loss, % | outbound video loss, % | inbound audio loss, % | "+
			"inbound video loss, % | round trip, ms |\n|---|---|---:|---:|---:|---:|---:|\n"+table.String())
	}
}

// browserTruth places a call and returns its row of the table.
func browserTruth(t *testing.T, in engine, network string) string {
	url, dir := startServe(t), t.TempDir()
	b := openTab(t, in, "page", url+"?code=w1")
	b.click("call")
	b.state("waiting")
	a := startTool(t, "check", "--room", "w1", "--server", url, "--for", "10s", "--wait", "60s", "--record", dir, "--impair", network)
	b.state("connected")
	_ = a.exits() // what is lost on purpose may fail the check
	events, drops := recorded(t, onlyRecording(t, dir)), dropTimes(t, onlyRecording(t, dir))
	c := call.Fold(events)
	if len(c.RemoteSamples) < 5 {
		t.Fatalf("%d samples of the page", len(c.RemoteSamples))
	}
	there, cells := c.RemoteSamples[len(c.RemoteSamples)-1], []string{in.name, "`" + network + "`"}
	// All three count until then: in the last second, more may have been lost.
	c = call.Fold(slices.DeleteFunc(events, func(e diag.Event) bool { return e.At > there.At }))
	for _, direction := range []diag.Direction{diag.Outbound, diag.Inbound} {
		for _, kind := range diag.Kinds {
			row := truthRow{t: t, what: network + " " + string(direction) + " " + kind}
			row.fill(c, drops, there, direction, kind)
			cells = append(cells, row.cell())
		}
	}
	set, err := impair.Parse(network)
	if err != nil {
		t.Fatal(err)
	}
	here, far := trips(c)
	if len(here) == 0 || len(far) == 0 {
		t.Fatalf("round trips: %v here, %v there", here, far)
	}
	least, most := 2*(set.DelayMs-set.JitterMs).Duration().Seconds(), 2*(set.DelayMs+set.JitterMs).Duration().Seconds()
	for side, got := range map[string]float64{"dialtone": here[0], in.name: far[0]} {
		if got < least-0.001 || got > most+0.01 { // a busy machine adds to it
			t.Errorf("%s: the least round trip is %v s, the truth is %v to %v s", side, got, least, most)
		}
	}
	truth := fmt.Sprintf("%.0f", 1000*least)
	if least < most {
		truth += fmt.Sprintf("–%.0f", 1000*most)
	}
	cells = append(cells, fmt.Sprintf("%s / %.1f / %.1f", truth, 1000*here[0], 1000*far[0]))
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// truthRow is a stream, as all three count it.
type truthRow struct {
	t               *testing.T
	what            string
	ssrc            uint32
	truth           float64
	packets         uint64
	dialtone, other *float64
}

// fill takes what both ends count of a stream.
func (r *truthRow) fill(c *call.Call, d drops, there call.TheirRow, direction diag.Direction, kind string) {
	here := c.StreamOf(direction, kind)
	r.dialtone = here.Loss
	for _, s := range here.Outbound {
		r.ssrc = s.SSRC
	}
	for _, s := range here.Inbound {
		r.ssrc = s.SSRC
	}
	r.truth, r.packets = d.share(direction, r.ssrc, there.At)
	if direction == diag.Outbound {
		for _, s := range there.Inbound {
			if s.Kind == kind && s.PacketsLost != nil && s.PacketsReceived != nil {
				expected := *s.PacketsLost + int64(*s.PacketsReceived) - int64(diag.OrZero(s.RetransmittedPackets))
				r.other = diag.LossShare(s.PacketsLost, &expected)
			}
		}
		return
	}
	for _, s := range there.Outbound {
		if s.Kind == kind { // of the packets, a browser counts padding that looks like retransmissions, too
			r.other = diag.LossShare(s.Lost(), new(int64(r.packets)))
		}
	}
}

// cell compares, and writes the cell. The last report is up to a second old, and loss is not the same in each second;
// single packets of a browser are missing that no socket has dropped.
func (r *truthRow) cell() string {
	show := func(v *float64) string {
		if v == nil {
			return "–"
		}
		return fmt.Sprintf("%.2f", 100**v)
	}
	packets := float64(max(1, r.packets))
	bound := 0.002 + 2/packets + 60*math.Sqrt(r.truth)/packets
	for side, v := range map[string]*float64{"dialtone": r.dialtone, "the browser": r.other} {
		if v != nil && math.Abs(*v-r.truth) > bound {
			r.t.Errorf("%s: %s counts %.4f, the truth is %.4f of %d packets", r.what, side, *v, r.truth, r.packets)
		}
	}
	if r.dialtone == nil {
		r.t.Errorf("%s: dialtone does not count", r.what)
	}
	return fmt.Sprintf("%.2f / %s / %s", 100*r.truth, show(r.dialtone), show(r.other))
}

// drops are the counts of the impaired sockets by their time.
type drops []struct {
	at time.Duration
	diag.Impaired
}

func dropTimes(t *testing.T, path string) (out drops) {
	for _, e := range recorded(t, path) {
		if d, ok := e.Data.(diag.Impaired); ok {
			out = append(out, struct {
				at time.Duration
				diag.Impaired
			}{e.At, d})
		}
	}
	return out
}

// share is the part of the packets of a stream that was dropped until a time.
func (d drops) share(direction diag.Direction, ssrc uint32, until time.Duration) (float64, uint64) {
	var s diag.ImpairedStream
	for _, row := range d {
		if row.at <= until {
			s, _ = row.Of(direction).Stream(ssrc)
		}
	}
	return float64(s.Dropped) / float64(max(1, s.Packets)), s.Packets
}
