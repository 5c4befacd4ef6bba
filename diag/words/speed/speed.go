// Package speed says what a measurement of throughput uses and finds.
package speed

import (
	"fmt"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/speed"
	"dialtone/diag/words/failure"
	"dialtone/diag/words/phrase"
)

// Usage says what a measurement can use at most.
func Usage(p diag.SpeedPlan) string {
	return fmt.Sprintf("the measurement takes up to %v and sends up to %s of messages in all",
		p.MaxMs.Duration().Round(time.Second), Bytes(p.MaxBytes))
}

// Bytes is an amount of data.
func Bytes(n uint64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.3g GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.3g MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.3g kB", float64(n)/1e3)
}

// Rate is a number of bits in a second, in three digits.
func Rate(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.2f Gbit/s", v/1e9)
	case v >= 1e8:
		return fmt.Sprintf("%.0f Mbit/s", v/1e6)
	case v >= 1e7:
		return fmt.Sprintf("%.1f Mbit/s", v/1e6)
	case v >= 1e6:
		return fmt.Sprintf("%.2f Mbit/s", v/1e6)
	}
	return fmt.Sprintf("%.0f kbit/s", v/1e3)
}

// Bound is a rate that may be a lower bound; empty if there is none.
func Bound(v *float64, lower bool) string {
	switch {
	case v == nil:
		return ""
	case lower:
		return "≥ " + Rate(*v)
	}
	return Rate(*v)
}

// onsets say what begins at a rate that does not hold.
var onsets = map[speed.Onset]string{
	speed.OnsetLoss: "loss", speed.OnsetQueue: "a growing queue", speed.OnsetSender: "the sender",
	speed.OnsetNoData: "nothing arrived",
}

// Onset names what begins at a rate that does not hold.
func Onset(o speed.Onset) string { return onsets[o] }

// Found is what a search has found so far.
func Found(f speed.Found) string {
	text := fmt.Sprintf("Search %s: ", f.Way)
	if f.Rate == nil {
		text += "no rate holds yet"
	} else {
		text += Rate(*f.Rate) + " holds"
	}
	if f.Broke != nil {
		text += fmt.Sprintf(", %s does not: %s", Rate(*f.Broke), Onset(f.Onset))
	}
	return text
}

// During are the round trips beside a figure, as the end of its line; empty if there were none.
func During(median *diag.Millis) string {
	if median == nil {
		return ""
	}
	return ", round trip " + phrase.Duration(median.Duration())
}

// PerSecond is how many relays were allocated in a second; empty if none was.
func PerSecond(a speed.Allocations) string {
	switch {
	case a.PerSecond == nil:
		return ""
	case a.LowerBound:
		return "≥ " + phrase.Significant(*a.PerSecond)
	}
	return phrase.Significant(*a.PerSecond)
}

// AllocationFailures are the causes of allocations that failed, the most frequent first.
func AllocationFailures(a speed.Allocations) string {
	var list []string
	for _, f := range a.Failures {
		what, _ := failure.Of(&f.Server)
		list = append(list, fmt.Sprintf("%d: %s", f.Count, what))
	}
	return strings.Join(list, "; ")
}

// Line is an event in a line.
func Line(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.SpeedStart:
		if d.Serves {
			return "for the peer, up to " + d.Plan.MaxMs.Duration().String() + " and " + Bytes(d.Plan.MaxBytes), true
		}
		return fmt.Sprintf("%d tests, up to %v and %s", len(d.Plan.Tests), d.Plan.MaxMs.Duration(),
			Bytes(d.Plan.MaxBytes)), true
	case diag.SpeedTestStart:
		return "test " + Test(d.Test+1, d.Spec), true
	case diag.SpeedInterval:
		took := (d.ToMs - d.FromMs).Duration().Seconds()
		return fmt.Sprintf("%s %s", d.Direction, Rate(float64(8*d.Bytes)/max(took, 1e-3))), true
	case diag.SpeedRoundTrips:
		return roundTripLine(d), true
	case diag.SpeedSender:
		return fmt.Sprintf("%s, %s sent after the warm-up", d.Direction, Bytes(d.Bytes)), true
	case diag.SpeedTestEnd:
		if d.Complete {
			return fmt.Sprintf("test %d complete", d.Test+1), true
		}
		return fmt.Sprintf("test %d not complete", d.Test+1), true
	case diag.SpeedEnd:
		return strings.TrimSuffix(string(d.Reason)+": "+d.Cause, ": "), true
	}
	return "", false
}

