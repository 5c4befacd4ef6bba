package loads

import (
	"context"
	"errors"
	"time"

	"dialtone/diag"
	"dialtone/diag/load"
)

// Schedule are the settings that say when calls begin, and how long they last.
type Schedule struct {
	Arrive        load.Rate     `default:"1/s" placeholder:"RATE" help:"How many calls begin per second or minute, such as 20/s or 90/min, however slow earlier ones are. Default: ${default}."`
	Ramp          time.Duration `placeholder:"DURATION" help:"Raise the rate from 0 to --arrive over this time."`
	Stage         []load.Stage  `sep:"none" table:"arrive:for" placeholder:"RATE:DURATION" help:"Instead of --arrive and --ramp: stages, one after another, such as 20/s:1m, or 0..20/s:2m for a ramp. Repeatable."`
	Calls         Count         `default:"10" placeholder:"N" help:"How many calls to place at most, with --find-limit in each step. Default: ${default}."`
	Hold          time.Duration `default:"10s" placeholder:"DURATION" help:"How long each call lasts once connected. Default: ${default}."`
	MaxInProgress Count         `name:"max-in-progress" default:"1000" placeholder:"N" help:"How many calls may be in progress; those that are due beyond it are dropped and counted. Default: ${default}."`
	FindLimit     bool          `help:"Raise the rate from --arrive until an assertion fails, narrow the limit down, and repeat around it."`
	Part          Part          `placeholder:"N/M" help:"Place only the N-th of M parts of the calls: for several machines, whose reports dialtone merge joins."`
	StartAt       Moment        `placeholder:"TIME" help:"Begin at this time, such as 2026-01-31T12:00:00Z: the same for all parts."`
}

// Options are those of the schedule; arriveGiven says that the user wrote --arrive. The error joins all mistakes.
func (s *Schedule) Options(arriveGiven bool) (load.Options, error) {
	o := load.Options{
		Plan:          load.Plan{Stages: s.stages(), Calls: int(s.Calls), Part: 1, Parts: 1},
		MaxInProgress: int(s.MaxInProgress),
	}
	if begin := time.Time(s.StartAt); !begin.IsZero() {
		o.Begin = func(context.Context) (time.Time, error) { return begin, nil }
	}
	if s.Part.Of > 0 {
		o.Plan.Part, o.Plan.Parts = s.Part.N, s.Part.Of
	}
	var errs []error
	if len(s.Stage) > 0 && (arriveGiven || s.Ramp > 0 || s.FindLimit) {
		errs = append(errs, errors.New("--stage and --arrive, --ramp and --find-limit are mutually exclusive"))
	}
	if s.FindLimit && (s.Part.Of > 1 || s.Ramp > 0 || o.Begin != nil) {
		errs = append(errs, errors.New("--find-limit and --part, --start-at or --ramp are mutually exclusive"))
	}
	return o, errors.Join(errs...)
}

// stages are those of the schedule.
func (s *Schedule) stages() []load.Stage {
	if len(s.Stage) > 0 {
		return s.Stage
	}
	stages := []load.Stage{{From: s.Arrive, To: s.Arrive}}
	if s.Ramp > 0 {
		stages = append([]load.Stage{{To: s.Arrive, For: diag.Millis(s.Ramp)}}, stages...)
	}
	return stages
}
