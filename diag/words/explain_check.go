package words

import "maps"

func init() { maps.Copy(explanations, checkExplanations) }

// checkExplanations are those of the findings of calls and checks.
var checkExplanations = map[string]string{
	"signal.wrong_role": "In a room whoever dials first offers. The check was to offer (or to answer) and the server gave it the other part, because the other party had (or had not) dialled before. Start the two in the other order, or check with --role any.",
}
