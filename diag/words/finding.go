// Package words writes English: the titles, evidence, advice and explanations of findings, and the labels, units and
// durations of every surface. No other package writes sentences about findings.
package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dialtone/diag/judge"
	"dialtone/diag/words/browser"
	"dialtone/diag/words/load"
	"dialtone/diag/words/phrase"
	"dialtone/diag/words/remote"
	"dialtone/diag/words/sound"
	"dialtone/diag/words/speed"
	"dialtone/diag/words/stress"
	"dialtone/diag/words/video"
)

// Text is a finding in English.
type Text = phrase.Text

// say makes a text; evidence that is empty is left out.
var say = phrase.Say

// entry is what is known about the findings of one ID.
type entry = phrase.Entry

// on makes the entry of findings whose evidence is an E.
func on[E any](explain string, write func(f judge.Finding, e E) Text) entry {
	return phrase.On(explain, write)
}

// fixed makes the entry of findings whose title and advice are always the same.
func fixed[E any](explain, title, advice string, evidence func(E) []string) entry {
	return phrase.Fixed(explain, title, advice, evidence)
}

// entries are all findings by their ID: the tables of the files of this package.
var entries = phrase.Merged(beyondFindings, callFindings, signalFindings, pathFindings, remote.Findings,
	channelFindings, mediaFindings, sound.Findings, video.Findings, timingFindings, restartFindings, ssrcFindings,
	stress.Findings, speed.Findings, browser.Findings, requestFindings, warnings, natFindings, serverFindings,
	relayFindings, machineFindings, load.Findings)

// Of writes a finding in English. A finding that has no entry, as in a report of a newer version, is named by its ID.
func Of(f judge.Finding) Text {
	if e, ok := entries[f.ID]; ok {
		return stress.Mark(f, e.Write(f))
	}
	return Text{Title: fmt.Sprintf("Unknown finding %s.", f.ID)}
}

// Explain returns the paragraph about a finding, false for an unknown ID.
func Explain(id string) (string, bool) {
	id = strings.ToLower(strings.TrimSpace(id))
	e, ok := entries[id]
	return e.Explain, ok
}

// FindingIDs lists the IDs that can be explained, in ascending order.
func FindingIDs() []string {
	return slices.Sorted(maps.Keys(entries))
}
