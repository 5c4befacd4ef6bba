package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/icelist"
	"dialtone/cmd/dialtone/internal/monitor"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/telemetry"
	"dialtone/diag"
	"dialtone/diag/report"
	"dialtone/signal/gate"
)

// monitorCommand is dialtone monitor.
type monitorCommand struct {
	Listen  listenAddress `default:"${monitor}" placeholder:"HOST:PORT" help:"Where to listen. Clients on other machines can probe only targets that the file names. Port 0 picks a free one. Default: ${default}."`
	Modules string        `required:"" placeholder:"FILE" help:"Read modules and scheduled targets from this TOML file; SIGHUP reads it again. See docs/reference/monitor.md."`
	endpoint.TLSFlags
	telemetry.Flags
	Concurrency count    `default:"4" placeholder:"N" help:"How many probes may be in progress; more wait within their timeout. Default: ${default}."`
	Keep        count    `default:"100" placeholder:"N" help:"How many reports of the last probes the page at / keeps. Default: ${default}."`
	AllowedHost []string `name:"allowed-host" placeholder:"NAME" help:"Let web pages of this host name use the monitor. Addresses, localhost, the name of this machine and names of local networks need none. Repeatable."`
	LogLevel    string   `oneof:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Lowest level to log to stderr: debug, info, warn or error. Default: ${default}."`
	configurable
}

// Help implements kong.HelpProvider.
func (monitorCommand) Help() string {
	return detail("Each scrape of /probe?module=NAME&target=TARGET places a test call, or diagnoses servers, and returns "+
		"its results as metrics. The page at / shows scheduled targets and the reports of the last probes; /results has "+
		"them as JSON.\n\n"+
		"A file of modules, whose keys are the flags of dialtone check:\n\n"+
		"    [[module]]\n    name = \"whip\"\n    prober = \"whip\"\n    for = \"2s\"\n    token_env = \"WHIP_TOKEN\"\n\n"+
		"It runs until Ctrl-C or SIGTERM, and then exits with 0. docs/how-to/monitor.md has a complete setup with alerts "+
		"and a dashboard.",
		[]string{
			"dialtone monitor --modules monitor.toml",
			"dialtone monitor --modules /etc/dialtone/monitor.toml --listen :9788 --concurrency 8",
			"curl 'http://127.0.0.1:9788/probe?module=whip&target=https://media.example.org/whip/probe'",
		},
		diag.ExitPass, diag.ExitUsage, diag.ExitCannotRun)
}

func (c *monitorCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	ctx, reload, restore := a.Reloadable(ctx)
	defer restore()
	m, err := monitor.New(monitor.Options{
		Load: func() (*monitor.Setup, error) { return c.load(a) }, Reload: reload, Logger: a.logger(c.LogLevel),
		Version: readVersion().Version, Hosts: gate.HostsOf(c.AllowedHost...),
		Concurrent: int(c.Concurrency), Keep: int(c.Keep), Drain: 5 * time.Second,
	})
	if err = a.checked(errors.Join(err, c.Complete())); err != nil {
		return diag.ExitUsage, err
	}
	e, err := endpoint.Listen(ctx, "--listen", string(c.Listen), c.Wanted())
	if err != nil {
		return diag.ExitCannotRun, err
	}
	a.Warn(e.Warning)
	if err := a.Print("listening on %s/\n", strings.Join(e.URLs, "/\nlistening on ")); err != nil {
		return diag.ExitCannotRun, errors.Join(err, e.Close())
	}
	if err := m.Serve(ctx, e); err != nil {
		return diag.ExitCannotRun, fmt.Errorf("the monitor ended: %w", err)
	}
	return diag.ExitPass, nil
}

// monitorGrammar is the part of the grammar that the file of modules uses.
type monitorGrammar struct {
	Module   moduleCommand   `cmd:""`
	Schedule scheduleCommand `cmd:""`
}

// moduleCommand is a table [[module]]: a check without its target, or a diagnosis.
type moduleCommand struct {
	checkCommand
	Prober  string        `scenario:"own" oneof:"loopback,nat,room,offer,whip,whep" default:"loopback"`
	Timeout time.Duration `default:"30s"`
	Targets []string      `scenario:"own"`
}

// scheduleCommand is a table [[schedule]].
type scheduleCommand struct {
	Name   string
	Module string
	Target string
	Every  time.Duration `default:"1m"`
	configurable
}

