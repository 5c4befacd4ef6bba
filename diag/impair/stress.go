package impair

import (
	"context"
	"time"

	"dialtone/diag"
)

// Step is a part of a stress test.
type Step struct {
	Name     diag.StressName
	Units    int       // of time: how long it takes
	requests []float64 // units after its begin, when key frames are requested
	impair   []diag.Impairment
}

// Unit is the unit of time of a stress test.
const Unit = time.Second

// steps are those of a stress test. Only media is lost where media is tested, so that reports and requests arrive. Key
// frames are requested closer together than most encoders make them by themselves.
var steps = []Step{
	{Name: diag.StressQuiet, Units: 3},
	{Name: diag.StressLossIn, Units: 3, impair: []diag.Impairment{
		{Direction: diag.Inbound, Loss: 0.2, Only: diag.ProtocolRTP},
	}},
	{Name: diag.StressLossOut, Units: 3, impair: []diag.Impairment{
		{Direction: diag.Outbound, Loss: 0.2, Only: diag.ProtocolRTP},
	}},
	{Name: diag.StressKeyFrame, Units: 3, requests: []float64{0, 0.7, 1.4}},
	{Name: diag.StressReports, Units: 4, impair: []diag.Impairment{
		{Direction: diag.Outbound, Loss: 1, Only: diag.ProtocolRTCP},
	}},
	{Name: diag.StressGap, Units: 3, impair: []diag.Impairment{{Loss: 1}}},
	// as a decoder does that has missed so much
	{Name: diag.StressRecovery, Units: 4, requests: []float64{0, 1, 2, 3}},
	{Name: diag.StressOver},
}

// Stress goes through the steps of a stress test, until ctx ends. It reports the begin of each step, and requests key
// frames when they are due.
func (n *Net) Stress(ctx context.Context, unit time.Duration, begin func(diag.StressName), request func()) {
	defer n.Set()
	for _, s := range steps {
		begin(s.Name)
		n.Set(s.impair...)
		begun := time.Now() // a step is never short because the one before took long
		for _, after := range s.requests {
			if !diag.Sleep(ctx, time.Until(begun.Add(time.Duration(after*float64(unit))))) {
				return
			}
			request()
		}
		if !diag.Sleep(ctx, time.Until(begun.Add(time.Duration(s.Units)*unit))) {
			return
		}
	}
}
