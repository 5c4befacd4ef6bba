// Package dumptest holds a recording of dialtone against a browser's dump of the same call.
package dumptest

import (
	"regexp"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/sdp"
	"dialtone/diag/words/verdict"
)

var (
	lengths   = regexp.MustCompile(`(at least )?[\d.]+ (ms|s|min)\b`)
	direction = strings.NewReplacer("inbound", "outbound", "outbound", "inbound")
)

// shared are families of findings that both a recording and a dump can prove.
var shared = []string{"media.loss", "media.no_", "ice.", "dtls.", "turn."}

// Said is the headline without lengths and the end, and the shared findings. What is done to packets on purpose is not
// mentioned to the judge, as a browser does not know it. The directions of the peer are the other ones.
func Said(events []diag.Event, peer bool) (lines []string) {
	events = slices.DeleteFunc(slices.Clone(events), func(e diag.Event) bool {
		_, impaired := e.Data.(diag.Impaired)
		return impaired
	})
	for i, e := range events {
		if start, ok := e.Data.(diag.CallStart); ok {
			start.Impair = nil
			events[i].Data = start
		}
	}
	v := judge.Judge(call.Fold(events))
	headline, _, _ := strings.Cut(verdict.Of(v).Headline, ";")
	lines = append(lines, lengths.ReplaceAllString(headline, "…"))
	for _, f := range v.Findings {
		if slices.ContainsFunc(shared, func(prefix string) bool { return strings.HasPrefix(f.ID, prefix) }) {
			lines = append(lines, f.ID+" "+f.Subject)
		}
	}
	if peer {
		for i := range lines {
			lines[i] = direction.Replace(lines[i])
		}
	}
	slices.Sort(lines)
	return lines
}

// RemoteUfrag is the ICE user name fragment of the peer, as the call began.
func RemoteUfrag(events []diag.Event) string {
	for _, d := range call.Fold(events).Descriptions {
		if d.Side == diag.Remote {
			ufrag, _ := sdp.Parse(d.SDP).Attribute("ice-ufrag")
			return ufrag
		}
	}
	return ""
}
