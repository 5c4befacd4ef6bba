package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
)

// TestInternet: a client knows the way to a server, and nothing of the network is left when the test has ended.
func TestInternet(t *testing.T) {
	own := "dialtone-" + strconv.Itoa(os.Getpid())
	t.Run("network", func(t *testing.T) {
		in := startInternet(t, netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("2001:db8::10"))
		s := in.Connect(t, siteOptions{Rules: "table ip filter { chain forward { type filter hook forward priority filter; ip daddr $public drop; }; }\n"})
		for server, source := range map[string]string{"203.0.113.10": "192.168.7.2", "2001:db8::10": "2001:db8:1:1::2"} {
			out, err := s.Command(t.Context(), "ip", "route", "get", server).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "src "+source+" ") {
				t.Errorf("%s: %v, %s", server, err, out)
			}
		}
		if out, err := in.Command(t.Context(), "ip", "address").CombinedOutput(); err != nil || !strings.Contains(string(out), "203.0.113.10/24") {
			t.Errorf("%v, %s", err, out)
		}
		if left := namespaces(t, own); left != 3 {
			t.Errorf("%d namespaces", left)
		}
	})
	if _, err := exec.LookPath("ip"); err != nil {
		return
	}
	if left := namespaces(t, own); left != 0 {
		t.Errorf("%d namespaces are left", left)
	}
}

// TestAbandonedNamespaces: what a killed test has left is removed, and what another one still uses is not.
func TestAbandonedNamespaces(t *testing.T) {
	labtest.NeedProgram(t, "ip")
	needRoot(t)
	dead := exec.CommandContext(t.Context(), "true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	left := fmt.Sprintf("dialtone-%d-1", dead.Process.Pid)
	used := fmt.Sprintf("dialtone-%d-999", os.Getpid())
	runTool(t, "", "ip", "netns", "add", left)
	runTool(t, "", "ip", "netns", "add", left+"-c1")
	addNamespace(t, used)
	removeAbandoned(t)
	if n := namespaces(t, left); n != 0 {
		t.Errorf("%d namespaces of a dead process are left", n)
	}
	if n := namespaces(t, used); n != 1 {
		t.Errorf("%d namespaces of this process", n)
	}
}

// namespaces counts those whose names begin so.
func namespaces(t *testing.T, own string) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ip", "netns", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count("\n"+string(out), "\n"+own)
}
