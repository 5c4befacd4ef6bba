package main

import (
	"context"

	"dialtone/diag"
)

// cli is the grammar of the command line.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Run the signaling server through which two parties find each other."`
	Call    callCommand    `cmd:"" help:"Place a call and watch every step of it."`
	Answer  answerCommand  `cmd:"" help:"Take calls and send back what comes, without a screen."`
	Demo    demoCommand    `cmd:"" help:"Place a call that needs nothing: server, STUN, TURN and the other party are built in."`
	Check   checkCommand   `cmd:"" help:"Place calls without a screen and judge them: for pipelines, cron jobs and gates."`
	NAT     natCommand     `cmd:"" name:"nat" help:"Find out what this network does to calls, and whether the STUN and TURN servers are right."`
	Explain explainCommand `cmd:"" help:"Tell what a finding means, by its ID."`
	Replay  replayCommand  `cmd:"" help:"Look at a recorded call again: every moment of it, on the same screen."`
	Start   startCommand   `cmd:"" help:"Choose what to do on a screen with forms. dialtone alone does the same on a terminal."`
	Version versionCommand `cmd:"" help:"Tell which dialtone this is."`
}

// command is what each field of the grammar is.
type command interface {
	// run does the work. The error is told to the user, the exit code is the process's.
	run(ctx context.Context, a app) (diag.Exit, error)
}

// configurable is embedded by the commands whose flags may come from a file.
type configurable struct {
	Config string `placeholder:"FILE" help:"Read flags from this TOML file instead of dialtone/config.toml in the user's configuration directory."`
}

// Where dialtone serve listens, and where a call looks for it, unless told otherwise.
const (
	defaultListen = "127.0.0.1:8000"
	defaultServer = "http://" + defaultListen + "/call/"
)
