package main

import (
	"context"
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/words"
)

// explainCommand is dialtone explain.
type explainCommand struct {
	ID string `arg:"" optional:"" name:"id" help:"The ID of a finding, such as nat.udp_blocked. Default: list all."`
}

// Help implements kong.HelpProvider.
func (explainCommand) Help() string {
	return detail("", []string{"dialtone explain nat.udp_blocked", "dialtone explain"}, diag.ExitPass, diag.ExitUsage,
		diag.ExitCannotRun)
}

func (c *explainCommand) run(_ context.Context, a app) (diag.Exit, error) {
	text := strings.Join(words.FindingIDs(), "\n")
	if c.ID != "" {
		paragraph, ok := words.Explain(c.ID)
		if !ok {
			return diag.ExitUsage, fmt.Errorf("unknown finding %s%s; dialtone explain lists all", quote(c.ID),
				didYouMean("", c.ID, words.FindingIDs()))
		}
		text = paragraph
	}
	if err := a.Print("%s\n", text); err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.ExitPass, nil
}
