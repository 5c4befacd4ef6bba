package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/helps"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
)

// TestExitCodesAreDocumented keeps docs/reference/exit-codes.md, the help texts and the codes themselves the same.
func TestExitCodesAreDocumented(t *testing.T) {
	var want []string
	for _, e := range diag.Exits() {
		want = append(want, fmt.Sprintf("| %d | %s | %s |", int(e), e, helps.ExitWords[e]))
	}
	var got []string
	for line := range strings.Lines(readDoc(t, "reference/exit-codes.md")) {
		if fields := strings.Split(line, "|"); len(fields) == 5 && strings.Trim(fields[1], " 0123456789") == "" {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/reference/exit-codes.md differs (-program +document):\n%s", diff)
	}
}

// TestExampleFileIsValid reads the example of docs/reference/configuration.md as the program would.
func TestExampleFileIsValid(t *testing.T) {
	_, after, found := strings.Cut(readDoc(t, "reference/configuration.md"), "```toml\n")
	example, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("docs/reference/configuration.md holds no example")
	}
	if mistakes := fileMistakes(t, example); len(mistakes) > 0 {
		t.Errorf("mistakes in the example: %v", mistakes)
	}
}

// TestEveryFlagIsExplained looks for help texts of all commands and flags, with examples and exit codes.
func TestEveryFlagIsExplained(t *testing.T) {
	model, err := settings.Model(grammar(), testStreams().options())
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range model.Children {
		if command.Help == "" || !strings.Contains(command.Detail, "    dialtone "+command.Name) || !strings.Contains(command.Detail, "Exit codes:") {
			t.Errorf("%s: no help, no example or no exit codes", command.Name)
		}
		for _, flag := range command.Flags {
			if flag.Help == "" || !flag.IsBool() && flag.PlaceHolder == "" {
				t.Errorf("%s --%s: no help or no placeholder", command.Name, flag.Name)
			}
		}
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