// Test is a test by its number from 1.
func Test(n int, t diag.SpeedTest) string {
	line := fmt.Sprintf("%d, %s, for %v", n, t.Way, t.ForMs.Duration())
	if t.Size > 0 {
		line += fmt.Sprintf(", messages of %d bytes", t.Size)
	}
	if t.Rate > 0 {
		line += " at " + Rate(t.Rate)
	}
	if t.Search {
		line += ", of a search"
	}
	return line
}

func roundTripLine(d diag.SpeedRoundTrips) string {
	all := append(d.ByPing[:len(d.ByPing):len(d.ByPing)], d.BySTUN...)
	if len(all) == 0 {
		return fmt.Sprintf("no answer, %d pings lost", d.Lost)
	}
	least, most := all[0], all[0]
	for _, m := range all {
		least, most = min(least, m), max(most, m)
	}
	return fmt.Sprintf("%s to %s", phrase.Duration(least.Duration()), phrase.Duration(most.Duration()))
}

// limits say what limited a direction.
var limits = map[speed.Limit]string{
	speed.LimitPath: "path", speed.LimitCPU: "CPU of the sender", speed.LimitBuffers: "socket buffers",
	speed.LimitSender: "sender", speed.LimitTime: "time of the test", speed.LimitUnknown: "unknown",
}

// Limit names what limited a direction.
func Limit(l speed.Limit) string { return limits[l] }

