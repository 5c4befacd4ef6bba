package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/cmd/dialtone/internal/terminal"
)

// patience bounds every wait of a script. Nothing depends on its length but how long a failure takes.
const patience = 60 * time.Second

// TestScripts runs the scripts in testdata/script over the real binary. Beside testscript's own commands they have
//
//	exits CODE PROGRAM ARGS…            runs to the end; the exit code must be CODE
//	start NAME PROGRAM ARGS…            runs in the background
//	await NAME REGEXP [VARIABLE]        waits for a line of its stdout that matches; the variable is the first submatch
//	send NAME SIGNAL                    INT, TERM, HUP or KILL
//	ends NAME CODE                      waits for its end; stdout and stderr are then what it wrote
//	fetch URL                           GET; stdout is the status and the body
//	page VARIABLE STATUS TYPE BODY      a web server that answers everything alike; the variable is its address
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			clips, err := filepath.Abs("../../diag/media/clips")
			if err != nil {
				return err
			}
			env.Setenv("CLIPS", clips)
			pictures, err := filepath.Abs("../../testdata/media")
			if err != nil {
				return err
			}
			env.Setenv("PICTURES", pictures)
			dumps, err := filepath.Abs("../../diag/dump/testdata")
			if err != nil {
				return err
			}
			env.Setenv("DUMPS", dumps)
			env.Values[programsKey{}] = programs{}
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("PATH", env.Getenv("PATH"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			_, err := exec.LookPath(name)
			if err != nil && os.Getenv("CI") == "" {
				return false, nil
			}
			return err == nil, err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": cmdExits, "start": cmdStart, "await": cmdAwait, "send": cmdSend, "ends": cmdEnds, "fetch": cmdFetch, "page": cmdPage, "dialect": cmdDialect,
		},
	})
}

type (
	programsKey struct{}
	programs    map[string]*program
)

// program is one that runs in the background.
type program struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has ended and all its output was read
	stderr strings.Builder

	mu      sync.Mutex
	stdout  strings.Builder
	changed chan struct{} // closed and replaced at each line
}

func usage(ts *testscript.TestScript, neg bool, args []string, least int, form string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", form)
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "exits CODE PROGRAM ARGS…")
	checkExit(ts, ts.Exec(args[1], args[2:]...), args[0])
}

func checkExit(ts *testscript.TestScript, err error, want string) {
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	default:
		ts.Check(err)
	}
	if strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "start NAME PROGRAM ARGS…")
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	p := &program{cmd: exec.CommandContext(context.Background(), path, args[2:]...), ended: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = ts.MkAbs("."), scriptEnviron(ts), &p.stderr
	pipe, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	go func() {
		defer close(p.ended)
		p.read(pipe)
	}()
	background(ts)[args[0]] = p
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // it has ended already unless the script failed
		<-p.ended
		_ = p.cmd.Wait()
	})
}

// scriptEnviron is what a dialtone that runs in the background may see of the script's environment.
func scriptEnviron(ts *testscript.TestScript) []string {
	names := []string{"HOME", "PATH", "TMPDIR", "XDG_CONFIG_HOME", "GOCOVERDIR"}
	model, err := settings.Model(grammar(), streams{Streams: terminal.Streams{Out: io.Discard, Err: io.Discard}}.options())
	ts.Check(err)
	for _, command := range model.Children {
		for _, flag := range command.Flags {
			names = append(names, settings.EnvName(flag.Name))
		}
	}
	var environ []string
	for _, name := range names {
		environ = append(environ, name+"="+ts.Getenv(name))
	}
	return environ
}

func (p *program) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		p.mu.Lock()
		p.stdout.WriteString(lines.Text() + "\n")
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
}

func (p *program) soFar() (string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String(), p.changed
}

// background are the programs that the script has started.
func background(ts *testscript.TestScript) programs {
	p, ok := ts.Value(programsKey{}).(programs)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return p
}

func named(ts *testscript.TestScript, name string) *program {
	p, ok := background(ts)[name]
	if !ok {
		ts.Fatalf("no program %s was started", name)
	}
	return p
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "await NAME REGEXP [VARIABLE]")
	p := named(ts, args[0])
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	deadline := time.After(patience)
	for ended := false; ; {
		text, changed := p.soFar()
		if match := want.FindStringSubmatch(text); match != nil {
			if len(args) > 2 {
				ts.Setenv(args[2], match[1])
			}
			return
		}
		if ended {
			ts.Fatalf("%s ended without a line that matches %s; stdout:\n%s", args[0], want, text)
		}
		select {
		case <-changed:
		case <-p.ended:
			ended = true
		case <-deadline:
			ts.Fatalf("no line of %s matches %s; stdout:\n%s", args[0], want, text)
		}
	}
}

func cmdSend(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "send NAME SIGNAL")
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	ts.Check(named(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func cmdEnds(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "ends NAME CODE")
	p := named(ts, args[0])
	select {
	case <-p.ended:
	case <-time.After(patience):
		ts.Fatalf("%s does not end", args[0])
	}
	err := p.cmd.Wait()
	text, _ := p.soFar()
	_, _ = io.WriteString(ts.Stdout(), text)
	_, _ = io.WriteString(ts.Stderr(), p.stderr.String())
	checkExit(ts, err, args[1])
}

func cmdFetch(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, "fetch URL")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	ts.Check(err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	ts.Check(err)
	defer func() { ts.Check(response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	_, _ = fmt.Fprintf(ts.Stdout(), "%s\n%s\n", response.Status, body)
}
