package main

import (
	"context"
	"path/filepath"
	"time"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/cmd/dialtone/internal/throughput"
	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/judge"
)

// speedCommand is dialtone speed.
type speedCommand struct {
	Loopback bool `help:"Measure between two peers in this process: what the given TURN servers carry, or, without any, what this machine does."`
	wayFlags
	networkFlags
	requestFlags
	secretFlag
	RelayOnly bool          `help:"Use relay candidates only: measures what a TURN server carries."`
	Role      string        `oneof:"offer,answer,any" default:"any" placeholder:"ROLE" help:"The role in a room: offer, answer or any. Default: ${default}."`
	Wait      time.Duration `default:"1m" placeholder:"DURATION" help:"How long to wait for the peer in a room. Default: ${default}."`
	throughput.Flags
	Compare     bool                `help:"Measure each path by itself, one after another: direct, and over the TURN server by UDP, TCP and TLS."`
	Allocations bool                `help:"Then measure how many relays each TURN server allocates in a second: for --for, at most 5000."`
	Assert      []*assert.Assertion `whole:"" sep:"none" placeholder:"EXPR" help:"Condition the report must meet, such as 'up.goodput > mbit(5)'. Repeatable."`
	Out         []reports.Output    `path:"writes" sep:"none" short:"o" placeholder:"FORMAT[=FILE]" help:"Write the report in this format, to the file or to stdout: ${formats}. Repeatable; only one can go to stdout. Default: text."`
	Name        string              `placeholder:"NAME" help:"The name of the check in the report. Default: its target."`
	Plain       bool                `help:"A line for each test instead of the screen. The default if stdin, stdout or stderr is not a terminal."`
	Record      string              `path:"fills" placeholder:"DIR" help:"Write a recording of each peer to this directory."`
	recordLimitFlag
	Redact bool `help:"Mask addresses in the recordings and in jsonl; other reports show them. Passwords are never written."`
	configurable
}

// Help implements kong.HelpProvider.
func (speedCommand) Help() string {
	return detail("It measures over data channels: round trips without load, then throughput in each direction, with the "+
		"round trips meanwhile. The receiver counts. The peer is dialtone answer, or this process with --loopback. It "+
		"prints first how much data it can use.\n\n--assert can use idle, up, down, both, paced and all that dialtone "+
		"check has. docs/reference/speed.md explains the figures.",
		[]string{
			"dialtone speed --loopback",
			"dialtone speed --room w1 --way up --way down --for 10s",
			"dialtone speed --room w1 --rate 500k --rate 2M",
			"dialtone speed --room w1 --assert 'up.goodput > mbit(5)' --assert 'up.loaded.p95 < duration(\"200ms\")'",
			"DIALTONE_ICE_PASS=… dialtone speed --room w1 --compare --for 3s --ice turn:turn.example.org --ice-user ann",
			"DIALTONE_ICE_PASS=… dialtone speed --loopback --relay-only --ice turn:turn.example.org --ice-user ann",
		},
		append(callExits, diag.ExitAssertion)...)
}

func (c *speedCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	check := checkCommand{
		Loopback: c.Loopback, wayFlags: c.wayFlags, networkFlags: c.networkFlags, requestFlags: c.requestFlags,
		secretFlag: c.secretFlag, mediaFlags: mediaFlags{NoMedia: true, RelayOnly: c.RelayOnly}, Role: c.Role, Wait: c.Wait,
		For: time.Millisecond, Repeat: 1, Parallel: 1, Expect: "any", ExpectMedia: "none", Assert: c.Assert, Out: c.Out,
		Name: c.Name, Record: c.Record, recordLimitFlag: c.recordLimitFlag, Redact: c.Redact, configurable: c.configurable,
	}
	plan, err := c.Plan()
	if err != nil {
		return check.undone(a, c.Out, diag.ExitUsage, a.checked(err))
	}
	check.speed, check.compare, check.plain = &plan, c.Compare, c.Plain
	if c.Allocations {
		check.relays = c.Flags.For
	}
	return check.run(ctx, a)
}

// comparison makes a check of each path that a check can take.
func comparison(a app, all checkPlan) ([]checkPlan, error) {
	paths, err := throughput.Paths(all.Config.ICEServers)
	if err != nil {
		return nil, err
	}
	a.Complain("dialtone: " + throughput.Compared(paths))
	plans := make([]checkPlan, 0, len(paths))
	for _, p := range paths {
		one := all
		one.Name, one.Renew = p.Name, nil // the credentials outlast the comparison
		one.Config.ICEServers, one.Config.RelayOnly = p.Servers, p.Relay
		one.Expect = map[bool]string{false: judge.ExpectDirect, true: judge.ExpectRelay}[p.Relay]
		if all.Record != "" {
			one.Record = filepath.Join(all.Record, calls.FileWord(p.Name))
		}
		plans = append(plans, one)
	}
	return plans, makeDirectories(plans)
}
