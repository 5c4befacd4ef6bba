package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/probe"
	"dialtone/diag/report"
	"dialtone/signal/whip"
)

// checkCommand is dialtone check.
type checkCommand struct {
	Loopback bool `help:"Call from one peer here to another one here: proves the ICE servers that are given, and without any that WebRTC works at all."`
	wayFlags
	Scenario string `placeholder:"FILE" help:"Do the checks of this TOML file, one after another. See docs/check.md."`

	Conformance bool `help:"With --whip: after the calls, ask the endpoint for each MUST and SHOULD of RFC 9725 §4. A MUST that is not kept fails, a SHOULD is a warning."`
	networkFlags
	Token        secret      `placeholder:"TOKEN" help:"Bearer token for ${call_tokens}. Better given as DIALTONE_TOKEN or in the file."`
	TURNSecret   secret      `name:"turn-secret" placeholder:"SECRET" help:"Secret that the TURN servers share with whoever makes their credentials; instead of --ice-pass."`
	RelayOnly    bool        `help:"Use relayed paths alone: does the TURN server carry a call?"`
	PionDefaults bool        `help:"Wait before a path is accepted as long as pion does by default, instead of not at all."`
	NoMedia      bool        `help:"Data channels only, no audio and no video."`
	Role         roleName    `default:"any" placeholder:"ROLE" help:"The part to play in a room: offer, answer or any. Default: ${default}."`
	Wait         duration    `default:"1m" placeholder:"DURATION" help:"How long to wait for the other party in a room. Default: ${default}."`
	For          duration    `default:"10s" placeholder:"DURATION" help:"How long each call is kept up. Default: ${default}."`
	Repeat       count       `default:"1" placeholder:"N" help:"How many calls to place. Default: ${default}."`
	Parallel     count       `default:"1" placeholder:"N" help:"How many of them at once. Default: ${default}."`
	Expect       pathName    `default:"any" placeholder:"PATH" help:"The path that the call is to take: direct, relay or any. Default: ${default}."`
	Assert       expressions `placeholder:"EXPR" help:"Something that must hold of the report, such as 'setup.p95 < duration(\"800ms\")'. May be repeated."`
	Baseline     string      `placeholder:"FILE" help:"An earlier report in JSON: what got worse beyond its noise fails."`
	Out          outputs     `short:"o" placeholder:"FORMAT[=FILE]" help:"Write the report in this format, to the file or to stdout: ${formats}. May be repeated; stdout takes one. Default: text."`
	Name         string      `placeholder:"NAME" help:"The name of the check in the report. Default: what is called."`
	Record       string      `placeholder:"DIR" help:"Write a recording of each side of each call into this directory."`
	Redact       bool        `help:"Mask addresses in the recordings, jsonl among them; other reports show them. Passwords are never written."`
	configurable
}

// Help implements kong.HelpProvider.
func (checkCommand) Help() string {
	return detail("It passes only when everything that was asked for was seen: connected, a data channel open and echoed, audio and video both ways until the end, and each --assert. "+
		"The report goes to stdout, progress to stderr. Of several runs the worst exit code counts.\n\n"+
		"An --assert speaks of setup, phases, path, media, channels, findings, servers, nat, runs and summary; what is absent fails it. docs/check.md lists all names.",
		[]string{
			"dialtone check --loopback --for 2s",
			"DIALTONE_ICE_PASS=… dialtone check --loopback --relay-only --ice turn:turn.example.org --ice-user ann",
			"dialtone check --room w1 --server https://call.example.org/call/ --wait 30s",
			"dialtone check --loopback --for 1s --repeat 100 --parallel 10 --assert 'setup.p95 < duration(\"800ms\")'",
			"dialtone check --loopback -o text -o json=report.json --baseline yesterday.json",
			"dialtone check --scenario nightly.toml",
			"dialtone check --offer https://echo.example.org/offer --for 5s",
			"DIALTONE_TOKEN=… dialtone check --whip https://media.example.org/whip/stream --conformance -o junit=whip.xml",
		},
		diag.ExitPass, diag.ExitAssertion, diag.ExitUsage, diag.ExitSignaling, diag.ExitNobody, diag.ExitICE, diag.ExitDTLS, diag.ExitChannel,
		diag.ExitMedia, diag.ExitCannotRun, diag.ExitInterrupted)
}

