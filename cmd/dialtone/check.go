package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/clips"
	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/cmd/dialtone/internal/requests"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/cmd/dialtone/internal/throughput"
	"dialtone/diag"
	"dialtone/diag/assert"
	diagcheck "dialtone/diag/check"
	"dialtone/diag/peer"
	"dialtone/diag/reach"
	"dialtone/diag/record"
	"dialtone/diag/report"
	"dialtone/diag/words/speed"
)

// checkCommand is dialtone check.
type checkCommand struct {
	Loopback bool `help:"Call between two peers in this process: tests the given ICE servers, or, without any, that WebRTC works on this machine."`
	wayFlags
	Scenario  string `scenario:"-" path:"reads" placeholder:"FILE" help:"Run the checks in this TOML file, one after another. See docs/reference/check.md."`
	Recording string `scenario:"-" path:"reads" placeholder:"FILE" help:"Judge this recording, or this dump of a browser, and place no call. - reads the standard input; FILE#ID names a connection of a dump."`

	requests.Requirements
	networkFlags
	telemetry.Flags
	requestFlags
	secretFlag
	mediaFlags
	Role        string              `oneof:"offer,answer,any" default:"any" placeholder:"ROLE" help:"The role in a room: offer, answer or any. Default: ${default}."`
	Wait        time.Duration       `default:"1m" placeholder:"DURATION" help:"How long to wait for the peer in a room. Default: ${default}."`
	For         time.Duration       `form:"check" label:"length" hint:"of each call: 10s, 1m30s" default:"10s" placeholder:"DURATION" help:"How long each call lasts once connected. Default: ${default}."`
	Repeat      count               `form:"check" label:"calls" hint:"how many, one after another" default:"1" placeholder:"N" help:"How many calls to place. Default: ${default}."`
	Parallel    count               `default:"1" placeholder:"N" help:"How many of them at once. Default: ${default}."`
	Expect      string              `oneof:"direct,relay,any" default:"any" placeholder:"PATH" help:"The path that the call must take: direct, relay or any. Default: ${default}."`
	ExpectMedia string              `oneof:"audio,video,both,none" default:"both" placeholder:"KIND" help:"The media that must flow until the end: audio, video, both or none. Default: ${default}, as far as they take part in the call."`
	Stress      bool                `help:"Lose packets and reports on purpose, then pass nothing for 3 s, and test how the peer takes it: each call lasts 23s or longer. See docs/reference/impair.md."`
	NoEcho      bool                `help:"Do not expect a data channel that opens and is echoed: for servers without one."`
	Assert      []*assert.Assertion `whole:"" sep:"none" placeholder:"EXPR" help:"Condition the report must meet, such as 'setup.p95 < duration(\"800ms\")'. Repeatable."`
	Baseline    string              `placeholder:"FILE" help:"An earlier report in JSON: fail on significant regressions."`
	Out         []reports.Output    `scenario:"top" path:"writes" sep:"none" short:"o" placeholder:"FORMAT[=FILE]" help:"Write the report in this format, to the file or to stdout: ${formats}. Repeatable; only one can go to stdout. Default: text."`
	Name        string              `scenario:"own" placeholder:"NAME" help:"The name of the check in the report. Default: its target."`
	Record      string              `scenario:"top" path:"fills" placeholder:"DIR" help:"Write a recording of each peer of each call to this directory."`
	recordLimitFlag
	Redact bool `scenario:"top" help:"Mask addresses in the recordings and in jsonl; other reports show them. Passwords are never written."`
	configurable

	speed          *diag.SpeedPlan // of dialtone speed
	plain, compare bool            // likewise: without a screen; each path to the peer by itself
	relays         time.Duration   // likewise: how long TURN servers are asked for allocations
	sender         *telemetry.Sender
}

