package signal

import "testing"

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for k := KindUnknown; k <= KindBye; k++ {
		name := "kind " + k.String()
		if seen[name] || (k == KindUnknown) != (k.String() == "unknown") {
			t.Errorf("kind %d is called %q", k, k)
		}
		seen[name] = true
	}
	for r := RoleUnknown; r <= RoleAnswerer; r++ {
		name := "role " + r.String()
		if seen[name] || (r == RoleUnknown) != (r.String() == "unknown") {
			t.Errorf("role %d is called %q", r, r)
		}
		seen[name] = true
	}
	for r := ReasonUnknown; r <= ReasonShutdown; r++ {
		name := "reason " + r.String()
		if seen[name] || (r == ReasonUnknown) != (r.String() == "unknown") {
			t.Errorf("reason %d is called %q", r, r)
		}
		seen[name] = true
	}
	if Kind(200).String() != "unknown" || Role(200).String() != "unknown" || Reason(200).String() != "unknown" {
		t.Error("values beyond the last must be called unknown")
	}
}
