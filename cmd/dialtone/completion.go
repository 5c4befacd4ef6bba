package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/alecthomas/kong"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/shells"
	"dialtone/diag"
	"dialtone/diag/words"
	posting "dialtone/signal/post"
)

// completionCommand is dialtone completion.
type completionCommand struct {
	Shell string `arg:"" oneof:"bash,zsh,fish,powershell" help:"The shell: bash, zsh, fish or powershell."`
}

// Help implements kong.HelpProvider.
func (completionCommand) Help() string {
	return detail("The script completes commands, flags, and the words that a flag can be. That for bash "+
		"needs bash-completion.", []string{
		"source <(dialtone completion bash)",
		"dialtone completion bash > /etc/bash_completion.d/dialtone",
		"dialtone completion zsh > \"${fpath[1]}/_dialtone\"",
		"dialtone completion fish > ~/.config/fish/completions/dialtone.fish",
		"dialtone completion powershell | Out-String | Invoke-Expression",
	}, diag.ExitPass, diag.ExitUsage)
}

func (c *completionCommand) run(_ context.Context, a app) (diag.Exit, error) {
	return a.printed(func(b *bytes.Buffer, model *kong.Application) error { return shells.Script(b, model, c.Shell) })
}

// manCommand is dialtone man.
type manCommand struct {
	Name string `arg:"" optional:"" name:"command" help:"The command. Default: dialtone itself."`
}

// Help implements kong.HelpProvider.
func (manCommand) Help() string {
	return detail("", []string{
		"dialtone man call | man -l -", "dialtone man > /usr/local/share/man/man1/dialtone.1",
	}, diag.ExitPass, diag.ExitUsage)
}

func (c *manCommand) run(_ context.Context, a app) (diag.Exit, error) {
	v := readVersion()
	made, err := time.Parse(time.RFC3339, v.Time)
	if err != nil {
		made = time.Now()
	}
	return a.printed(func(b *bytes.Buffer, model *kong.Application) error {
		return shells.Page(b, model, c.Name, v.Version, made)
	})
}

// printed prints what is made of the grammar.
func (a app) printed(write func(*bytes.Buffer, *kong.Application) error) (diag.Exit, error) {
	var b bytes.Buffer
	model, err := settings.Model(grammar(), a.options())
	if err = errors.Join(err, a.checked(nil)); err == nil {
		err = write(&b, model)
	}
	if err != nil {
		return diag.ExitUsage, err
	}
	return done(a.Print("%s", b.String()))
}

// complete answers a completion script.
func (s streams) complete(args []string) diag.Exit {
	model, err := settings.Model(grammar(), s.options())
	if err != nil {
		return diag.ExitCannotRun
	}
	var presets []string
	for _, name := range posting.Presets() {
		presets = append(presets, presetPrefix+name)
	}
	known := shells.Words{"explain": append(presets, words.FindingIDs()...)}
	for _, command := range model.Children {
		known["man"] = append(known["man"], command.Name)
	}
	if shells.Answer(s.Out, s.Err, model, known, args) != nil {
		return diag.ExitUsage
	}
	return diag.ExitPass
}