// Help implements kong.HelpProvider.
func (checkCommand) Help() string {
	return detail("A check passes if each call connects, opens and echoes a data channel, has audio and video both "+
		"ways until the end, and meets each --assert.\n\n"+
		"The report goes to stdout, progress to stderr. With several runs, the exit code is that of the worst.\n\n"+
		"--assert can use setup, phases, path, media, channels, findings, servers, nat, runs and summary; it fails if a "+
		"value is absent. docs/reference/check.md lists all names.",
		[]string{
			"dialtone check --loopback --for 2s",
			"DIALTONE_ICE_PASS=… dialtone check --loopback --relay-only --ice turn:turn.example.org --ice-user ann",
			"dialtone check --room w1 --server https://call.example.org/call/ --wait 30s",
			"dialtone check --loopback --for 1s --repeat 100 --parallel 10 --assert 'setup.p95 < duration(\"800ms\")'",
			"dialtone check --loopback -o text -o json=report.json --baseline yesterday.json",
			"dialtone check --scenario nightly.toml",
			"dialtone check --offer https://echo.example.org/offer --for 5s",
			"dialtone check --recording webrtc_internals_dump.gz#9-1 --assert 'media.audio.inbound.loss < 0.02'",
			"DIALTONE_TOKEN=… dialtone check --whip https://media.example.org/whip/stream --conformance -o junit=whip.xml",
		},
		append(callExits, diag.ExitAssertion)...)
}

func (c *checkCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	c.prefer(a.settings.Typed)
	c.sender = a.sender
	if c.Recording != "" {
		return c.judge(a)
	}
	plans, out, name, err := c.plans(a)
	for i := range plans {
		plans[i].Room = c.room()
	}
	if err == nil {
		err = a.checked(makeDirectories(plans))
	}
	if err != nil {
		return c.undone(a, out, diag.ExitUsage, err)
	}
	ctx, restore := a.Interruptible(ctx)
	defer restore()
	if err := nameServers(ctx, plans); err != nil {
		return c.undone(a, out, diag.ExitSignaling, err)
	}
	if c.compare {
		if plans, err = comparison(a, plans[0]); err != nil {
			return c.undone(a, out, diag.ExitUsage, a.checked(err))
		}
		name = cmp.Or(c.Name, "comparison")
	}
	if c.speed != nil {
		a.Complain("dialtone: " + map[bool]string{true: "for each path, "}[c.compare] + speed.Usage(*c.speed))
	}
	r, err := c.all(ctx, a, plans, name)
	return c.write(a, r, secretsOf(plans), out, err)
}

// write writes the report to all its places. The error is what kept the check from doing all its work.
func (*checkCommand) write(a app, r *report.Report, without record.Options, out []reports.Output, err error) (diag.Exit,
	error,
) {
	err = errors.Join(err,
		reports.Write(a.Display(), r, reports.Guard(out, without)),
		reports.NewGitHub(a.Environ).Write(a.Err, r, out),
	)
	exit := diag.Exit(r.Exit.Code)
	if err != nil {
		exit = exit.Worse(diag.ExitCannotRun)
	}
	return exit, err
}

// undone reports a check that was not begun to the places that were asked for: a pipeline reads them whatever happens.
func (c *checkCommand) undone(a app, out []reports.Output, exit diag.Exit, err error) (diag.Exit, error) {
	if len(out) == 0 {
		out = c.Out // of the command line; no scenario was read
	}
	if a.settings.Clashes() {
		out = reports.Stdout(out) // a report would destroy another file
	}
	var mistakes settings.MistakeErrors
	mistakes.Add("dialtone", err)
	why := make([]string, 0, len(mistakes))
	for _, m := range mistakes {
		why = append(why, m.String())
	}
	r := report.Undone(toolName(), cmp.Or(c.Name, a.name), time.Now(), exit, why)
	err = errors.Join(err, reports.WriteOnly(a.Display(), r, out))
	return exit, errors.Join(err, reports.NewGitHub(a.Environ).Write(a.Err, r, out))
}

// unread reports a command line that cannot be read to the places that it names.
func unread(a app, c command, args []string, err error) error {
	switch c.(type) {
	case *checkCommand, *speedCommand:
		_, err = (&checkCommand{}).undone(a, reports.Asked(args), diag.ExitUsage, err)
	}
	return err
}

