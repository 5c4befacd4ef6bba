package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"dialtone/diag"
	"dialtone/diag/report"
)

// app is what commands share.
type app struct {
	streams
	layers *layers
	name   string // of the command that runs
}

// run does what the arguments say.
func run(ctx context.Context, args []string, s streams) diag.Exit {
	if len(args) == 0 { // where there is no terminal for it, it says so
		args = []string{"start"}
	}
	flags := &layers{environ: s.environ, configDir: s.configDir}
	helped := false
	parser, err := newParser(&cli{}, s, flags, func(int) { helped = true })
	if err != nil {
		complain(s.err, "dialtone: the grammar of the command line is broken: "+err.Error())
		return diag.ExitCannotRun
	}
	parsed, err := parser.Parse(args)
	if helped {
		return diag.ExitPass
	}
	if err != nil {
		return refuse(s, flags, err)
	}
	node := parsed.Selected()
	a := app{streams: s, layers: flags, name: node.Name}
	for _, flag := range node.Flags {
		a.note(flag)
	}
	flags.typed = typedFlags(parsed)
	chosen, ok := node.Target.Addr().Interface().(command)
	if !ok {
		complain(s.err, "dialtone: "+node.Name+" is no command")
		return diag.ExitCannotRun
	}
	code, err := chosen.run(ctx, a)
	var wrong configError
	switch {
	case errors.As(err, &wrong):
		tell(s.err, a.name, wrong)
	case err != nil:
		complain(s.err, "dialtone: "+diag.Clean(err.Error(), 1000))
	}
	return code
}

// typedFlags are those of the command line, by name.
func typedFlags(parsed *kong.Context) map[string]bool {
	typed := map[string]bool{}
	for _, p := range parsed.Path {
		if p.Flag != nil && !p.Resolved {
			typed[p.Flag.Name] = true
		}
	}
	return typed
}

// refuse tells what is wrong with the command line, and with the layers as far as they were read.
func refuse(s streams, flags *layers, err error) diag.Exit {
	name := ""
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		name = parse.Context.Selected().Name + " "
	}
	complain(s.err, "dialtone: "+diag.Clean(err.Error(), 600))
	for _, m := range flags.mistakes {
		complain(s.err, "dialtone: "+diag.Clean(m.origin, 400)+": "+diag.Clean(m.text, 600))
	}
	complain(s.err, "Try: dialtone "+name+"--help")
	return diag.ExitUsage
}

// note adds what is wrong with a value of the command line; other values were checked where they were read.
func (a app) note(flag *kong.Flag) {
	v, ok := flag.Target.Addr().Interface().(value)
	if ok {
		a.layers.mistakes = append(a.layers.mistakes, mistakesOf("--"+flag.Name, v.flawed())...)
	}
}

// configError is a configuration with at least one mistake.
type configError []mistake

func (c configError) Error() string {
	texts := make([]string, 0, len(c))
	for _, m := range c {
		texts = append(texts, m.origin+": "+m.text)
	}
	return strings.Join(texts, "\n")
}

// checked returns all mistakes that were noted, and those of err, as one error or nil.
func (a app) checked(err error) error {
	found := a.layers.mistakes
	for _, e := range flatten(err) {
		origin := "the command line"
		if flag := mentionedFlag.FindString(e.Error()); flag != "" {
			origin = a.layers.originOf(strings.TrimPrefix(flag, "--"))
		}
		found = append(found, mistake{origin, e.Error()})
	}
	if len(found) == 0 {
		return nil
	}
	return configError(found)
}

// logger writes to stderr.
func (a app) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

// print writes a part of the result to stdout.
func (a app) print(format string, args ...any) error {
	if _, err := io.WriteString(a.out, fmt.Sprintf(format, args...)); err != nil {
		return &outputError{err}
	}
	return nil
}

func newParser(grammar *cli, s streams, flags *layers, exit func(int)) (*kong.Kong, error) {
	grammar.addWays()
	return kong.New(grammar,
		kong.Name("dialtone"),
		kong.Description("Place a real WebRTC call from a terminal and learn whether it works, how well, and if not why."),
		kong.Writers(s.out, s.err),
		kong.Exit(exit),
		kong.Resolvers(flags),
		kong.Vars{"server": defaultServer, "listen": defaultListen, "call_tokens": tokenWays(calling, "and"),
			"answer_tokens": tokenWays(answering, "and"),
			"formats":       strings.Join(slices.Sorted(maps.Keys(report.Formats)), ", ")},
		kong.Groups{"limits": "Limits:", "signaling": "Ways to reach the peer without a room code (docs/signaling.md):"},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
}
