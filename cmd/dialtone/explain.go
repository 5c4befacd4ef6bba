package main

import (
	"context"
	"fmt"
	"strings"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/words"
	posting "dialtone/signal/post"
)

// presetPrefix precedes the name of a preset, whose text is its explanation and the model for an own one.
const presetPrefix = "preset/"

// explainCommand is dialtone explain.
type explainCommand struct {
	ID string `arg:"" optional:"" name:"id" help:"The ID of a finding, such as nat.udp_blocked, or preset/NAME. Default: list all findings; preset lists the presets."`
}

// Help implements kong.HelpProvider.
func (explainCommand) Help() string {
	return detail("", []string{
		"dialtone explain nat.udp_blocked", "dialtone explain", "dialtone explain preset/srs > own.toml",
	}, diag.ExitPass, diag.ExitUsage,
		diag.ExitCannotRun)
}

func (c *explainCommand) run(_ context.Context, a app) (diag.Exit, error) {
	text, err := c.text()
	if err != nil {
		return diag.ExitUsage, err
	}
	if err := a.Print("%s\n", text); err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.ExitPass, nil
}

// text is the explanation, or the list of what can be explained.
func (c *explainCommand) text() (string, error) {
	name, isPreset := strings.CutPrefix(c.ID, presetPrefix)
	switch {
	case c.ID == "":
		return strings.Join(words.FindingIDs(), "\n"), nil
	case c.ID == strings.TrimSuffix(presetPrefix, "/"):
		return presetPrefix + strings.Join(posting.Presets(), "\n"+presetPrefix), nil
	case isPreset:
		if text, ok := posting.PresetText(name); ok {
			return strings.TrimSuffix(text, "\n"), nil
		}
		return "", fmt.Errorf("unknown preset %s%s; dialtone explain preset lists all", settings.Quote(name),
			settings.DidYouMean("", name, posting.Presets()))
	}
	if text, ok := words.Explain(c.ID); ok {
		return text, nil
	}
	return "", fmt.Errorf("unknown finding %s%s; dialtone explain lists all", settings.Quote(c.ID),
		settings.DidYouMean("", c.ID, words.FindingIDs()))
}