// plans are the checks to run, complete and valid, the places of the report and the name of a scenario.
func (c *checkCommand) plans(a app) (plans []checkPlan, out []reports.Output, scenario string, err error) {
	if c.Scenario == "" {
		o, err := c.plan()
		err = errors.Join(err, c.unused(a.settings.Typed), reports.Clash(c.Out))
		return []checkPlan{o}, c.Out, "", a.checked(err)
	}
	top, each, err := settings.ReadScenario(c.Scenario, a.name, newScenarioGrammar, a.options())
	var mistakes settings.MistakeErrors
	mistakes.Add("--scenario", errors.Join(a.checked(scenarioOnly(a.settings.Typed)), err))
	if err != nil {
		return nil, nil, "", mistakes
	}
	file, _ := top.Command.(*checkCommand)
	if out = file.Out; len(c.Out) > 0 {
		out = c.Out
	}
	mistakes.Add(c.Scenario, top.Check(reports.Clash(out)))
	taken := map[string]bool{}
	for i, one := range each {
		check, _ := one.Command.(*checkCommand)
		check.inherit(c, file, i)
		o, err := check.plan()
		if taken[check.Name] {
			err = errors.Join(err, fmt.Errorf("duplicate name %s: give each check its own name", settings.Quote(check.Name)))
		}
		taken[check.Name] = true
		one.Beside(a.settings, top)
		mistakes.Add(c.Scenario, one.Check(err))
		plans = append(plans, o)
	}
	if len(mistakes) > 0 {
		return nil, nil, "", mistakes
	}
	return plans, out, cmp.Or(file.Name, "scenario"), nil
}

// scenarioGrammar is the part of the grammar that scenarios use.
type scenarioGrammar struct {
	Check checkCommand `cmd:""`
}

func newScenarioGrammar() any {
	return &scenarioGrammar{checkCommand{wayFlags: newWayFlags(checking)}}
}

// inherit completes the i-th check of a scenario with what the command line and the top of the file say.
func (c *checkCommand) inherit(line, file *checkCommand, i int) {
	c.Name = cmp.Or(c.Name, fmt.Sprintf("check %d", i+1))
	if dir := cmp.Or(line.Record, file.Record); dir != "" {
		c.Record = filepath.Join(dir, calls.FileWord(c.Name))
	}
	c.Redact, c.sender = line.Redact || file.Redact, line.sender
	c.Baseline = cmp.Or(c.Baseline, line.Baseline)
}

// besideScenario are the flags that can accompany --scenario.
var besideScenario = map[string]bool{
	"scenario": true, "config": true, "out": true, "record": true, "redact": true, "record-limit": true,
	"baseline": true, "otlp": true,
}

// scenarioOnly says which flags of the command line belong into the file.
func scenarioOnly(typed map[string]bool) error {
	return settings.Beside(typed, besideScenario, "--scenario: write it to the file")
}

// secretsOf is what the recordings of all plans do not hold.
func secretsOf(plans []checkPlan) record.Options {
	var o record.Options
	for _, p := range plans {
		o.Redact = o.Redact || p.Redact
		o.Secrets = append(o.Secrets, calls.Placement{Config: p.Config}.Secrets()...)
	}
	return o
}

// checkPlan is a check to do.
type checkPlan struct {
	diagcheck.Options
	supply      iceFromFlags
	conformance requests.Requirements
	sender      *telemetry.Sender
}

