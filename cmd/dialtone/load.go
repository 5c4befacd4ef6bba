package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/loads"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/diag"
	"dialtone/diag/assert"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/load"
)

// loadCommand is dialtone load.
type loadCommand struct {
	Loopback bool `help:"Call between two peers in this process: what this machine itself can carry."`
	wayFlags

	loads.Schedule
	loads.Fleet
	Assert []*loads.Assertion `whole:"" sep:"none" placeholder:"EXPR" help:"Condition the report must meet, such as 'setup.p95 < duration(\"2s\")' or 'failed_share < 0.01'. Repeatable."`
	Out    []loads.Output     `path:"writes" sep:"none" short:"o" placeholder:"FORMAT[=FILE]" help:"Write the report in this format, to the file or to stdout: ${load_formats}. Repeatable; only one can go to stdout. Default: text."`
	Name   string             `placeholder:"NAME" help:"The name of the test in the report. Default: its target."`
	Plain  bool               `help:"A line of progress each second instead of the screen. The default if stdin, stdout or stderr is not a terminal."`
	glyphFlags
	NoEcho bool `help:"Do not expect a data channel that opens and is echoed: for servers without one."`

	networkFlags
	requestFlags
	secretFlag
	mediaFlags
	configurable
}

// Help implements kong.HelpProvider.
func (loadCommand) Help() string {
	return detail(loads.Description, loads.Examples, append(callExits, diag.ExitAssertion)...)
}

func (c *loadCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	o, plan, err := c.options(a)
	if err = a.checked(errors.Join(err, reports.Clash(c.Out))); err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	if c.Agents == 0 {
		plans := []checkPlan{plan}
		if err := nameServers(ctx, plans); err != nil {
			return diag.ExitSignaling, err
		}
		o.Call = plans[0].Options
	}
	if o.Publisher != nil {
		o.Publisher.Config.ICEServers = o.Call.Config.ICEServers
	}
	r, runErr := loads.Run(ctx, o, loads.Show{
		In: a.In, Err: a.Err, Screen: a.Terminal && !c.Plain, ASCII: c.ascii(a.streams),
	})
	var absent *load.PublisherError
	switch {
	case errors.As(runErr, &absent) && r == nil:
		return absent.Exit, absent
	case r == nil && ctx.Err() == nil && c.NATS != "":
		return diag.ExitCannotRun, runErr
	case r == nil:
		return diag.ExitInterrupted, runErr
	}
	exit := diag.Exit(r.Exit.Code)
	if err := loads.Write(a.Display(), r, c.Out); err != nil {
		exit, runErr = exit.Worse(diag.ExitCannotRun), errors.Join(runErr, err)
	}
	return exit, runErr
}

// options are those of the test, and how one of its calls is placed. A controller places none.
func (c *loadCommand) options(a app) (o loads.Test, plan checkPlan, err error) {
	errs := []error{c.Fleet.Check(a.settings.Typed)}
	o.Options, err = c.Schedule.Options(a.settings.Typed["arrive"])
	o.Fleet, o.FindLimit, o.Arrive, o.Both = &c.Fleet, c.FindLimit, c.Arrive, c.Loopback
	for _, one := range c.Assert {
		o.Assertions = append(o.Assertions, (*assert.Assertion)(one))
	}
	errs = append(errs, err, o.Plan.Check())
	if c.Hold == 0 {
		errs = append(errs, errors.New("--hold must be more than 0, such as --hold 10s"))
		c.Hold = time.Second
	}
	o.Trust, err = endpoint.Trust(false, string(c.CA))
	errs = append(errs, err)
	if c.Agents > 0 {
		o.Call.Name, o.Call.Config.For = c.Name, c.Hold
		return o, plan, errors.Join(errs...)
	}
	check := checkCommand{
		Loopback: c.Loopback, wayFlags: c.wayFlags, networkFlags: c.networkFlags, requestFlags: c.requestFlags,
		secretFlag: c.secretFlag, mediaFlags: c.mediaFlags, Role: diagcheck.RoleAny, Wait: time.Minute, For: c.Hold,
		Repeat: 1, Parallel: 1, Expect: "any", ExpectMedia: "both", NoEcho: c.NoEcho, Name: c.Name,
	}
	check.prefer(a.settings.Typed)
	o.Publisher, err = c.publisher(check)
	errs = append(errs, err)
	plan, err = check.plan()
	if target, ok := plan.Target.(diagcheck.Remote); ok {
		plan.Target, o.Both = diagcheck.Each{Remote: target}, target.Way.Coded
	}
	if errs = append(errs, err); c.Join == "" {
		errs = append(errs, loads.Enough(o.Options, c.Hold, o.Both))
	}
	return o, plan, errors.Join(errs...)
}

// publisher is how the one call of a broadcast is placed, for which both --whip and --whep are given; nil: there is
// none. It leaves the viewers to check.
func (c *loadCommand) publisher(check checkCommand) (*diagcheck.Options, error) {
	asked := c.chosen()
	if len(asked) != 2 || asked[0].Name != "whip" || asked[1].Name != "whep" {
		return nil, nil
	}
	if c.FindLimit || strings.Contains(asked[0].value, "{n}") {
		return nil, errors.New("with --whep, --whip is one publisher for all viewers, without {n} and --find-limit: " +
			"publish by dialtone call to search for the limit")
	}
	c.set(asked[1].flag, "")
	plan, err := check.plan()
	c.set(asked[0].flag, "")
	c.set(asked[1].flag, asked[1].value)
	if c.Part.N > 1 {
		return nil, err // the first part publishes
	}
	return &plan.Options, err
}

// mergeCommand is dialtone merge.
type mergeCommand struct {
	Files []string       `arg:"" name:"file" help:"Reports of dialtone load in JSON, one for each part."`
	Out   []loads.Output `path:"writes" sep:"none" short:"o" placeholder:"FORMAT[=FILE]" help:"Write the report in this format, to the file or to stdout: ${load_formats}. Repeatable; only one can go to stdout. Default: text."`
}

// Help implements kong.HelpProvider.
func (mergeCommand) Help() string {
	return detail(loads.MergeDescription, []string{"dialtone merge part-1.json part-2.json part-3.json -o json=load.json"},
		append(callExits, diag.ExitAssertion)...)
}

func (c *mergeCommand) run(_ context.Context, a app) (diag.Exit, error) {
	if err := a.checked(reports.Clash(c.Out)); err != nil {
		return diag.ExitUsage, err
	}
	r, err := loads.Merge(c.Files)
	if err != nil {
		return diag.ExitUsage, fmt.Errorf("cannot merge: %w", err)
	}
	if err := loads.Write(a.Display(), r, c.Out); err != nil {
		return diag.ExitCannotRun, err
	}
	return diag.Exit(r.Exit.Code), nil
}
