package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// elsewhere are the names that flags have in other programs.
var elsewhere = map[string][]string{
	"repeat":     {"runs", "count", "times", "iterations"},
	"for":        {"duration", "time", "length", "seconds"},
	"wait":       {"timeout"},
	"ice":        {"stun", "turn", "ice-server", "ice-servers", "server"},
	"ice-user":   {"user", "username"},
	"ice-pass":   {"password", "credential"},
	"relay-only": {"relay", "force-relay", "ice-transport-policy"},
	"out":        {"format", "output", "report", "json", "junit", "html"},
	"output":     {"format", "json"},
	"plain":      {"text", "no-tui", "no-screen", "quiet"},
	"listen":     {"port", "address", "bind", "host"},
	"insecure":   {"no-verify", "skip-verify", "insecure-skip-verify"},
	"config":     {"config-file", "settings"},
	"modules":    {"config-file", "file"},
	"log-level":  {"verbose", "debug"},
	"no-media":   {"data-only", "no-audio", "no-video"},
}

// renamed names the flag that an unknown one has here, if other programs name it so.
func renamed(command *kong.Node, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag --")
	if !unknown {
		return err
	}
	name, _, _ = strings.Cut(name, ",")
	for _, flags := range command.AllFlags(true) {
		for _, f := range flags {
			if slices.Contains(elsewhere[f.Name], name) {
				return fmt.Errorf("unknown flag --%s; did you mean --%s?", name, f.Name)
			}
		}
	}
	if name == "plain" {
		return fmt.Errorf("%w; leave it out: dialtone %s has only one form of output", err, command.Name)
	}
	return err
}