func (c *checkCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	plans, out, name, err := c.plans(a)
	if err != nil {
		return diag.ExitUsage, err
	}
	ctx, restore := a.interruptible(ctx)
	defer restore()
	nameServers(ctx, plans)
	r, runErr := c.all(ctx, a, plans, name)
	writeErr := a.writeAll(r, c.guarded(out, plans))
	exit := diag.Exit(r.Exit.Code)
	if runErr != nil || writeErr != nil {
		exit = exit.Worse(diag.ExitCannotRun)
	}
	return exit, errors.Join(runErr, writeErr)
}

// plans are the checks to do, complete and valid, with where the report goes and the name of a scenario.
func (c *checkCommand) plans(a app) (plans []checkPlan, out []output, scenario string, err error) {
	c.prefer(a.layers.typed)
	if c.Scenario == "" {
		o, err := c.plan()
		out = c.Out.list
		return []checkPlan{o}, out, "", a.checked(errors.Join(err, clash(out)))
	}
	if err := a.checked(c.aloneWithScenario(a.layers.typed)); err != nil {
		return nil, nil, "", err
	}
	file, err := readScenario(c.Scenario, envOf(a.environ))
	if err != nil {
		return nil, nil, "", err
	}
	out = file.out
	if len(c.Out.list) > 0 {
		out = c.Out.list
	}
	var mistakes configError
	for _, one := range file.checks {
		if c.Record != "" {
			one.command.Record = filepath.Join(c.Record, fileName(one.command.Name))
		}
		one.command.Redact = c.Redact
		if one.command.Baseline == "" {
			one.command.Baseline = c.Baseline
		}
		o, err := one.command.plan()
		mistakes = append(mistakes, mistakesOf(one.origin, err)...)
		plans = append(plans, o)
	}
	mistakes = append(mistakes, mistakesOf(c.Scenario, clash(out))...)
	if len(mistakes) > 0 {
		return nil, nil, "", mistakes
	}
	return plans, out, file.name, nil
}

// aloneWithScenario tells which flags say what the file says.
func (c *checkCommand) aloneWithScenario(typed map[string]bool) error {
	switch {
	case len(c.targets()) > 0:
		return fmt.Errorf("--scenario names its targets itself: leave out --%s, or put it into the file", c.targets()[0])
	case typed["conformance"]:
		return errors.New("--scenario names what is asked for: leave out --conformance, and put conformance = true beside the whip endpoint in the file")
	}
	return nil
}

// checkPlan is a check to do.
type checkPlan struct {
	diagcheck.Options
	conformance bool // ask the endpoint for RFC 9725 too
}

