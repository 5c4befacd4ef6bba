package words

import (
	"cmp"
	"fmt"

	"dialtone/diag/judge"
)

// beyondFindings are those that are made beside the rules about a call.
var beyondFindings = map[string]entry{
	"baseline.worse": on(
		"A value of the report is worse than that of the earlier report, beyond the run-to-run variation of both. The "+
			"variation is taken from the spread of the percentiles of both reports; it is at least 10 % and 2 ms (0.01 for "+
			"shares). With fewer than five runs the variation is unknown, and only a value that has more than doubled counts.",
		func(_ judge.Finding, e judge.BaselineWorse) Text {
			return say(e.Name+" is worse than in the baseline.",
				"Check what changed between the two reports; repeat the check to see whether the difference stays.",
				fmt.Sprintf("%g before, %g now (%s); the variation is %g", e.Before, e.Now, e.Unit, e.Noise))
		}),
	"conformance.should_not_kept": on(
		"dialtone check --conformance asks a WHIP endpoint for what RFC 9725 §4 requires, and a WHEP endpoint for what "+
			"draft-ietf-wish-whep requires, and a signaling server for the rules of the room protocol. This requirement is a "+
			"SHOULD, or an earlier draft required something else, which the server does: it may have good reasons, but other "+
			"clients may rely on the requirement.",
		func(_ judge.Finding, e judge.ShouldNotKept) Text {
			t := say("The endpoint does not follow a SHOULD: "+e.Requirement+".",
				"Check "+cmp.Or(e.Standard, "RFC 9725")+" §"+e.Section+"; other clients may rely on it.",
				append(lines(e.Reason), e.Exchanges...)...)
			if e.Draft {
				t.Title = "The endpoint follows a draft, not the standard: " + e.Requirement + "."
			}
			return t
		}),
}
