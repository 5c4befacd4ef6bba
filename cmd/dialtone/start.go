package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/tui/start"
)

// startCommand is dialtone start, and dialtone alone on a terminal.
type startCommand struct {
	glyphFlags
	configurable
}

// Help implements kong.HelpProvider.
func (startCommand) Help() string {
	return detail("dialtone without a command, on a terminal, is the same. What is configured for a command is what its form begins with. "+
		"What was chosen is offered again the next time; passwords and user names are not kept.",
		[]string{"dialtone start", "dialtone start --config lab.toml"},
		callExits...)
}

func (c *startCommand) run(ctx context.Context, a app) (diag.Exit, error) {
	if err := a.checked(nil); err != nil {
		return diag.ExitUsage, err
	}
	if !a.terminal {
		return diag.ExitUsage, errors.New("the start screen needs a terminal: say on the command line what to do; try dialtone --help")
	}
	forms, err := startForms(a.streams, c.Config)
	if err != nil {
		return diag.ExitCannotRun, err
	}
	past, path, remark := a.loadHistory()
	choice, code, err := c.choose(ctx, a, forms, past, remark)
	if choice == nil {
		return code, err
	}
	if path != "" {
		if err := past.with(*choice).write(path); err != nil {
			complain(a.err, "dialtone: warning: what was chosen cannot be remembered: "+err.Error())
		}
	}
	form := forms[slices.IndexFunc(forms, func(f startForm) bool { return f.name == choice.Command })]
	return run(ctx, form.args(choice.Values), a.withPassword(choice.Values["ice-pass"])), nil
}

// choose shows the screen. Without a choice there is an exit code.
func (c *startCommand) choose(ctx context.Context, a app, forms []startForm, past history,
	remark string) (*start.Choice, diag.Exit, error) {
	ctx, restore := a.interruptible(ctx)
	defer restore()
	options := start.Options{Version: readVersion().Version, Recent: past.recent(), Remark: remark,
		ASCII: c.ascii(a.streams)}
	for _, f := range forms {
		options.Commands = append(options.Commands, f.command())
	}
	choice, err := start.Run(ctx, options, a.in, a.out)
	switch {
	case errors.Is(err, start.ErrInterrupted), ctx.Err() != nil:
		return nil, diag.ExitInterrupted, nil
	case err != nil:
		return nil, diag.ExitCannotRun, err
	}
	return choice, diag.ExitPass, nil
}

// loadHistory reads what was chosen before; the path is empty where nothing can be kept.
func (a app) loadHistory() (past history, path, remark string) {
	path, err := historyFile(a.environ)
	if err != nil {
		return history{}, "", ""
	}
	past, err = readHistory(path)
	if err != nil {
		remark = "what was done last is not known: " + diag.Clean(err.Error(), 200)
	}
	return past, path, remark
}

// withPassword are the streams of a command that finds the password in its environment, where no list of processes
// shows it.
func (a app) withPassword(password string) streams {
	s := a.streams
	if password != "" {
		name := envName("ice-pass") + "="
		others := slices.DeleteFunc(slices.Clone(s.environ), func(pair string) bool { return strings.HasPrefix(pair, name) })
		s.environ = append(others, name+password)
	}
	return s
}

// startForms are the commands that the screen offers, with what the environment and the file say about their flags.
func startForms(s streams, config string) ([]startForm, error) {
	var call, answer, demo, nat, check cli // one each: to parse resets the whole grammar
	err := errors.Join(
		configured(&call, s, config, "call", "x"), configured(&answer, s, config, "answer", "x"), configured(&demo, s, config,
			"demo"),
		configured(&nat, s, config, "nat"), configured(&check, s, config, "check"),
	)
	if err != nil {
		return nil, err
	}
	once := switchField("once", "one call", "exit after it; else further calls are taken", answer.Answer.Once)
	recording := start.Field{Name: "file", Label: "recording", Hint: "a file that --record has written",
		Check: needed("name a recording, such as call.jsonl")}
	forms := []startForm{
		{
			name: "call", summary: "place a call and watch every step",
			about: "Both parties dial the same code at the same server. The other one may be dialtone answer on another machine, or a browser on the server's page. " +
				"A server of your own: dialtone serve.",
			fields: slices.Concat([]startField{codeField}, networkFields(&call.Call.networkFlags),
				callFields(&call.Call.mediaFlags, call.Call.Record)),
			hasPass: call.Call.ICEPass.Secret != "",
		},
		{
			name: "answer", summary: "take calls, send back what comes",
			about:   "The other end of a call, without a screen: it waits for whoever dials the code, and is an echo for voice, picture and messages.",
			fields:  slices.Concat([]startField{codeField}, networkFields(&answer.Answer.networkFlags), []startField{once}),
			hasPass: answer.Answer.ICEPass.Secret != "",
		},
		{
			name: "demo", summary: "a call that needs nothing else",
			about:  "Signaling server, STUN, TURN and the other party run inside dialtone, on this machine's loopback interface. The call between them is a real one.",
			fields: callFields(&demo.Demo.mediaFlags, demo.Demo.Record),
		},
		{
			name: "nat", summary: "what this network does to calls",
			about: "It asks the servers what your network does to UDP, and TURN servers for a relay, and says what that means for calls. " +
				"Best are STUN servers on two addresses, or one with the usage of RFC 5780. Public ones are asked only where public is on.",
			fields:  natFields(&nat.NAT),
			hasPass: nat.NAT.ICEPass.Secret != "",
		},
		{
			name: "check", summary: "calls, judged without a screen",
			about: "For pipelines, and to know in short whether WebRTC works here: it ends with a report. Assertions, files and other targets are said on the command " +
				"line: dialtone check --help.",
			fields:  checkFields(&check.Check),
			hasPass: check.Check.ICEPass.Secret != "",
		},
		{
			name: "replay", summary: "look at a recorded call",
			about:  "The same screen over a recording: pause, step, go to any moment of the call. Recordings come from --record, or from e on the screen of a call.",
			fields: []startField{{Field: recording, positional: true}},
		},
	}
	for i := range forms {
		forms[i].config = config
	}
	return forms, nil
}

// configured fills the grammar with what is said about the flags of a command elsewhere than on the command line.
func configured(grammar *cli, s streams, config string, args ...string) error {
	if config != "" {
		args = append(args, "--config", config)
	}
	s.out, s.err = io.Discard, io.Discard
	parser, err := newParser(grammar, s, &layers{environ: s.environ, configDir: s.configDir}, func(int) {})
	if err == nil {
		_, err = parser.Parse(args)
	}
	return err
}
