// Package check places calls and judges them: a connectivity test that a pipeline can trust.
//
//	r, err := check.Run(ctx, check.Options{Target: check.Loopback{}, Config: diag.Config{For: time.Second}})
//	report.WriteText(os.Stdout, r)
//
// A [Target] says what is called: both peers here ([Loopback]), a room of a signaling server ([Room]), or whatever else
// has a [session.Dialer]. Each run is a session of its own (two where both peers are here) whose log is folded,
// recorded where asked for, and judged by [diag.JudgeCheck]; [report.Build] makes one report of all runs, and [Assert]
// adds what came of assertions.
//
// Run returns when everything that it started has ended, also when it is interrupted: the report then tells what was
// seen.
package check
