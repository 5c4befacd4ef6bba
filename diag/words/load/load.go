// Package load says what a load test comes to, and what its findings mean.
package load

import (
	"fmt"
	"strconv"
	"strings"

	"dialtone/diag/judge"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/words/phrase"
)

// Findings are the entries of package words about load tests.
var Findings = map[string]phrase.Entry{
	"load.tester_limit": phrase.On(
		"During a load test this machine was short in some seconds: more than one in twenty of dialtone's timers were "+
			"more than 10 ms late, or the program used more than 95 % of the processors, or the kernel discarded UDP packets "+
			"because the buffer of one of dialtone's sockets was full. Calls in these seconds say nothing about the server. "+
			"They are counted, but neither judged nor part of the percentiles; if they are more than half of the calls, there "+
			"is no verdict.",
		testerLimit),
	"load.agents_lost": phrase.On(
		"A load test that several machines place together (--nats) has no verdict without all of them: what the missing "+
			"calls came to is unknown. The report has what each agent had sent until it was lost. An agent sends its "+
			"counts every second or less often, so calls of the last seconds have no result although they took place.",
		agentsLost),
	"load.parts_missing": phrase.On(
		"A test that was placed in parts (--part) has no verdict without the report of each part: what the missing calls "+
			"came to is unknown.",
		func(_ judge.Finding, e crowd.PartsMissing) phrase.Text {
			return phrase.Say(fmt.Sprintf("The reports of %d of %d parts are missing.", e.Parts-e.Given, e.Parts),
				"Give dialtone merge the reports of all parts.",
				"missing: "+partList(e))
		}),
	"load.stuck": phrase.On(
		"Calls of a load test no longer reacted because of a fault in dialtone, which ended them. A machine that is short "+
			"of CPU makes that more likely. These calls are not judged.",
		func(_ judge.Finding, e crowd.CallsStuck) phrase.Text {
			return phrase.Say(fmt.Sprintf("%d calls no longer reacted, because of a fault in dialtone.", e.Calls),
				"Lower --arrive: this happens when the machine is short of CPU.")
		}),
	"load.starts_dropped": phrase.On(
		"The schedule of a load test does not wait: a call begins when it is due, however slow earlier ones are. Calls "+
			"that were due while the greatest number of calls was in progress, or that dialtone could not begin within a "+
			"second, were not placed and are counted as dropped.",
		func(_ judge.Finding, e crowd.StartsDropped) phrase.Text {
			return phrase.Say(fmt.Sprintf("%d of %d scheduled calls did not begin.", e.Dropped, e.Scheduled),
				"Raise --max-in-progress, shorten --hold or lower --arrive; or use more machines (--part).",
				fmt.Sprintf("at most %d calls may be in progress (--max-in-progress)", e.Limit))
		}),
}

// mostParts bounds the parts that are listed.
const mostParts = 20

// partList lists the parts that are missing: "parts 2, 5 of 8".
func partList(e crowd.PartsMissing) string {
	var list []string
	for _, n := range e.Missing[:min(len(e.Missing), mostParts)] {
		list = append(list, strconv.Itoa(n))
	}
	if more := e.Parts - e.Given - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	name := "part "
	if len(e.Missing) > 1 {
		name = "parts "
	}
	return fmt.Sprintf("%s%s of %d", name, strings.Join(list, ", "), e.Parts)
}

// losses say why an agent did not report all of its calls.
var losses = map[crowd.Loss]string{
	crowd.Silent:      "nothing more was heard from it",
	crowd.Late:        "it did not end in time",
	crowd.Ended:       "it ended before all its calls had begun",
	crowd.Implausible: "its report contradicts itself or is of another test",
}

func agentsLost(_ judge.Finding, e crowd.AgentsLost) phrase.Text {
	t := phrase.Say(fmt.Sprintf("%d of %d agents did not report all of their calls: %d of %d calls have no result.",
		len(e.Lost)+e.More, e.Agents, e.Unreported, e.Calls),
		"Read the output of the agents named here, then repeat the test.")
	for _, a := range e.Lost {
		t.Evidence = append(t.Evidence, fmt.Sprintf("agent %s (part %d): %d of its %d calls have no result: %s", a.Name,
			a.Part, a.Unreported, a.Calls, losses[a.Loss]))
	}
	if e.More > 0 {
		t.Evidence = append(t.Evidence, fmt.Sprintf("%d more agents", e.More))
	}
	return t
}

// lowCPU is the share of the processors below which dialtone itself did not use them up.
const lowCPU = 0.5