// plan makes one check of the flags.
func (c *checkCommand) plan() (checkPlan, error) {
	config := c.networkFlags.config(mediaFlags{RelayOnly: c.RelayOnly, PionDefaults: c.PionDefaults, NoMedia: c.NoMedia,
		For: c.For})
	config.Wait = c.Wait.Duration
	o := checkPlan{conformance: c.Conformance, Options: diagcheck.Options{
		Name: c.Name, Config: config, Expect: c.Expect.path(), Repeat: c.Repeat.n, Parallel: c.Parallel.n, Record: c.Record, Redact: c.Redact,
		Assertions: c.Assert.list,
	}}
	var errs []error
	targets, asked := c.targets(), c.chosen()
	if c.Conformance && !slices.ContainsFunc(asked, func(w chosen) bool { return w.Name == whip.Publish.Name }) {
		errs = append(errs, errors.New("--conformance requires --whip: give the endpoint"))
	}
	switch {
	case len(targets) > 1:
		errs = append(errs, fmt.Errorf("--%s and --%s are mutually exclusive", targets[0], targets[1]))
	case c.Loopback:
		o.Target, o.Config.Code, o.Config.Server = diagcheck.Loopback{}, "loopback", ""
	case len(asked) == 1:
		errs = append(errs, c.aim(&o.Options, asked[0]))
	default:
		errs = append(errs, fmt.Errorf("no target given: give --%s or --scenario FILE", strings.Join(targetFlags(), ", --")))
		return o, errors.Join(errs...)
	}
	if o.Name == "" {
		o.Name = "loopback"
	}
	if c.For.Duration == 0 {
		errs = append(errs, errors.New("--for is 0: a check needs to know how long the call is to be kept, such as --for 10s"))
	}
	errs = append(errs, o.Config.Validate(), c.account(&o.Config))
	var err error
	if o.TLS, err = tlsConfig(config); err != nil {
		errs = append(errs, err)
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, c.readBaseline(&o.Options), makeDirectory(c.Record))
	}
	return o, errors.Join(errs...)
}

// account gives the TURN servers their credentials.
func (c *checkCommand) account(config *diag.Config) error {
	if c.TURNSecret.Secret == "" {
		return c.complete()
	}
	user, pass := probe.SharedSecret(c.TURNSecret.Secret.Reveal(), c.ICEUser, time.Now().Add(secretValid))
	for i, u := range c.ICE.list {
		if u.Scheme.TURN() {
			config.ICEServers[i].Username, config.ICEServers[i].Credential = user, diag.Secret(pass)
		}
	}
	return nil
}

// maxBaseline bounds an earlier report, in bytes.
const maxBaseline = 64 << 20

// readBaseline reads the earlier report, of a scenario the check of this name.
func (c *checkCommand) readBaseline(o *diagcheck.Options) error {
	if c.Baseline == "" {
		return nil
	}
	refuse := func(err error) error {
		return fmt.Errorf("--baseline %s cannot be compared with: %w; make one with -o json=FILE", quote(c.Baseline), err)
	}
	info, err := os.Stat(c.Baseline)
	if err == nil && info.Size() > maxBaseline {
		err = fmt.Errorf("it is larger than %d bytes", maxBaseline)
	}
	if err != nil {
		return refuse(err)
	}
	raw, err := os.ReadFile(c.Baseline)
	if err != nil {
		return refuse(err)
	}
	before, err := report.ReadJSON(raw)
	if err != nil {
		return refuse(err)
	}
	for i := range before.Checks {
		if before.Checks[i].Name == o.Name {
			before = &before.Checks[i]
			break
		}
	}
	if err := report.Comparable(before, o.Name, o.Describe()); err != nil {
		return refuse(err)
	}
	o.Baseline = before
	return nil
}

// makeDirectory makes the directory of the recordings.
func makeDirectory(path string) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("--record needs a directory: %w", err)
	}
	return nil
}

// all does the checks, one after another. The error is what kept them from doing all their work.
func (c *checkCommand) all(ctx context.Context, a app, plans []checkPlan, scenario string) (*report.Report, error) {
	begun := time.Now()
	var reports []report.Report
	var errs []error
	for i, o := range plans {
		if ctx.Err() != nil && i > 0 {
			break
		}
		p := newProgress(a.err, len(plans) > 1)
		o.Progress = p.tell
		r, err := diagcheck.Run(ctx, o.Options)
		p.stop()
		if o.conformance && ctx.Err() == nil {
			conformTo(ctx, r, o.Options)
		}
		reports = append(reports, *r)
		errs = append(errs, err)
	}
	if c.Scenario == "" {
		return &reports[0], errors.Join(errs...)
	}
	tool := "dialtone " + readVersion().Version
	return report.Combine(tool, scenario, begun, time.Since(begun), reports,
		len(reports) < len(plans)), errors.Join(errs...)
}
