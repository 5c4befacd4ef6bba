package main

import (
	"context"
	"encoding/json"

	build "dialtone/cmd/dialtone/internal/version"
	"dialtone/diag"
)

// version is set when a release is built: -ldflags "-X main.version=1.2.3".
var version string

// versionCommand is dialtone version.
type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (versionCommand) Help() string {
	return detail("", []string{"dialtone version", "dialtone version --json"}, diag.ExitPass, diag.ExitUsage)
}

func (c *versionCommand) run(_ context.Context, a app) (diag.Exit, error) {
	report := readVersion()
	text := report.Text()
	if c.JSON {
		raw, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return diag.ExitCannotRun, err
		}
		text = string(raw) + "\n"
	}
	return done(a.Print("%s", text))
}

// readVersion asks the binary what it was built from.
func readVersion() build.Report { return build.Read(version) }

// toolName is how reports name this program.
func toolName() string { return "dialtone " + readVersion().Version }