func testerLimit(_ judge.Finding, e crowd.TesterLimit) phrase.Text {
	t := phrase.Say(fmt.Sprintf("This machine was the limit from %s in progress and %s arrivals a second on.",
		calls(e.InProgress), phrase.Significant(e.Rate)),
		"Lower --arrive, give dialtone more processors, or use more machines (--part).",
		fmt.Sprintf("seconds in which it was short: %d; calls that were not judged: %d of %d", e.Seconds, e.Unjudged,
			e.Calls), fmt.Sprintf("at first %.0f %% of the timers were late; the latest by %s", 100*e.LateShare,
			phrase.Duration(e.WorstMs.Duration())))
	if e.Unjudged == 0 {
		t.Title = "This machine was the limit only briefly: all calls were judged."
	}
	if e.CPU != nil && *e.CPU < lowCPU {
		t.Advice = fmt.Sprintf("Check what else runs on this machine, and the CPU limit of its container: dialtone itself "+
			"used at most %.0f %% of the processors.", 100**e.CPU)
	}
	if e.Rate == 0 && e.Unjudged > 0 { // no call began in that second
		t.Title = fmt.Sprintf("This machine was the limit from %s in progress on.", calls(e.InProgress))
	}
	if e.CPU != nil {
		t.Evidence = append(t.Evidence, fmt.Sprintf("highest use of the processors by dialtone: %.0f %%", 100*min(1, *e.CPU)))
	}
	if e.Drops > 0 {
		t.Evidence = append(t.Evidence, fmt.Sprintf("UDP packets that the kernel discarded at full sockets: %d", e.Drops))
	}
	return t
}

// Result is what a load test comes to, as facts.
type Result struct {
	Scheduled, Judged, Failed, Dropped int
	Known                              int // calls that failed, or passed, judged or not
	Withdrawn, Interrupted             bool
	Lost                               *crowd.AgentsLost // nil: all agents reported all of their calls
	Missing                            crowd.PartsMissing
	InProgress                         int    // calls when the tester became its own limit
	Cause                              string // the title of the most frequent cause of failure
	CauseCalls                         int    // that failed so
	Assertion                          string // the first that failed
	Limit                              *Limit // of a search
}

// Limit is the result of a search for the rate from which on an assertion breaks.
type Limit struct {
	Rate, Broke string // the highest that held and the lowest that did not; "" for none
	InProgress  int    // calls at Rate
	Assertion   string // that broke
	Tester      bool   // this machine was the limit
	Beyond      string // the rate at which it was
}

func (l Limit) headline() string {
	switch {
	case l.Rate == "" && l.Broke == "":
		return "no verdict: this machine was the limit from the first rate on"
	case l.Rate == "":
		return fmt.Sprintf("no rate held; at %s this broke: %s", l.Broke, l.Assertion)
	case l.Broke == "" && l.Tester:
		return fmt.Sprintf("%s held (%s in progress); at %s this machine was the limit", l.Rate, calls(l.InProgress),
			l.Beyond)
	case l.Broke == "":
		return fmt.Sprintf("no limit was found; the highest rate was %s (%s in progress)", l.Rate, calls(l.InProgress))
	}
	return fmt.Sprintf("%s held (%s in progress); at %s this broke: %s", l.Rate, calls(l.InProgress), l.Broke, l.Assertion)
}

func (r Result) failures() string {
	if r.CauseCalls > 0 && r.CauseCalls < r.Failed {
		return fmt.Sprintf("%d of %d calls failed, %d of them so: %s", r.Failed, r.Known, r.CauseCalls, r.Cause)
	}
	return fmt.Sprintf("%d of %d calls failed: %s", r.Failed, r.Known, r.Cause)
}

// proven are the failures that are none of this machine's.
func (r Result) proven() string {
	if r.Failed == 0 {
		return ""
	}
	return "; " + r.failures()
}

// untilThen is what an interrupted test has found.
func (r Result) untilThen() string {
	switch {
	case r.Limit != nil && r.Limit.Rate != "":
		return fmt.Sprintf("; until then %s held (%s in progress)", r.Limit.Rate, calls(r.Limit.InProgress))
	case r.Failed == 0 && r.Judged > 0:
		return fmt.Sprintf("; until then %s passed", calls(r.Judged))
	}
	return r.proven()
}

// Headline says it in a line.
func Headline(r Result) string {
	switch {
	case r.Interrupted:
		return "interrupted" + r.untilThen()
	case r.Lost != nil:
		return fmt.Sprintf("no verdict: %d of %d agents did not report all of their calls, and %d of %d calls have no result",
			len(r.Lost.Lost)+r.Lost.More, r.Lost.Agents, r.Lost.Unreported, r.Lost.Calls)
	case len(r.Missing.Missing) > 0:
		return "no verdict: no report of " + partList(r.Missing)
	case r.Limit != nil:
		return r.Limit.headline()
	case r.Withdrawn:
		return fmt.Sprintf("no verdict: this machine was the limit from %s in progress on", calls(r.InProgress)) + r.proven()
	case r.Judged == 0:
		return "no call was judged"
	case r.Failed > 0:
		return r.failures()
	case r.Dropped > 0:
		return fmt.Sprintf("%d of %d scheduled calls did not begin", r.Dropped, r.Scheduled)
	case r.Assertion != "":
		return "assertion failed: " + r.Assertion
	}
	return fmt.Sprintf("%d of %d calls passed", r.Judged-r.Failed, r.Judged)
}

// calls writes a number of calls.
func calls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}
