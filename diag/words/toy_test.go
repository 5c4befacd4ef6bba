package words

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/judge"
)

// TestToyFinding adds the one entry that a new finding needs here: all surfaces and dialtone explain then know it.
func TestToyFinding(t *testing.T) {
	type toy struct{ Channels int }
	f := judge.Finding{ID: "toy.channels", Severity: judge.Warn, Evidence: toy{3}}
	if got := Of(f); got.Title != "Unknown finding toy.channels." {
		t.Errorf("without an entry it is %q", got.Title)
	}
	entries["toy.channels"] = on("A paragraph.", func(_ judge.Finding, e toy) Text {
		return Text{Title: "The call has " + Count(e.Channels, "channel", "channels") + ".", Advice: "Count them."}
	})
	defer delete(entries, "toy.channels")
	want := Text{Title: "The call has 3 channels.", Advice: "Count them."}
	if diff := cmp.Diff(want, Of(f)); diff != "" {
		t.Error(diff)
	}
	if text, ok := Explain("toy.channels"); !ok || text != "A paragraph." {
		t.Errorf("explained as %q", text)
	}
}
