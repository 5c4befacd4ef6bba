package loads

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/load"
	"dialtone/diag/load/agents"
)

// Fleet are the settings of a test that several machines place together.
type Fleet struct {
	NATS         diag.Secret   `name:"nats" placeholder:"URL" help:"Place the test on several machines together, over this NATS broker: nats://HOST, or tls://HOST, with user and password if it wants them. With --agents on one of them and --join on the others. Process lists show a password: prefer DIALTONE_NATS or --nats-creds."`
	NATSCreds    string        `name:"nats-creds" placeholder:"FILE" help:"Credentials for the broker: a file with a JWT and its key, or with the seed of a key that the broker knows."`
	NATSSubject  string        `name:"nats-subject" default:"dialtone.load" placeholder:"SUBJECT" help:"Before the subjects that the machines use: another one for each test at the same time. Default: ${default}."`
	Agents       Crew          `placeholder:"N" help:"Be the controller: wait for N agents, give them the schedule, and join their reports. It has the schedule, the assertions and the report; the agents have the target."`
	Join         AgentName     `placeholder:"NAME" help:"Be an agent with this name: place one part of the calls, to the target of this command line."`
	AgentTimeout time.Duration `name:"agent-timeout" default:"15s" placeholder:"DURATION" help:"An agent that is silent for this long counts as lost, and one that does not hear from the controller ends its calls, 1s to 10m. Default: ${default}."`
}

// Crew is a number of agents.
type Crew int

// AgentName is the name of an agent.
type AgentName string

// sides say which flags go with --agents or --join only.
var (
	ofController = []string{
		"nats", "nats-creds", "nats-subject", "agents", "agent-timeout", "arrive", "ramp", "stage", "calls", "hold", "assert",
		"out", "name", "plain", "ascii", "ca", "config",
	}
	notOfAgent = []string{
		"agents", "agent-timeout", "arrive", "ramp", "stage", "calls", "hold", "find-limit", "part", "start-at", "assert",
	}
)

// Check reports what is wrong with the settings, or nil; typed are the flags of the command line.
func (f *Fleet) Check(typed map[string]bool) error {
	var errs []error
	wrong := func(refuse func(flag string) bool, why string) {
		var list []string
		for flag := range typed {
			if refuse(flag) {
				list = append(list, "--"+flag)
			}
		}
		if slices.Sort(list); len(list) > 0 {
			errs = append(errs, fmt.Errorf(why, strings.Join(list, ", ")))
		}
	}
	switch {
	case f.NATS == "" && (f.Agents > 0 || f.Join != ""):
		return errors.New("--agents and --join need a broker: add --nats nats://HOST")
	case f.NATS == "":
		return nil
	case f.Agents == 0 && f.Join == "":
		return errors.New("--nats needs --agents N on the controller, or --join NAME on an agent")
	case f.Agents > 0:
		wrong(func(flag string) bool { return !slices.Contains(ofController, flag) },
			"%s cannot be used with --agents: give it to the agents, which place the calls (dialtone load --join)")
	default:
		wrong(func(flag string) bool { return slices.Contains(notOfAgent, flag) },
			"%s cannot be used with --join: the controller gives the schedule (dialtone load --agents)")
	}
	if f.AgentTimeout < agents.MinTimeout || f.AgentTimeout > agents.MaxTimeout {
		errs = append(errs, fmt.Errorf("--agent-timeout must be %v to %v", agents.MinTimeout, agents.MaxTimeout))
	}
	if err := f.broker(nil).Check(); err != nil {
		errs = append(errs, fmt.Errorf("--nats: %w", err))
	}
	return errors.Join(errs...)
}

func (f *Fleet) broker(trust *tls.Config) agents.Broker {
	return agents.Broker{URL: f.NATS, Creds: f.NATSCreds, Subject: f.NATSSubject, TLS: trust}
}

// join places the part of the test that the controller gives.
func (f *Fleet) join(ctx context.Context, t *Test, say func(string)) (*load.Report, error) {
	o := t.Options
	return agents.Join(ctx, agents.Agent{
		Broker: f.broker(t.Trust), Name: string(f.Join), Say: say,
		Prepare: func(p load.Plan, hold time.Duration) (load.Options, error) {
			o.Plan, o.Call.Config.For = p, hold
			if o.Publisher != nil && p.Part > 1 {
				o.Publisher = nil // the first part publishes
			}
			return o, Enough(o, hold, t.Both)
		},
	})
}

// control lets agents place the test.
func (f *Fleet) control(ctx context.Context, t *Test, say func(string)) (*load.Report, error) {
	return agents.Control(ctx, agents.Controller{
		Broker: f.broker(t.Trust), Agents: int(f.Agents), Plan: t.Plan, Hold: t.Call.Config.For, Timeout: f.AgentTimeout,
		Name: t.Call.Name, Assertions: t.Assertions, Progress: t.Progress, Say: say,
	})
}
