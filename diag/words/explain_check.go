package words

import "maps"

func init() { maps.Copy(explanations, checkExplanations) }

// checkExplanations are those of the findings of calls and checks.
var checkExplanations = map[string]string{}
