package main

import (
	"errors"

	"dialtone/cmd/dialtone/internal/dumps"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/record"
)

// besideRecording are the flags that can accompany --recording: those that judge a call, and none that would place one.
var besideRecording = map[string]bool{
	"recording": true, "config": true, "out": true, "assert": true, "baseline": true, "name": true, "expect": true,
	"expect-media": true, "no-echo": true, "redact": true,
}

// judge makes the report of a call that was recorded.
func (c *checkCommand) judge(a app) (diag.Exit, error) {
	typed := a.settings.Typed
	err := errors.Join(settings.Beside(typed, besideRecording, "--recording: no call is placed"), reports.Clash(c.Out))
	if err = a.checked(err); err != nil {
		return c.undone(a, c.Out, diag.ExitUsage, err)
	}
	o := diagcheck.Options{Name: c.Name, NoEcho: c.NoEcho, Assertions: c.Assert}
	o.Config.Version = readVersion().Version
	if c.expect(&o); typed["expect-media"] && c.ExpectMedia == "both" {
		o.ExpectMedia = diag.Kinds
	}
	o, damage, err := dumps.Check(c.Recording, a.In, o)
	if err != nil {
		return c.undone(a, c.Out, diag.ExitCannotRun, err)
	}
	a.Warn(damage)
	if o.Baseline, err = reports.ReadBaseline(c.Baseline, o.Name, o.Describe()); err != nil {
		return c.undone(a, c.Out, diag.ExitUsage, a.checked(err))
	}
	return c.write(a, diagcheck.Judge(o), record.Options{Redact: c.Redact}, c.Out, nil)
}