// plan makes one check of the flags.
func (c *checkCommand) plan() (checkPlan, error) {
	c.sign(&c.accountFlags)
	config := c.networkFlags.config(c.mediaFlags, c.For)
	config.Wait, config.Stress, config.Speed = c.Wait, c.Stress, c.speed
	o := checkPlan{conformance: c.Requirements, supply: c.iceFromFlags, sender: c.sender, Options: diagcheck.Options{
		Name: c.Name, Config: config, Repeat: int(c.Repeat), Parallel: int(c.Parallel), Record: c.Record, Redact: c.Redact,
		Assertions: c.Assert, NoEcho: c.NoEcho, Allocations: c.relays,
		Traced: c.sender.Traced, Limiter: &strangers,
	}}
	c.expect(&o.Options)
	var errs []error
	targets, asked := c.targets(), c.chosen()
	var names []string
	for _, w := range asked {
		names = append(names, w.Name)
	}
	errs = append(errs, c.Wrong(names)...)
	switch {
	case len(targets) > 1:
		errs = append(errs, fmt.Errorf("--%s and --%s are mutually exclusive", targets[0], targets[1]))
		o.Config.Code = targets[0] // whether a code is missing is known when one target is left
	case c.Loopback:
		errs = append(errs, c.mediaFlags.check(peer.FlowBoth, false))
		o.Target, o.Config.Code, o.Config.Server = diagcheck.Loopback{}, "loopback", ""
	case len(asked) == 1:
		errs = append(errs, c.aim(&o.Options, asked[0]))
	default:
		return o, errors.Join(append(errs, errors.New("no target given: add "+listed(c.side.targetFlags(), "or")))...)
	}
	if o.Name == "" {
		o.Name = "loopback"
	}
	if c.For == 0 {
		errs = append(errs, errors.New("--for must be more than 0, such as --for 10s"))
	}
	if c.Stress && len(c.Impair) > 0 {
		errs = append(errs, errors.New("--stress and --impair are mutually exclusive"))
	}
	errs = append(errs, o.Config.Validate(), c.complete())
	var err error
	if o.TLS, err = endpoint.Trust(config.Insecure, config.CAFile); err != nil {
		errs = append(errs, err)
	}
	if o.Clips, err = clips.Read(config.SendMedia); err != nil {
		errs = append(errs, err)
	}
	for _, kind := range o.ExpectMedia {
		if slices.Contains(o.Config.NoKinds, kind) {
			errs = append(errs, fmt.Errorf("--expect-media %s: %s is left out of the call", kind, kind))
		}
	}
	o.Proxies, err = reach.NewProxies(config.Proxy.Reveal())
	errs = append(errs, err)
	if errors.Join(errs...) == nil {
		o.Baseline, err = reports.ReadBaseline(c.Baseline, o.Name, o.Describe())
		errs = append(errs, err)
	}
	return o, errors.Join(errs...)
}

// expect sets what the flags expect of each call.
func (c *checkCommand) expect(o *diagcheck.Options) {
	switch c.ExpectMedia {
	case "both":
	case "none":
		o.ExpectMedia = []string{}
	default:
		o.ExpectMedia = []string{c.ExpectMedia}
	}
	if c.Expect != "any" {
		o.Expect = c.Expect
	}
}

// run places the calls, and tests the endpoint if that was asked for.
func (o checkPlan) run(ctx context.Context) (*report.Report, error) {
	r, err := diagcheck.Run(ctx, o.Options)
	if o.conformance.Conformance && ctx.Err() == nil {
		diagcheck.Conform(ctx, r, o.Options, o.conformance.Skip, o.conformance.Only)
	}
	o.sender.Results(r)
	return r, err
}

// makeDirectories makes those of the recordings.
func makeDirectories(plans []checkPlan) error {
	var errs []error
	for _, p := range plans {
		if p.Record != "" {
			if err := os.MkdirAll(p.Record, 0o700); err != nil {
				errs = append(errs, fmt.Errorf("--record requires a directory: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// one runs a check and shows it; named says that there are several.
func (c *checkCommand) one(ctx context.Context, a app, o checkPlan, named bool) (*report.Report, error) {
	w := a.Err
	if c.speed != nil {
		shown, calling := throughput.NewProgress(ctx, throughput.Show{
			In: a.In, Err: a.Err, Name: o.Name, Screen: a.Terminal && !c.plain, ASCII: !a.Unicode(),
		})
		defer shown.Wait()
		w, o.Tune, ctx = shown, shown.Tune, calling
	}
	p := reports.NewProgress(w, named)
	defer p.Stop()
	o.Progress = p.Show
	return o.run(ctx)
}

// all runs the checks, one after another. The error is what kept them from finishing.
func (c *checkCommand) all(ctx context.Context, a app, plans []checkPlan, scenario string) (*report.Report, error) {
	begun := time.Now()
	var done []report.Report
	var errs []error
	for i, o := range plans {
		if ctx.Err() != nil && i > 0 {
			break
		}
		r, err := c.one(ctx, a, o, len(plans) > 1)
		done = append(done, *r)
		errs = append(errs, err)
	}
	if c.Scenario == "" && !c.compare {
		return &done[0], errors.Join(errs...)
	}
	return report.Combine(toolName(), scenario, begun, time.Since(begun), done,
		len(done) < len(plans)), errors.Join(errs...)
}
