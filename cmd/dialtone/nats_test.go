//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
	"dialtone/diag/load"
)

// TestLoadTogether: four agents place a test with a controller over a broker. One is killed and the broker restarted
// meanwhile: no side hangs, no call is counted that has no result, and the report names what is missing.
func TestLoadTogether(t *testing.T) {
	t.Parallel()
	program := labtest.NeedProgram(t, "nats-server")
	port := labtest.FreePorts(t, 1)[0]
	broker := func() *tool {
		b := startProgram(t, "/bin/sh", "-c", `exec "$0" "$@" 2>&1`, program, "-a", "127.0.0.1", "-p", port, "--user", "load", "--pass", "s3cret")
		b.await("Server is ready")
		return b
	}
	first := broker()
	run := func(args ...string) *tool {
		return startProgram(t, "/bin/sh", append([]string{"-c", `exec dialtone load "$@" 2>&1`, "load", "--nats", "nats://load:s3cret@127.0.0.1:" + port}, args...)...)
	}
	file := filepath.Join(t.TempDir(), "load.json")
	controller := run("--agents", "4", "--arrive", "10/s", "--calls", "30", "--hold", "200ms", "--agent-timeout", "6s", "-o", "json="+file)
	agents := map[string]*tool{}
	for _, name := range []string{"a", "b", "c", "d"} {
		agents[name] = run("--loopback", "--no-media", "--join", name)
	}
	controller.await("all 4 agents begin")
	agents["c"].await("1s: ")
	for _, one := range []*tool{agents["c"], first} {
		if err := one.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-one.ended
	}
	broker()
	if code := controller.exits(); code != 9 {
		t.Errorf("the controller ended with %d:\n%s", code, controller.said())
	}
	var r load.Report
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	sum := r.Calls.Ended + r.Calls.Dropped + r.Calls.NotPlaced + r.Calls.Stuck
	missing := 0
	for _, a := range r.Agents {
		missing += a.Unreported
		if a.Loss != "" != (a.Name == "c") {
			t.Errorf("%+v", a)
		}
	}
	if len(r.Agents) != 4 || missing == 0 || sum+missing != 30 {
		t.Errorf("%d calls with a result, %d without: %+v", sum, missing, r.Agents)
	}
	for name, one := range agents {
		if name == "c" {
			continue
		}
		if code := one.exits(); code != 0 && code != 9 { // 9: the machine was busy
			t.Errorf("agent %s ended with %d:\n%s", name, code, one.said())
		}
		if strings.Contains(one.said(), "s3cret") || !strings.Contains(one.said(), " of 4\n") {
			t.Errorf("agent %s:\n%s", name, one.said())
		}
	}
	if strings.Contains(string(raw)+controller.said(), "s3cret") {
		t.Error("the password is in the report or the output")
	}
}
