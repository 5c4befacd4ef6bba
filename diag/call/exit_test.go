package call

import (
	"strings"
	"testing"
)

func TestStates(t *testing.T) {
	seen := map[string]bool{}
	for s := StateUnknown; s <= StateEnded; s++ {
		if name := s.String(); name == "" || seen[name] || strings.ToLower(name) != name {
			t.Errorf("state %d is named %q", s, name)
		} else {
			seen[name] = true
		}
	}
	if got := State(200).String(); got != "unknown" {
		t.Errorf("a foreign state is %q", got)
	}
}
