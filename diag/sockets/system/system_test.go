package system

import (
	"testing"
	"time"
)

// TestInterfacesAreReadOnceASecond: all that ask within a second get the same list, and nobody an older one.
func TestInterfacesAreReadOnceASecond(t *testing.T) {
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	now := n.read
	n.now = func() time.Time { return now }
	list := func() any {
		all, err := n.Interfaces()
		if err != nil || len(all) == 0 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0]
	}
	first := list()
	now = now.Add(age)
	if list() != first {
		t.Error("read anew within a second")
	}
	now = now.Add(1)
	second := list()
	if second == first {
		t.Error("not read after more than a second")
	}
	if err := n.UpdateInterfaces(); err != nil || list() == second {
		t.Errorf("not read when that is asked for: %v", err)
	}
}
