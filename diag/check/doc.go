// Package check places calls and judges them: a connectivity test for pipelines.
//
//	r, err := check.Run(ctx, check.Options{Target: check.Loopback{}, Config: diag.Config{For: time.Second}})
//	report.WriteText(os.Stdout, r)
//
// A [Target] is what a check calls: both peers here ([Loopback]), a room of a signaling server ([Room]), or anything
// else that has a [session.Dialer]. Each run is a session of its own (two if both peers are here) whose log is folded,
// recorded on request, and judged by [judge.JudgeCheck]; [report.Build] makes one report of all runs, and [Assert]
// adds the results of assertions.
//
// Run returns when everything that it started has ended, also if it is interrupted: the report then has what was
// measured until then.
package check
