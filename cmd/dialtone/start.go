package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"dialtone/cmd/dialtone/internal/forms"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/tui/start"
)

// startCommand is dialtone start, and dialtone without a command on a terminal.
type startCommand struct {
	glyphFlags
	configurable
}

// Help implements kong.HelpProvider.
func (startCommand) Help() string {
	return detail("The forms begin with the configured values. Previous choices are offered again; passwords and user "+
		"names are not saved.",
		[]string{"dialtone start", "dialtone start --config lab.toml"},
		callExits...)
}

func (c *startCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	if !a.Terminal {
		return diag.ExitUsage, errors.New("the start screen needs a terminal: use a command instead; try dialtone --help")
	}
	all, err := startForms(a.streams, c.Config)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	past, path, remark := a.loadHistory()
	choice, code, err := c.choose(ctx, a, all, past, remark)
	if choice == nil {
		return code, err
	}
	form, err := forms.Find(all, choice.Command)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	if path != "" {
		if err := past.With(form, choice.Values).Write(path); err != nil {
			a.Complain("dialtone: warning: cannot save the history: " + err.Error())
		}
	}
	return run(ctx, form.Args(choice.Values), a.withPassword(choice.Values["ice-pass"])), nil
}

// choose shows the screen. Without a choice there is an exit code.
func (c *startCommand) choose(ctx context.Context, a app, all []forms.Form, past forms.History,
	remark string,
) (*start.Choice, diag.Exit, error) {
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	options := start.Options{
		Version: readVersion().Version, Recent: past.Recent(all), Remark: remark,
		ASCII: c.ascii(a.streams),
	}
	for _, f := range all {
		options.Commands = append(options.Commands, f.Screen())
	}
	choice, err := start.Run(ctx, options, a.In, a.Out)
	switch {
	case errors.Is(err, start.ErrInterrupted), ctx.Err() != nil:
		return nil, diag.ExitInterrupted, nil
	case err != nil:
		return nil, diag.ExitCannotRun, err
	}
	return choice, diag.ExitPass, nil
}

// loadHistory reads the previous choices; the path is empty if none can be kept.
func (a app) loadHistory() (past forms.History, path, remark string) {
	path, err := forms.HistoryFile(a.Getenv)
	if err != nil {
		return past, "", ""
	}
	past, err = forms.ReadHistory(path)
	if err != nil {
		remark = "cannot read the history: " + diag.Clean(err.Error(), 200)
	}
	return past, path, remark
}

// withPassword are the streams of a command that finds the password in its environment, where no list of processes
// shows it.
func (s streams) withPassword(password string) streams {
	if password != "" {
		s.Environ = slices.Concat([]string{settings.EnvName("ice-pass") + "=" + password}, s.Environ) // the first counts
	}
	return s
}

// startForms are the commands that the screen offers, with the configured values.
func startForms(s streams, config string) ([]forms.Form, error) {
	described, err := settings.Forms(grammar(), config, s.options())
	var all []forms.Form
	for _, f := range described {
		all = append(all, forms.Form{Form: f, Config: config, Checked: s.checkLine})
	}
	return all, err
}

// planner is a command that can be checked without running it.
type planner interface{ check(a app) error }

// checkLine says what is wrong with a command line, or nil.
func (s streams) checkLine(args []string, password string) error {
	silent := s.withPassword(password)
	silent.Out, silent.Err = io.Discard, io.Discard
	parsed, err := settings.Parse(grammar(), args, silent.options())
	if err != nil {
		return err
	}
	if p, ok := parsed.Command.(planner); ok {
		err = p.check(app{streams: silent, settings: parsed, name: parsed.Name})
	}
	var found settings.MistakeErrors
	if errors.As(parsed.Check(err), &found) {
		return errors.New(found[0].Text)
	}
	return nil
}

func (c *callCommand) check(a app) error {
	_, _, err := c.plan(a)
	return err
}

func (c *answerCommand) check(a app) error {
	_, _, err := c.plan(a)
	return err
}

func (c *checkCommand) check(a app) error {
	_, _, _, err := c.plans(a)
	return err
}

func (c *natCommand) check(app) error {
	_, err := c.servers()
	return err
}