// load reads the file of modules.
func (c *monitorCommand) load(a app) (*monitor.Setup, error) {
	if info, err := os.Stat(c.Modules); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return nil, errors.New("--modules cannot be a pipe: SIGHUP reads it again; use a file")
	}
	top, each, err := settings.ReadScenario(c.Modules, "module", func() any {
		return &monitorGrammar{Module: moduleCommand{checkCommand: checkCommand{wayFlags: newWayFlags(checking)}}}
	}, a.options())
	var mistakes settings.MistakeErrors
	if mistakes.Add("--modules", err); err != nil {
		return nil, mistakes
	}
	mistakes.Add(c.Modules, top.Check(nil))
	setup := &monitor.Setup{Modules: map[string]monitor.Module{}}
	for _, one := range each {
		m, ok := one.Command.(*moduleCommand)
		if !ok {
			continue
		}
		m.sender = a.sender
		err := m.wrong()
		if _, taken := setup.Modules[m.Name]; taken {
			err = errors.Join(err, fmt.Errorf("duplicate name %s: give each module its own name", settings.Quote(m.Name)))
		}
		mistakes.Add(c.Modules, one.Check(err))
		setup.Modules[m.Name] = m.module()
	}
	for _, one := range each {
		if s, ok := one.Command.(*scheduleCommand); ok {
			schedule := monitor.Schedule{Module: s.Module, Target: s.Target, Name: s.Name, Every: s.Every}
			mistakes.Add(c.Modules, one.Check(setup.Add(schedule)))
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return setup, nil
}

// samples are targets by which a module is tested when it is read; of others it is a URL.
var samples = map[string]string{"loopback": "stun:192.0.2.1", "nat": "stun:192.0.2.1", "room": defaultServer + "#w1"}

// wrong says what is wrong with a module, or nil.
func (m *moduleCommand) wrong() error {
	var errs []error
	if m.Name == "" {
		errs = append(errs, errors.New(`a module needs a name, such as name = "whip"`))
	}
	if len(m.chosen()) > 0 || m.Loopback || m.Baseline != "" || m.Record != "" || len(m.Out) > 0 {
		errs = append(errs, errors.New("a module has no target, baseline, recording or output: a probe names its target"))
	}
	if m.least() >= m.Timeout {
		errs = append(errs, fmt.Errorf("its calls last %v, and its timeout is %v: lower for, such as for = \"2s\"", m.For,
			m.Timeout))
	}
	for _, pattern := range m.Targets {
		errs = append(errs, monitor.WrongPattern(pattern))
	}
	_, _, err := m.toward(cmp.Or(samples[m.Prober], "https://target.invalid/"))
	return errors.Join(append(errs, err)...)
}

// least is how long a probe takes at least.
func (m *moduleCommand) least() time.Duration {
	if m.Prober == "nat" {
		return 0
	}
	return m.For
}

// module is what probes.
func (m *moduleCommand) module() monitor.Module {
	module := monitor.Module{
		Name: m.Name, Prober: m.Prober, Timeout: m.Timeout, Least: m.least(), Targets: m.Targets,
		Shown: func(target string) (string, error) {
			shown, _, err := m.toward(target)
			return shown, err
		},
		Probe: func(ctx context.Context, target string) (*report.Report, error) {
			_, probe, err := m.toward(target)
			if err != nil {
				return nil, err
			}
			return probe(ctx)
		},
	}
	if m.Prober == "nat" || m.Prober == "loopback" {
		module.Split = settings.SplitList
	}
	return module
}

// toward makes a check or a diagnosis of a target, and says what may be shown of the target.
func (m *moduleCommand) toward(target string) (string, func(context.Context) (*report.Report, error), error) {
	if m.Prober == "nat" {
		nat := natCommand{
			Servers: settings.SplitList(target), accountFlags: m.accountFlags, secretFlag: m.secretFlag,
			trustFlags: m.trustFlags,
		}
		q, err := nat.inquiry()
		return monitor.Servers(q), func(ctx context.Context) (*report.Report, error) {
			r := monitor.Diagnose(ctx, toolName(), m.Name, q)
			m.sender.Results(r)
			return r, nil
		}, err
	}
	plan, err := m.check(target)
	if err != nil {
		return "", nil, err
	}
	return plan.shown(), func(ctx context.Context) (*report.Report, error) {
		m.sender.Report()
		plans := []checkPlan{plan}
		if err := nameServers(ctx, plans); err != nil {
			return nil, err
		}
		return plans[0].run(ctx)
	}, nil
}

// check is the check of a target.
func (m *moduleCommand) check(target string) (checkPlan, error) {
	c := m.checkCommand
	c.wayFlags = newWayFlags(checking)
	m.each(func(name string, field reflect.Value) {
		if !field.IsZero() {
			c.set(name, fmt.Sprint(field))
		}
	})
	var errs []error
	switch server, code, _ := strings.Cut(target, "#"); m.Prober {
	case "loopback":
		c.Loopback, c.ICE = true, slices.Clone(c.ICE)
		for _, text := range settings.SplitList(target) {
			l, err := icelist.Parse(text)
			c.ICE, errs = append(c.ICE, l), append(errs, err)
		}
	case "room":
		if code == "" || server == "" {
			return checkPlan{}, errors.New("give the link of the call page: https://HOST/call/#CODE")
		}
		u, err := parseServerURL(server)
		c.Server, errs = u, append(errs, err)
		c.set("room", code)
	default:
		if target == "" {
			return checkPlan{}, errors.New("give the address of the endpoint: https://HOST/PATH")
		}
		c.set(m.Prober, target)
	}
	if err := errors.Join(errs...); err != nil {
		return checkPlan{}, err
	}
	return c.plan()
}

// shown is the target without secrets.
func (o checkPlan) shown() string {
	t := o.Describe()
	return strings.Trim(cmp.Or(t.URL, strings.Join(t.ICEServers, " "), t.Kind)+"#"+t.Room, "#")
}
