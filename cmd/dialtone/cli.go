package main

import (
	"context"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/cmd/dialtone/internal/helps"
	"dialtone/cmd/dialtone/internal/loads"
	"dialtone/cmd/dialtone/internal/reports"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/media"
)

// cli is the grammar of the command line, and the table of settings.
type cli struct {
	Call    callCommand    `cmd:"" help:"Place a call and watch every step."`
	Answer  answerCommand  `cmd:"" help:"Answer calls and echo media and messages."`
	Demo    demoCommand    `cmd:"" help:"Place a real call that stays on this machine."`
	Check   checkCommand   `cmd:"" help:"Run test calls and report the results, for CI pipelines."`
	Speed   speedCommand   `cmd:"" help:"Measure the throughput of a path, and its latency under load."`
	Load    loadCommand    `cmd:"" help:"Place many calls at scheduled times: how many calls a server carries."`
	Merge   mergeCommand   `cmd:"" help:"Join the reports of the parts of a load test."`
	Monitor monitorCommand `cmd:"" help:"Run a Prometheus exporter that probes WebRTC services."`
	NAT     natCommand     `cmd:"" name:"nat" help:"Diagnose the NAT, the firewall, and STUN and TURN servers."`
	Serve   serveCommand   `cmd:"" help:"Run a signaling server, with a page for browsers."`
	Explain explainCommand `cmd:"" help:"Explain a finding, or a word of the screens."`
	Replay  replayCommand  `cmd:"" help:"Replay a recorded call."`
	Import  importCommand  `cmd:"" help:"Open a browser's dump of a call."`
	Export  exportCommand  `cmd:"" help:"Write a recorded call in the form of another program."`
	Diff    diffCommand    `cmd:"" help:"Compare two recorded calls."`
	Start   startCommand   `cmd:"" help:"Start one of these commands from a form."`
	Version versionCommand `cmd:"" help:"Show the version."`

	Completion completionCommand `cmd:"" help:"Print a completion script for a shell."`
	Man        manCommand        `cmd:"" help:"Print a manual page."`
}

// command is what each field of the grammar is.
type command interface {
	// run does the work. The error is reported to the user, the exit code is the process's.
	run(ctx context.Context, a app) (diag.Exit, error)
}

// configurable is embedded by the commands that read variables and the configuration file.
type configurable struct {
	Config string `file:"-" scenario:"-" path:"reads" placeholder:"FILE" help:"Read settings from this TOML file. Default: dialtone/config.toml in the user's configuration directory."`
}

// Where dialtone serve listens, and where a call looks for it, by default.
const (
	defaultListen = "127.0.0.1:8000"
	defaultServer = "http://" + defaultListen + "/call/"
	// Where dialtone monitor listens.
	defaultMonitor = "127.0.0.1:9788"
)

// options are the sources of settings, and the words of the table.
func (s streams) options() settings.Options {
	return settings.Options{
		Environ: s.Environ, ConfigDir: s.ConfigDir, Out: s.Display(), Err: s.Err, Decoders: decoders(),
		Kong: []kong.Option{
			kong.Description("Place a real WebRTC call from a terminal and see whether it works, how well, and if not, why."),
			kong.Vars{
				"server": defaultServer, "listen": defaultListen, "formats": strings.Join(reports.Formats(), ", "),
				"monitor": defaultMonitor, "load_formats": loads.Formats(),
				"audio_codecs": listed(media.Names(media.KindAudio), "and"),
				"video_codecs": listed(media.Names(media.KindVideo), "and"),
				"call_tokens":  tokenWays(calling, "and"), "answer_tokens": tokenWays(answering, "and"),
			},
			kong.Groups{"limits": "Limits:", "signaling": "Other ways to exchange offer and answer " +
				"(docs/reference/signaling.md):"},
		},
	}
}

// What the help of commands is made of.
var (
	callExits = helps.CallExits
	detail    = helps.Detail
)