// Findings are the entries of package words about measurements of throughput.
var Findings = map[string]phrase.Entry{
	"speed.refused": endedEntry(
		"The peer answered that it does not let others measure throughput, or not so much: dialtone answer does unless "+
			"--no-speed is given, at most 10 minutes and 20 GB in a call; dialtone call does not.",
		"The peer refuses to measure throughput.",
		"Use dialtone answer without --no-speed as the peer, or lower --for and --max-bytes."),
	"speed.busy": endedEntry(
		"The peer answers one measurement at a time in a call.",
		"The peer is in another measurement.", "Wait until it has ended, and repeat."),
	"speed.unsupported": endedEntry(
		"The measurement needs a peer that counts what arrives. This one did not answer on the data channel dialtone-speed, "+
			"as browsers and older versions do not.",
		"The peer cannot measure throughput.", "Use dialtone answer of this version as the peer."),
	"speed.lost": endedEntry(
		"During the measurement the peer stopped answering, closed the channel, or counted more than was sent. The figures "+
			"are those of the tests before.",
		"The measurement of throughput was not completed.",
		"Check the log of the peer, and repeat with --rate below what the path carries."),
	"speed.lower_bound": phrase.On(
		"A measurement can show no more than its sender can send. The process used nearly all of the CPU that it can use, "+
			"or the kernel dropped packets at full receive buffers of sockets, or the sender had nothing to send for a fifth "+
			"of the time; or the rate was still growing when the test ended. The path may carry more.",
		func(f judge.Finding, e judge.SpeedBound) phrase.Text {
			if e.Limit == speed.LimitTime {
				return phrase.Say(fmt.Sprintf("The throughput %s was still growing when the test ended: %s is a lower bound.",
					f.Subject, Rate(e.Goodput)), "Measure for longer, such as with --for 15s.")
			}
			t := phrase.Text{
				Title:    fmt.Sprintf("The sender limited the throughput %s: %s is a lower bound.", f.Subject, Rate(e.Goodput)),
				Evidence: []string{"limit: " + Limit(e.Limit)},
				Advice:   "Use a faster machine, or larger messages (--size), to find what the path carries.",
			}
			if e.CPU != nil {
				t.Evidence = append(t.Evidence, fmt.Sprintf("the process used %.1f of %d cores", *e.CPU, e.Cores))
			}
			if e.Busy != nil {
				t.Evidence = append(t.Evidence, fmt.Sprintf("all processes together used %.0f %% of the machine's CPU time",
					100**e.Busy))
			}
			return t
		}),
	"speed.changed": phrase.On(
		"The packets came at one rate, and then at another one until the test ended: the path changed, such as by a network "+
			"that lowers the rate after a burst, by other traffic, or by a radio link. The figures of the test are its mean.",
		func(f judge.Finding, e judge.SpeedChange) phrase.Text {
			return phrase.Say(fmt.Sprintf("The rate of the path %s changed from %s to %s during the test.", f.Subject,
				Rate(e.Before), Rate(e.After)), "Repeat the measurement with a longer --for to see which rate stays.",
				fmt.Sprintf("changed after %s; mean of the messages %s", phrase.Duration(e.At.Duration()), Rate(e.Goodput)))
		}),
	"speed.bytes_spent": phrase.On(
		"A measurement is bounded in bytes, because they can cost money. A test that has sent its share ends early, and its "+
			"result is from a shorter time; if that was within the warm-up, there is none.",
		func(f judge.Finding, e judge.SpeedSpent) phrase.Text {
			return phrase.Say(fmt.Sprintf("The test %s ended early: it had sent its %s.", f.Subject, Bytes(e.MaxBytes)),
				"Raise --max-bytes if the path may carry as much.")
		}),
	"speed.no_result": phrase.On(
		"The receiver counts what arrives ten times a second, and the figures are of the counts between the warm-up and the "+
			"end of a test. Here there was none: nothing arrived then, or the receiver was too busy to count.",
		func(f judge.Finding, e judge.SpeedEmpty) phrase.Text {
			return phrase.Say(fmt.Sprintf("The test %s has no result.", f.Subject),
				"Repeat with a longer --for.",
				fmt.Sprintf("%s arrived, in %d counts, none of them from %s to %s", Bytes(e.Bytes), e.Intervals,
					phrase.Duration(e.WarmUpMs.Duration()), phrase.Duration(e.ForMs.Duration())))
		}),
	"speed.queue": phrase.On(
		"While data flowed as fast as the path carries, round trips of the path rose by more than 100 ms: a queue "+
			"before the narrowest link is long (bufferbloat). Calls beside a download or an upload suffer from it. RPM is the "+
			"number of round trips in a minute.",
		func(f judge.Finding, e judge.SpeedQueue) phrase.Text {
			return phrase.Say(fmt.Sprintf("Under load %s the round trip of the path grows from %s to %s.", f.Subject,
				phrase.Duration(e.IdleMs.Duration()), phrase.Duration(e.LoadedMs.Duration())),
				"Enable queue management (fq_codel, CAKE) on the router, or limit the rate of other traffic.",
				fmt.Sprintf("%.0f round trips per minute under load", e.RPM))
		}),
}

// endedEntry makes the entry of a measurement that did not do all.
func endedEntry(explain, title, advice string) phrase.Entry {
	return phrase.On(explain, func(_ judge.Finding, e judge.SpeedEnded) phrase.Text {
		done := fmt.Sprintf("%d of %d tests completed", e.Done, e.Of)
		t := phrase.Text{Title: title, Evidence: []string{done}, Advice: advice}
		if e.Cause != "" {
			t.Evidence = append(t.Evidence, "cause: "+e.Cause)
		}
		return t
	})
}
