//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/record"
)

// commandsOf prints what the examples run, as a list of shell scripts. $(NAME) is how Kubernetes writes a variable.
const commandsOf = `
import json, re, shlex, sys, yaml
doc = yaml.safe_load(open(sys.argv[1]))
if "jobs" in doc:
    out = [s["run"] for j in doc["jobs"].values() for s in j["steps"] if "run" in s]
elif doc.get("kind") == "CronJob":
    pod = doc["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    quote = lambda a: re.sub(r"\$\((\w+)\)", lambda m: "'\"$" + m[1] + "\"'", shlex.quote(a))
    out = [" ".join(quote(a) for a in c["command"] + c["args"]) for c in pod["containers"]]
else:
    out = [s for j in doc.values() if "script" in j for s in j["script"]]
json.dump(out, sys.stdout)
`

// TestExamplesRun runs the commands of docs/examples, as they stand there, against a TURN server on the loopback interface.
func TestExamplesRun(t *testing.T) {
	labtest.NeedQuiet(t)
	t.Parallel()
	python := labtest.NeedPython(t, "-c", "import yaml")
	server, err := lab.StartTURN(lab.TURNOptions{UDP: true, Username: "ann", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, want := range map[string]struct {
		commands int
		files    []string
	}{
		"check.yml":     {1, []string{"call.xml", "call.html", "call.json", "summary.md"}},
		"gitlab-ci.yml": {2, []string{"runner.xml", "turn.xml", "turn.html", "turn.json"}},
		"cronjob.yaml":  {1, []string{"dialtone.prom"}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := exec.CommandContext(t.Context(), python, "-c", commandsOf, filepath.Join("..", "..", "docs", "examples", name)).Output()
			if err != nil {
				t.Fatal(err)
			}
			var commands []string
			if err := json.Unmarshal(raw, &commands); err != nil || len(commands) != want.commands {
				t.Fatalf("%v, %v", commands, err)
			}
			dir := t.TempDir()
			env := append(os.Environ(), "DIALTONE_ICE="+server.URL(lab.UDP), "DIALTONE_ICE_USER=ann", "DIALTONE_ICE_PASS=secret", "DIALTONE_FOR=300ms",
				"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"), "TEXTFILES="+dir)
			for _, c := range commands {
				runExample(t, dir, c, env)
			}
			for _, f := range want.files {
				if info, err := os.Stat(filepath.Join(dir, f)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v", f, err)
				}
			}
			checkXML(t, dir)
		})
	}
}

func runExample(t *testing.T, dir, script string, env []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", script) //nolint:gosec // of our own examples
	cmd.Dir, cmd.Env = dir, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "PASS ") {
		t.Errorf("%s: %v\n%s%s", script, err, out, stderr.String())
	}
}

// checkXML reads the JUnit files: all cases passed.
func checkXML(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
		}
		if err := xml.Unmarshal(raw, &doc); err != nil || doc.Tests < 5 || doc.Failures+doc.Errors > 0 {
			t.Errorf("%s: %+v, %v", filepath.Base(path), doc, err)
		}
	}
}

// TestEventsAreARecording: what -o jsonl writes is read as a recording.
func TestEventsAreARecording(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runExample(t, dir, "dialtone check --loopback --for 200ms -o text -o jsonl=call.jsonl", os.Environ())
	rec, err := record.Open(filepath.Join(dir, "call.jsonl"), record.MaxMemory)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Events) < 20 || rec.Header.Command != "check" {
		t.Errorf("%d events of %q", len(rec.Events), rec.Header.Command)
	}
	cmd := exec.CommandContext(t.Context(), "dialtone", "replay", "--plain", "call.jsonl")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("connection.state")) {
		t.Errorf("%v\n%s", err, out)
	}
}
