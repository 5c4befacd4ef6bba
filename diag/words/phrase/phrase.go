// Package phrase is the form of what package words says about a finding.
package phrase

import "dialtone/diag/judge"

// Text is a finding in English.
type Text struct {
	Title    string   `json:"title"`              // subject, verb, object: one sentence with a full stop
	Evidence []string `json:"evidence,omitempty"` // how it is known: counts, codes, addresses
	Advice   string   `json:"advice,omitempty"`   // the next step: an imperative sentence with a full stop
}

// Say makes a text; evidence that is empty is left out.
func Say(title, advice string, evidence ...string) Text {
	t := Text{Title: title, Advice: advice}
	for _, e := range evidence {
		if e != "" {
			t.Evidence = append(t.Evidence, e)
		}
	}
	return t
}

// Entry is what is known about the findings of one ID.
type Entry struct {
	Explain string                   // a paragraph for dialtone explain
	Write   func(judge.Finding) Text // the finding in English
	Of      []any                    // zero values of the types that its evidence has
}

// On makes the entry of findings whose evidence is an E; without evidence write gets the zero value.
func On[E any](explain string, write func(f judge.Finding, e E) Text) Entry {
	return Entry{Explain: explain, Of: []any{*new(E)}, Write: func(f judge.Finding) Text {
		e, _ := f.Evidence.(E)
		return write(f, e)
	}}
}

// Fixed makes the entry of findings whose title and advice are always the same. Their evidence, an E, is put into words
// by evidence; nil: there are none.
func Fixed[E any](explain, title, advice string, evidence func(E) []string) Entry {
	return On(explain, func(_ judge.Finding, e E) Text {
		t := Text{Title: title, Advice: advice}
		if evidence != nil {
			t.Evidence = evidence(e)
		}
		return t
	})
}

// Merged is one table of several.
func Merged(tables ...map[string]Entry) map[string]Entry {
	all := map[string]Entry{}
	for _, table := range tables {
		for id, e := range table {
			if _, twice := all[id]; twice {
				panic("two entries for the finding " + id) //nolint:forbidigo // at start, of tables of this program
			}
			all[id] = e
		}
	}
	return all
}
