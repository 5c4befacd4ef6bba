package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/words"
	"dialtone/diag/words/explain"
	"dialtone/diag/words/term"
	posting "dialtone/signal/post"
)

// presetPrefix precedes the name of a preset, whose text is its explanation and the model for an own one.
const presetPrefix = "preset/"

// explainCommand is dialtone explain.
type explainCommand struct {
	ID []string `arg:"" optional:"" name:"id" help:"The ID of a finding, such as nat.udp_blocked; a word of the screens, such as srflx; or preset/NAME, also that of an own file preset/FILE.toml. Default: list all findings, a sentence for each; terms lists the words, preset the presets."`
}

// Help implements kong.HelpProvider.
func (explainCommand) Help() string {
	return detail("", []string{
		"dialtone explain nat.udp_blocked", "dialtone explain srflx", "dialtone explain ICE checks", "dialtone explain",
		"dialtone explain preset/srs > own.toml",
	}, diag.ExitPass, diag.ExitUsage,
		diag.ExitCannotRun)
}

func (c *explainCommand) run(_ context.Context, a app) (diag.Exit, error) {
	text, err := c.text()
	if err != nil {
		return diag.ExitUsage, err
	}
	return done(a.Print("%s\n", text))
}

// text is the explanation, or the list of what can be explained.
func (c *explainCommand) text() (string, error) {
	id := strings.Join(c.ID, " ")
	name, isPreset := strings.CutPrefix(id, presetPrefix)
	switch {
	case id == "":
		return explain.Listing(words.FindingIDs(), words.Explain), nil
	case id == "terms":
		return explain.Listing(term.Terms(), term.Explain), nil
	case id == strings.TrimSuffix(presetPrefix, "/"):
		return presetPrefix + strings.Join(posting.Presets(), "\n"+presetPrefix), nil
	case isPreset:
		text, err := posting.PresetText(name)
		if errors.Is(err, posting.ErrUnknownPreset) {
			err = fmt.Errorf("unknown preset %s%s; dialtone explain preset lists all", settings.Quote(name),
				settings.DidYouMean("", name, posting.Presets()))
		}
		return strings.TrimSuffix(text, "\n"), err
	}
	if text, ok := words.Explain(id); ok {
		return text, nil
	}
	if text, ok := term.Explain(id); ok {
		return text, nil
	}
	if text, ok := explain.Attribute(id); ok {
		return text, nil
	}
	known := append(words.FindingIDs(), term.Terms()...)
	return "", fmt.Errorf("unknown finding or word %s%s; dialtone explain and dialtone explain terms list all",
		settings.Quote(id), settings.DidYouMean("", id, known))
}
